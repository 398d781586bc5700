/** What a file has past its end, by its extents. Pure. */
import type { Run } from '../filemap/extents.ts';
import { FIEMAP_EXTENT } from '../kernel/fiemap.ts';
import type { RawExtent } from '../system/fiemap.ts';

const SECTOR_BYTES = 512n;

/**
 * Where the space ends that follows a file's end without a gap.
 *
 * @param extents from the file's end on
 * @param size of the file, bytes
 * @returns bytes; the size itself when nothing follows
 */
export function reservedEnd(extents: readonly RawExtent[], size: bigint): bigint {
  let end = size;
  for (const { logical, length, flags } of extents) {
    // Blocks that are only promised may be taken back.
    if (logical > end || (flags & FIEMAP_EXTENT.DELALLOC) !== 0) break;
    if (logical + length > end) end = logical + length;
  }
  return end;
}

/** The sectors past a file's end that were never written: not even by somebody whose write the size does not have yet. */
export function unwrittenPastEnd(extents: readonly RawExtent[], size: bigint): Run[] {
  return extents.flatMap(({ logical, physical, length, flags }) => {
    if ((flags & FIEMAP_EXTENT.UNWRITTEN) === 0 || logical + length <= size) return [];
    const within = size > logical ? size - logical : 0n;
    const start = (physical + within + SECTOR_BYTES - 1n) / SECTOR_BYTES;
    return [{ start: Number(start), end: Number((physical + length) / SECTOR_BYTES) }];
  });
}
