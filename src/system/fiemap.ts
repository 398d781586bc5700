import { FIEMAP_EXTENT, FIEMAP_FLAG_SYNC, Fiemap, FiemapExtent, FS_IOC_FIEMAP } from '../kernel/fiemap.ts';
import { littleEndian } from '../kernel/struct.ts';
import { ioctlAsync } from './libc.ts';

/** One record of FIEMAP, as the file system gave it; bytes. */
export interface RawExtent {
  readonly logical: bigint;
  readonly physical: bigint;
  readonly length: bigint;
  /** Bits of `FIEMAP_EXTENT`. */
  readonly flags: number;
}

// 4096 records a call: a file of 10 000 extents takes 3 calls where a 2 KiB buffer takes 278.
const RECORDS = 4096;

/** What is told of each record: positions and length in bytes, exact for multiples of a sector. */
export type OnExtent = (logical: number, physical: number, length: number, flags: number) => void;

// A record's fields as 32-bit words: read in place, since an object and three bigints for each of 10^5 records cost
// more than all the rest of an update.
const WORDS = FiemapExtent.size / 4;
const word = (offset: number): number => offset / 4;
const AT_LOGICAL = word(FiemapExtent.offsets.logical);
const AT_PHYSICAL = word(FiemapExtent.offsets.physical);
const AT_LENGTH = word(FiemapExtent.offsets.length);
const AT_FLAGS = word(FiemapExtent.offsets.flags);
const LOW = littleEndian ? 0 : 1;
const HIGH = 1 - LOW;
const HIGH_UNIT = 2 ** 32;

/**
 * Tells all extents of an open file in the order of their logical offset. Source: Documentation/filesystems/fiemap.rst.
 *
 * With `sync` the file is written back first, once, so that delayed allocations get their blocks. The first one told is
 * the one that holds the byte `from`, or comes after it.
 *
 * @throws SystemError EOPNOTSUPP where the file system has no FIEMAP
 */
export async function fiemap(
  fd: number,
  { sync = false, from = 0n }: { readonly sync?: boolean; readonly from?: bigint },
  onExtent: OnExtent,
): Promise<void> {
  const buffer = spare ?? new Uint8Array(Fiemap.size + RECORDS * FiemapExtent.size);
  spare = undefined;
  try {
    await tell(fd, sync, from, buffer, onExtent);
  } finally {
    spare = buffer;
  }
}

// A daemon asks many times a second: 230 KB each time would be most of its garbage.
let spare: Uint8Array | undefined;

async function tell(fd: number, sync: boolean, from: bigint, buffer: Uint8Array, onExtent: OnExtent): Promise<void> {
  const words = new Uint32Array(buffer.buffer);
  const maximum = 2n ** 64n - 1n;
  const header = Fiemap.at(buffer);
  let start = from;
  let flags = sync ? FIEMAP_FLAG_SYNC : 0;
  for (;;) {
    header.start = start;
    header.length = maximum - start;
    header.flags = flags;
    header.mappedExtents = 0;
    header.extentCount = RECORDS;
    await ioctlAsync(fd, FS_IOC_FIEMAP, buffer, 'FS_IOC_FIEMAP');
    const count = header.mappedExtents;
    // An empty answer ends the walk also where the file shrank between two calls and no record says LAST.
    if (count === 0) return;
    const end = word(Fiemap.size) + count * WORDS;
    for (let at = word(Fiemap.size); at < end; at += WORDS) {
      // Plain, since a command does it once: nothing of it is ever compiled to be fast.
      onExtent(
        (words[at + AT_LOGICAL + HIGH] as number) * HIGH_UNIT + (words[at + AT_LOGICAL + LOW] as number),
        (words[at + AT_PHYSICAL + HIGH] as number) * HIGH_UNIT + (words[at + AT_PHYSICAL + LOW] as number),
        (words[at + AT_LENGTH + HIGH] as number) * HIGH_UNIT + (words[at + AT_LENGTH + LOW] as number),
        words[at + AT_FLAGS] as number,
      );
    }
    const last = FiemapExtent.at(buffer, Fiemap.size + (count - 1) * FiemapExtent.size);
    if ((last.flags & FIEMAP_EXTENT.LAST) !== 0) return;
    start = last.logical + last.length;
    flags = 0;
  }
}
