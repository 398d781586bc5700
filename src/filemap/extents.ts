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
  /** The sector behind the last extent in the file's order, where an append would go on; undefined without extents. */
  readonly tail: number | undefined;
  /** Whether data waits for its blocks (delayed allocation): there is more to map soon. */
  readonly pending: boolean;
  /** What could not be mapped as it is, and why; one line each. */
  readonly notes: readonly string[];
  /** Sectors that get their place only when they are written: they lie in holes of a loop device's file. Absent: none. */
  readonly later?: number;
}

/** Runs in the units of the library. */
export function rangesOf(runs: readonly Run[]): Range[] {
  return runs.map(({ start, end }) => ({ start: sectors(start), length: sectors(end - start) }));
}

/** Ranges as plain numbers. */
export function runsOf(ranges: readonly Range[]): Run[] {
  return ranges.map(({ start, length }) => ({ start: Number(start), end: Number(start + length) }));
}

const SECTOR_BYTES = 512;
/** Flags of records whose `physical` does not tell where the data lies. */
const NOWHERE = FIEMAP_EXTENT.UNKNOWN | FIEMAP_EXTENT.DELALLOC;
const WITHIN_METADATA = FIEMAP_EXTENT.DATA_INLINE | FIEMAP_EXTENT.DATA_TAIL;

/** Encrypted data lies where the record says; any other encoding (compression) may move and resize it. */
const isEncoded = (flags: number): boolean =>
  (flags & FIEMAP_EXTENT.ENCODED) !== 0 && (flags & FIEMAP_EXTENT.DATA_ENCRYPTED) === 0;

/** Whether a record with these flags tells where its data lies, sector by sector. */
export function hasPlace(flags: number): boolean {
  return (flags & (NOWHERE | WITHIN_METADATA)) === 0 && !isEncoded(flags);
}

/**
 * Gathers the device's sectors that hold a file's data, record by record, without an object for each of maybe 10^5.
 * Preallocated (unwritten) extents belong to it: the first write there is counted. Neighbours on the device become one
 * run, whatever their place in the file; blocks that the file uses twice are in it once. Source:
 * Documentation/filesystems/fiemap.rst for the flags.
 */
export class ExtentCollector {
  readonly #runs: { start: number; end: number }[] = [];
  #last: { start: number; end: number } | undefined;
  #tail: number | undefined;
  #isAscending = true;
  #pending = false;
  #inline = 0;
  #encoded = 0;
  #rounded = 0;
  #shared = 0;

  /**
   * One record of FIEMAP. Positions as numbers: a multiple of a sector is exact up to 2^62, the largest that a file
   * system's offset can be.
   *
   * @param physical bytes
   * @param length bytes
   * @param flags bits of `FIEMAP_EXTENT`
   */
  add(physical: number, length: number, flags: number): void {
    if (flags > FIEMAP_EXTENT.LAST && !this.#isMappable(flags)) return;
    if (length === 0) return;
    let start = physical / SECTOR_BYTES;
    let end = start + length / SECTOR_BYTES;
    // By its bits, also beyond 2^53: a remainder of doubles is a call into the C library.
    if (((physical | length) & (SECTOR_BYTES - 1)) !== 0) {
      this.#rounded++;
      start = Math.floor(start);
      end = Math.ceil(end);
    }
    this.#tail = end;
    const last = this.#last;
    if (last !== undefined) {
      if (start >= last.start && start <= last.end) {
        if (end > last.end) last.end = end;
        return;
      }
      if (start < last.start) this.#isAscending = false;
    }
    this.#last = { start, end };
    this.#runs.push(this.#last);
  }

  #isMappable(flags: number): boolean {
    if ((flags & NOWHERE) !== 0) {
      this.#pending ||= (flags & FIEMAP_EXTENT.DELALLOC) !== 0;
      return false;
    }
    if ((flags & WITHIN_METADATA) !== 0) {
      this.#inline++;
      return false;
    }
    if (isEncoded(flags)) {
      this.#encoded++;
      return false;
    }
    if ((flags & FIEMAP_EXTENT.SHARED) !== 0) this.#shared++;
    return true;
  }

  /** What was gathered. */
  extents(): Extents {
    const notes: string[] = [];
    const note = (count: number, text: string): void => {
      if (count > 0) notes.push(`${count} extent${count === 1 ? '' : 's'} ${text}`);
    };
    note(this.#inline, 'not mapped: the data is inside the inode or shares a block with metadata');
    note(this.#encoded, 'not mapped: the data is compressed, its sectors on the device are not known');
    note(this.#rounded, 'rounded to whole sectors: the neighbouring data in the same sector is counted too');
    note(this.#shared, 'shared with other files (reflink): their I/O to these sectors is counted too');
    const runs = this.#isAscending ? this.#runs : union(this.#runs);
    return { runs, tail: this.#tail, pending: this.#pending, notes };
  }
}

/** The extents that records of FIEMAP tell of; see `ExtentCollector`. */
export function mapExtents(raw: readonly RawExtent[]): Extents {
  const collector = new ExtentCollector();
  for (const { physical, length, flags } of raw) collector.add(Number(physical), Number(length), flags);
  return collector.extents();
}

/** Runs in any order as ascending ones that neither overlap nor touch. */
export function union(list: readonly Run[]): Run[] {
  const runs = list.map(({ start, end }) => ({ start, end })).sort((a, b) => a.start - b.start);
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
