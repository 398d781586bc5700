import { decodeText } from '../kernel/byte-text.ts';
import { DmParseError } from '../mapper/errors.ts';
import { groupsOf } from '../stats/group.ts';
import { parseListLine, type Region } from '../stats/region.ts';

/** The groups in a device's list. Only lines that may hold a tag are parsed: of 10 000 regions mostly a few. */
export function groupIdsOf(list: Uint8Array): ReadonlySet<number> {
  const leaders: Region[] = [];
  for (const line of decodeText(list).split('\n')) {
    if (!line.includes(' DMS_GROUP=')) continue;
    try {
      leaders.push(parseListLine(line));
    } catch (error) {
      if (!(error instanceof DmParseError)) throw error;
    }
  }
  return new Set(groupsOf(leaders).groups.map(({ id }) => id));
}
