import type { WireFile } from '../wire.ts';
import type { ShownRegion } from './objects.ts';

/** A part of a region that holds a part of the file; bytes. */
export interface FilePiece {
  /** From the beginning of the region, or of the part of a shared one. */
  readonly from: number;
  /** From the file's. */
  readonly logical: number;
  readonly length: number;
}

/** A part of a file; bytes. */
export interface Stretch {
  readonly logical: number;
  readonly length: number;
}

/** An extent of a file; bytes. */
export interface ShownExtent extends Stretch {
  readonly physical: number;
  /** How much of it regions watch. */
  readonly covered: number;
}

/** How a file and the regions of its group lie on each other. */
export interface FileMap {
  /** Bytes from the file's beginning to its end, or to that of its last extent. */
  readonly size: number;
  /** In the file's order; those that follow each other in the file and on the device are one. */
  readonly extents: readonly ShownExtent[];
  /** Data without a place on the device. Ascending; neighbours are one. */
  readonly unplaced: readonly Stretch[];
  readonly pieces: ReadonlyMap<ShownRegion, readonly FilePiece[]>;
}

/** Lays a file over regions that are in the order of their places and do not overlap, as those of a file's group. */
export function fileMap({ size, extents, unplaced }: WireFile, regions: readonly ShownRegion[]): FileMap {
  const merged: { logical: number; physical: number; length: number; covered: number }[] = [];
  for (const [logical, physical, length] of extents) {
    const last = merged.at(-1);
    if (last !== undefined && last.logical + last.length === logical && last.physical + last.length === physical) {
      last.length += length;
    } else merged.push({ logical, physical, length, covered: 0 });
  }
  const pieces = new Map<ShownRegion, FilePiece[]>();
  let first = 0;
  for (const extent of [...merged].sort((a, b) => a.physical - b.physical)) {
    const end = extent.physical + extent.length;
    const isBefore = (region: ShownRegion | undefined): boolean =>
      region !== undefined && region.start + region.length <= extent.physical;
    while (isBefore(regions[first])) first++;
    for (let index = first; index < regions.length; index++) {
      const region = regions[index];
      if (region === undefined || region.start >= end) break;
      const start = Math.max(region.start, extent.physical);
      const length = Math.min(region.start + region.length, end) - start;
      if (length <= 0) continue;
      extent.covered += length;
      const piece = { from: start - region.start, logical: extent.logical + start - extent.physical, length };
      const known = pieces.get(region);
      if (known === undefined) pieces.set(region, [piece]);
      else known.push(piece);
    }
  }
  const nowhere = joined(unplaced);
  const ends = [merged.at(-1), nowhere.at(-1)].map((last) => (last === undefined ? 0 : last.logical + last.length));
  return { size: Math.max(size, ...ends), extents: merged, unplaced: nowhere, pieces };
}

/** Stretches in order, neighbours as one. */
function joined(stretches: WireFile['unplaced']): Stretch[] {
  const all: { logical: number; length: number }[] = [];
  for (const [logical, length] of stretches) {
    const last = all.at(-1);
    if (last !== undefined && last.logical + last.length === logical) last.length += length;
    else all.push({ logical, length });
  }
  return all;
}

/** How much of each of so many equal parts of a file is data without a place on the device; bytes. */
export function unplacedByRow({ size, unplaced }: FileMap, rows: number): Float64Array {
  const bytes = new Float64Array(rows);
  const rowBytes = size / rows;
  for (const { logical, length } of unplaced) {
    const end = logical + length;
    for (let row = Math.floor(logical / rowBytes); row < rows && row * rowBytes < end; row++) {
      const within = Math.min(end, (row + 1) * rowBytes) - Math.max(logical, row * rowBytes);
      bytes[row] = (bytes[row] ?? 0) + within;
    }
  }
  return bytes;
}

/** How much of a file is watched; bytes. */
export interface Watched {
  /** All data. */
  readonly allocated: number;
  readonly covered: number;
  /** Data without a place on the device. */
  readonly unplaced: number;
}

export function watchedOf(map: FileMap): Watched {
  const unplaced = map.unplaced.reduce((sum, { length }) => sum + length, 0);
  let allocated = unplaced;
  let covered = 0;
  for (const extent of map.extents) {
    allocated += extent.length;
    covered += extent.covered;
  }
  return { allocated, covered, unplaced };
}
