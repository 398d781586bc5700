import { FIEMAP_EXTENT } from '../kernel/fiemap.ts';
import { type Sectors, sectors } from '../mapper/units.ts';
import type { RawExtent } from '../system/fiemap.ts';

/** A run of sectors on the device. */
export interface Range {
  readonly start: Sectors;
  readonly length: Sectors;
}

/** A run of sectors as plain numbers, `end` not included: exact, since a file's sectors are below 2^54 and even. */
export interface Run {
  readonly start: number;
  readonly end: number;
}

/** Where a file's data lies, as far as regions can follow it. */
export interface Extents {
  /** Ascending by sector, disjoint, not touching each other. */
  readonly runs: readonly Run[];
  /** Whether data waits for its blocks (delayed allocation): there is more to map soon. */
  readonly pending: boolean;
  /** What could not be mapped as it is, and why; one line each. */
  readonly notes: readonly string[];
}

/** Runs in the units of the library. */
export function rangesOf(runs: readonly Run[]): Range[] {
  return runs.map(({ start, end }) => ({ start: sectors(start), length: sectors(end - start) }));
}

const SECTOR_BYTES = 512;
/** Flags of records whose `physical` does not tell where the data lies. */
const NOWHERE = FIEMAP_EXTENT.UNKNOWN | FIEMAP_EXTENT.DELALLOC;
const WITHIN_METADATA = FIEMAP_EXTENT.DATA_INLINE | FIEMAP_EXTENT.DATA_TAIL;

/**
 * The device's sectors that hold a file's data. Preallocated (unwritten) extents belong to it: the first write there
 * is counted. Neighbours on the device become one run, whatever their place in the file; blocks that the file uses
 * twice are in it once. Source: Documentation/filesystems/fiemap.rst for the flags.
 */
export function mapExtents(raw: readonly RawExtent[]): Extents {
  const runs: { start: number; end: number }[] = [];
  let pending = false;
  let inline = 0;
  let encoded = 0;
  let rounded = 0;
  let shared = 0;
  for (const { physical, length, flags } of raw) {
    if ((flags & NOWHERE) !== 0) {
      pending ||= (flags & FIEMAP_EXTENT.DELALLOC) !== 0;
      continue;
    }
    if (length === 0n) continue;
    if ((flags & WITHIN_METADATA) !== 0) {
      inline++;
      continue;
    }
    // Encrypted data lies where the record says; any other encoding (compression) may move and resize it.
    if ((flags & FIEMAP_EXTENT.ENCODED) !== 0 && (flags & FIEMAP_EXTENT.DATA_ENCRYPTED) === 0) {
      encoded++;
      continue;
    }
    // Numbers, because this runs for each of maybe 10^5 extents at every update. A multiple of a sector is exact as a
    // number up to 2^62, the largest that a file system's offset can be.
    const start = Number(physical) / SECTOR_BYTES;
    const end = start + Number(length) / SECTOR_BYTES;
    if (!Number.isInteger(start) || !Number.isInteger(end)) rounded++;
    if ((flags & FIEMAP_EXTENT.SHARED) !== 0) shared++;
    runs.push({ start: Math.floor(start), end: Math.ceil(end) });
  }
  const notes: string[] = [];
  const note = (count: number, text: string): void => {
    if (count > 0) notes.push(`${count} extent${count === 1 ? '' : 's'} ${text}`);
  };
  note(inline, 'not mapped: the data is inside the inode or shares a block with metadata');
  note(encoded, 'not mapped: the data is compressed, its sectors on the device are not known');
  note(rounded, 'rounded to whole sectors: the neighbouring data in the same sector is counted too');
  note(shared, 'shared with other files (reflink): their I/O to these sectors is counted too');
  return { runs: union(runs), pending, notes };
}

function union(runs: { start: number; end: number }[]): Run[] {
  const isAscending = runs.every((run, index) => index === 0 || (runs[index - 1] as Run).start <= run.start);
  if (!isAscending) runs.sort((a, b) => a.start - b.start);
  const joined: { start: number; end: number }[] = [];
  let last: { start: number; end: number } | undefined;
  for (const run of runs) {
    if (last !== undefined && run.start <= last.end) {
      last.end = Math.max(last.end, run.end);
      continue;
    }
    last = run;
    joined.push(run);
  }
  return joined;
}
