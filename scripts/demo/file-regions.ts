import type { Range } from '../../src/filemap/extents.ts';
import { FIEMAP_EXTENT } from '../../src/kernel/fiemap.ts';
import type { RawExtent } from '../../src/system/fiemap.ts';
import type { Stretch } from './recording.ts';

/** A region's range on the device, and what tells it apart. */
export interface NamedRange extends Range {
  readonly name: string;
}

const SECTOR = 512n;
const NOWHERE = FIEMAP_EXTENT.UNKNOWN | FIEMAP_EXTENT.DELALLOC;

/**
 * Where in the file regions of its device lie, and which of its blocks none covers.
 *
 * @param extents as FIEMAP gives them
 * @param regions disjoint
 */
export function regionsInFile(
  extents: readonly RawExtent[],
  regions: readonly NamedRange[],
): { pieces: (Stretch & { region: string })[]; uncovered: Stretch[] } {
  const sorted = [...regions].sort((a, b) => (a.start < b.start ? -1 : 1));
  const pieces: (Stretch & { region: string })[] = [];
  const uncovered: Stretch[] = [];
  for (const { logical, physical, length, flags } of extents) {
    if ((flags & NOWHERE) !== 0) continue;
    const end = physical + length;
    const stretch = (from: bigint, to: bigint): Stretch => ({
      offset: Number(logical + from - physical),
      length: Number(to - from),
    });
    let at = physical;
    for (const region of sorted) {
      const start = max(region.start * SECTOR, at);
      const stop = min((region.start + region.length) * SECTOR, end);
      if (start >= stop) continue;
      if (start > at) join(uncovered, stretch(at, start));
      join(pieces, { ...stretch(start, stop), region: region.name });
      at = stop;
    }
    if (at < end) join(uncovered, stretch(at, end));
  }
  return { pieces, uncovered };
}

const max = (a: bigint, b: bigint): bigint => (a > b ? a : b);
const min = (a: bigint, b: bigint): bigint => (a < b ? a : b);

/** FIEMAP tells written and unwritten neighbours apart; regions do not. */
function join<T extends Stretch & { region?: string }>(list: T[], next: T): void {
  const last = list.at(-1);
  if (last !== undefined && last.region === next.region && last.offset + last.length === next.offset) {
    list[list.length - 1] = { ...last, length: last.length + next.length };
  } else list.push(next);
}

/** Whether regions cover exactly these ranges of sectors, each sector once. */
export function coverExactly(ranges: readonly Range[], regions: readonly Range[]): boolean {
  return JSON.stringify(joined(ranges)) === JSON.stringify(joined(regions));
}

function joined(ranges: readonly Range[]): string[][] {
  const runs: { start: bigint; end: bigint }[] = [];
  for (const { start, length } of [...ranges].sort((a, b) => (a.start < b.start ? -1 : 1))) {
    const last = runs.at(-1);
    // Only touching ones: an overlap, a sector counted twice, must make a difference.
    if (last !== undefined && last.end === start) last.end = start + length;
    else runs.push({ start, end: start + length });
  }
  return runs.map(({ start, end }) => [`${start}`, `${end}`]);
}
