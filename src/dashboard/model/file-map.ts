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

/** An extent of a file; bytes. */
export interface ShownExtent {
  readonly logical: number;
  readonly physical: number;
  readonly length: number;
  /** How much of it regions watch. */
  readonly covered: number;
}

/** How a file and the regions of its group lie on each other. */
export interface FileMap {
  /** Bytes from the file's beginning to its end, or to that of its last extent. */
  readonly size: number;
  /** In the file's order; those that follow each other in the file and on the device are one. */
  readonly extents: readonly ShownExtent[];
  readonly pieces: ReadonlyMap<ShownRegion, readonly FilePiece[]>;
}

/** Lays a file over regions that are in the order of their places and do not overlap, as those of a file's group. */
export function fileMap({ size, extents }: WireFile, regions: readonly ShownRegion[]): FileMap {
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
  const last = merged.at(-1);
  return { size: Math.max(size, last === undefined ? 0 : last.logical + last.length), extents: merged, pieces };
}

/** How much of a file is watched; bytes. */
export interface Watched {
  readonly allocated: number;
  readonly covered: number;
}

export function watchedOf({ extents }: FileMap): Watched {
  let allocated = 0;
  let covered = 0;
  for (const extent of extents) {
    allocated += extent.length;
    covered += extent.covered;
  }
  return { allocated, covered };
}
