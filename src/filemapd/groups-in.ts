import { decodeText } from '../kernel/byte-text.ts';
import { DmParseError } from '../mapper/errors.ts';
import { groupsOf } from '../stats/group.ts';
import { parseListLine, type Region } from '../stats/region.ts';

/** What a look at a group says without its regions being read. */
export interface GroupSeen {
  /** Whether regions that its tag names are not there. */
  readonly isDamaged: boolean;
}

/** The groups in a device's list, by id. Only lines that may hold a tag are parsed: of 10 000 regions mostly a few. */
export function groupsIn(list: Uint8Array): ReadonlyMap<number, GroupSeen> {
  const leaders: Region[] = [];
  const ids = new Set<number>();
  for (const line of decodeText(list).split('\n')) {
    ids.add(Number.parseInt(line, 10));
    if (!line.includes(' DMS_GROUP=')) continue;
    try {
      leaders.push(parseListLine(line));
    } catch (error) {
      if (!(error instanceof DmParseError)) throw error;
    }
  }
  // To groupsOf() all members but the leaders are missing: it is given no others.
  return new Map(
    groupsOf(leaders).groups.map(({ id, missing }) => [id, { isDamaged: missing.some((one) => !ids.has(one)) }]),
  );
}
