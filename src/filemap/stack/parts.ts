/** Where parts of one thing lie on another. Pure, and little to load. */
import type { RawExtent } from '../../system/fiemap.ts';
import { hasPlace, type Run, union } from '../extents.ts';

/** Sectors `start` to `end` (not included) of one thing are those from `below` on of another. */
export interface Part extends Run {
  readonly below: number;
}

/** Where parts lie one level further down. */
export interface PartsThrough {
  /** Ascending by `start`. */
  readonly parts: readonly Part[];
  /** What the further level does not have. Ascending by `start`. */
  readonly missing: readonly Run[];
}

/** A file's sectors on the device that was located. */
export interface Placement {
  /** From the file's sectors to the device's, ascending by `start`. */
  readonly parts: readonly Part[];
  /** Sectors with data but no place of their own there, or none yet. Ascending. */
  readonly unplaced: readonly Run[];
}

const SECTOR_BYTES = 512;

/** Runs as parts that lie where they are. */
export function inPlace(runs: readonly Run[]): Part[] {
  return runs.map(({ start, end }) => ({ start, end, below: start }));
}

/** The sectors on which parts lie. */
export function runsBelow(parts: readonly Part[]): Run[] {
  return union(parts.map(({ start, end, below }) => ({ start: below, end: below + end - start })));
}

/** How many sectors runs in any order have, each by itself. */
export function sectorCount(runs: readonly Run[]): number {
  return runs.reduce((sum, { start, end }) => sum + end - start, 0);
}

/**
 * Where parts lie by the parts of what they lie on.
 *
 * @param upper in any order; two may lie on the same sectors
 * @param lower ascending by `start` and disjoint
 */
export function throughParts(upper: readonly Part[], lower: readonly Part[]): PartsThrough {
  const parts: Part[] = [];
  const missing: Run[] = [];
  const miss = (start: number, end: number): void => {
    if (start < end) missing.push({ start, end });
  };
  let first = 0;
  for (const { start, end, below } of [...upper].sort((a, b) => a.below - b.below)) {
    const down = below - start;
    let at = start;
    while (first < lower.length && (lower[first] as Part).end <= below) first++;
    for (let index = first; at < end && index < lower.length; index++) {
      const part = lower[index] as Part;
      if (part.start >= end + down) break;
      const from = Math.max(at, part.start - down);
      const to = Math.min(end, part.end - down);
      miss(at, from);
      parts.push({ start: from, end: to, below: part.below + from + down - part.start });
      at = to;
    }
    miss(at, end);
  }
  const byStart = (a: Run, b: Run): number => a.start - b.start;
  return { parts: parts.sort(byStart), missing: missing.sort(byStart) };
}

/** A file's sectors on the device of its file system. @param extents in the file's order */
export function placementOf(extents: readonly RawExtent[]): Placement {
  const parts: Part[] = [];
  const unplaced: Run[] = [];
  for (const { logical, physical, length, flags } of extents) {
    const start = Number(logical) / SECTOR_BYTES;
    const end = start + Number(length) / SECTOR_BYTES;
    if (hasPlace(flags)) parts.push({ start, end, below: Number(physical) / SECTOR_BYTES });
    else unplaced.push({ start, end });
  }
  return { parts, unplaced };
}
