import { type Sectors, sectors } from '../mapper/units.ts';
import type { Region } from '../stats/region.ts';
import type { Range } from './extents.ts';
import type { PackingPlan } from './packing/repack.ts';

/** Regions that give way to others over the same sectors, or to nothing where the file has left. */
export interface Replacement {
  readonly old: readonly Region[];
  /** Ranges inside those of `old`; empty where none of it is the file's any more. */
  readonly ranges: readonly Range[];
  /** Only tidies up: may be left undone when it cannot be exact. */
  readonly optional: boolean;
}

/** What turns a group's regions into those of the file's extents. */
export interface Plan {
  /** Ids of the regions that stay untouched; in no order. */
  readonly keep: readonly number[];
  /** Sectors that no region of the group covers: growth. */
  readonly create: readonly Range[];
  readonly replace: readonly Replacement[];
  /** What becomes of regions that extents share; absent when there are none and none come. */
  readonly packing?: PackingPlan;
}

/** Whether a plan changes nothing. */
export function changesNothing(plan: Plan): boolean {
  const { create, replace, packing } = plan;
  return create.length + replace.length + (packing?.repack.length ?? 0) + (packing?.stray.length ?? 0) === 0;
}

/**
 * Where a region lies that counts nothing: behind the last sector that a device can have (2^63 bytes). It holds the
 * group together, with its alias and what it carries, while the file has no data on the device.
 */
export const ANCHOR: Range = { start: sectors(2n ** 54n), length: sectors(1) };

/** Whether a region only holds its group together. */
export function isAnchor(region: Range): boolean {
  return region.start === ANCHOR.start && region.length === ANCHOR.length;
}

const range = (start: bigint, end: bigint): Range => ({ start: sectors(start), length: sectors(end - start) });
const endOf = ({ start, length }: Range): bigint => start + length;
const byStart = (a: { start: Sectors }, b: { start: Sectors }): number =>
  a.start < b.start ? -1 : a.start > b.start ? 1 : 0;

/**
 * Plans the change from a group's regions to a file's extents; O(N log N).
 *
 * A region that lies wholly inside an extent is kept as it is, whoever made it: an extent that grew keeps its region
 * and the growth gets its own. A region that sticks out of the file is replaced by the part that is still the file's.
 * Growth in small steps would leave ever more regions, each 66 KB of kernel memory and a step on every I/O of the
 * device: beyond `maxPieces` in one extent they become one.
 *
 * @param regions the group's regions, in any order, one area each
 * @param extents ascending, disjoint and not touching, as `mapExtents` gives them
 * @param leader the region that is never replaced only to tidy up, because its id is the group's
 * @param maxPieces regions in one extent, besides the leader, at which they are made one; at least 1
 * @param isEmpty whether the file has no extents at all: then its group is held together by `ANCHOR`
 */
export function planUpdate(
  regions: readonly Region[],
  extents: readonly Range[],
  leader: number | undefined,
  maxPieces: number,
  isEmpty = extents.length === 0,
): Plan {
  const kept: number[] = [];
  const leaving: Region[] = [];
  const uncovered: Range[] = [];
  const tidy: Replacement[] = [];
  const sorted = [...regions].sort(byStart);
  if (isEmpty) {
    const anchor = sorted.findIndex(isAnchor);
    if (anchor < 0) uncovered.push(ANCHOR);
    else kept.push(...sorted.splice(anchor, 1).map(({ id }) => id));
  }
  let next = 0;
  for (const extent of extents) {
    const end = endOf(extent);
    const pieces: Region[] = [];
    let covered: bigint = extent.start;
    for (; next < sorted.length && (sorted[next] as Region).start < end; next++) {
      const region = sorted[next] as Region;
      // Overlapping regions would count a sector twice: the first one stays.
      if (region.start < covered || endOf(region) > end) {
        leaving.push(region);
        continue;
      }
      if (region.start > covered) uncovered.push(range(covered, region.start));
      covered = endOf(region);
      pieces.push(region);
    }
    if (covered < end) uncovered.push(range(covered, end));
    const runs = tidyRuns(pieces, leader, maxPieces);
    tidy.push(...runs);
    const gone = new Set(runs.flatMap((run) => run.old));
    for (const piece of pieces) if (!gone.has(piece)) kept.push(piece.id);
  }
  leaving.push(...sorted.slice(next));
  const { create, replace } = succeed(leaving, uncovered);
  return { keep: kept, create, replace: [...replace, ...tidy] };
}

/** Runs of touching regions without the leader; all of them, once there are more than `maxPieces`. */
function tidyRuns(pieces: readonly Region[], leader: number | undefined, maxPieces: number): Replacement[] {
  if (pieces.length <= maxPieces) return [];
  const others = pieces.filter((piece) => piece.id !== leader);
  if (others.length <= maxPieces) return [];
  const runs: Region[][] = [];
  for (const piece of others) {
    const last = runs.at(-1)?.at(-1);
    if (last !== undefined && endOf(last) === piece.start) runs.at(-1)?.push(piece);
    else runs.push([piece]);
  }
  return runs
    .filter((run) => run.length > 1)
    .map((old) => ({
      old,
      ranges: [range((old[0] as Region).start, endOf(old.at(-1) as Region))],
      optional: true,
    }));
}

/**
 * Cuts what must be covered anew at the borders of the regions that leave: inside, a successor takes over what its
 * predecessor counted; outside, nothing was counted before.
 */
function succeed(leaving: Region[], uncovered: readonly Range[]): { create: Range[]; replace: Replacement[] } {
  if (leaving.length === 0) return { create: [...uncovered], replace: [] };
  leaving.sort(byStart);
  const successors = new Map<Region, Range[]>(leaving.map((region) => [region, []]));
  const create: Range[] = [];
  let first = 0;
  for (const gap of uncovered) {
    let at: bigint = gap.start;
    const end = endOf(gap);
    while (first < leaving.length && endOf(leaving[first] as Region) <= at) first++;
    for (let index = first; index < leaving.length && at < end; index++) {
      const region = leaving[index] as Region;
      if (region.start >= end) break;
      if (endOf(region) <= at) continue;
      if (region.start > at) create.push(range(at, region.start));
      const start = region.start > at ? region.start : at;
      const stop = endOf(region) < end ? endOf(region) : end;
      successors.get(region)?.push(range(start, stop));
      at = stop;
    }
    if (at < end) create.push(range(at, end));
  }
  return {
    create,
    replace: [...successors].map(([region, ranges]) => ({ old: [region], ranges, optional: false })),
  };
}
