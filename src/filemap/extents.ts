import { FIEMAP_EXTENT } from '../kernel/fiemap.ts';
import { type Sectors, sectors } from '../mapper/units.ts';
import type { RawExtent } from '../system/fiemap.ts';

/** A run of sectors on the device. */
export interface Range {
  readonly start: Sectors;
  readonly length: Sectors;
}

/** Where a file's data lies, as far as regions can follow it. */
export interface Extents {
  /** Ascending by sector, disjoint, not touching each other. */
  readonly ranges: readonly Range[];
  /** Whether data waits for its blocks (delayed allocation): there is more to map soon. */
  readonly pending: boolean;
  /** What could not be mapped as it is, and why; one line each. */
  readonly notes: readonly string[];
}

const SECTOR = 512n;
/** Flags of records whose `physical` does not tell where the data lies. */
const NOWHERE = FIEMAP_EXTENT.UNKNOWN | FIEMAP_EXTENT.DELALLOC;
const WITHIN_METADATA = FIEMAP_EXTENT.DATA_INLINE | FIEMAP_EXTENT.DATA_TAIL;

/**
 * The device's sectors that hold a file's data. Preallocated (unwritten) extents belong to it: the first write there
 * is counted. Neighbours on the device become one run, whatever their place in the file; blocks that the file uses
 * twice are in it once. Source: Documentation/filesystems/fiemap.rst for the flags.
 */
export function mapExtents(raw: readonly RawExtent[]): Extents {
  const runs: { start: bigint; end: bigint }[] = [];
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
    const end = physical + length;
    if (physical % SECTOR !== 0n || end % SECTOR !== 0n) rounded++;
    if ((flags & FIEMAP_EXTENT.SHARED) !== 0) shared++;
    runs.push({ start: physical / SECTOR, end: (end + SECTOR - 1n) / SECTOR });
  }
  const notes: string[] = [];
  const note = (count: number, text: string): void => {
    if (count > 0) notes.push(`${count} extent${count === 1 ? '' : 's'} ${text}`);
  };
  note(inline, 'not mapped: the data is inside the inode or shares a block with metadata');
  note(encoded, 'not mapped: the data is compressed, its sectors on the device are not known');
  note(rounded, 'rounded to whole sectors: the neighbouring data in the same sector is counted too');
  note(shared, 'shared with other files (reflink): their I/O to these sectors is counted too');
  return { ranges: union(runs), pending, notes };
}

function union(runs: { start: bigint; end: bigint }[]): Range[] {
  runs.sort((a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : 0));
  const ranges: Range[] = [];
  let open: { start: bigint; end: bigint } | undefined;
  const close = (): void => {
    if (open !== undefined) ranges.push({ start: sectors(open.start), length: sectors(open.end - open.start) });
  };
  for (const run of runs) {
    if (open !== undefined && run.start <= open.end) {
      if (run.end > open.end) open.end = run.end;
      continue;
    }
    close();
    open = { start: run.start, end: run.end };
  }
  close();
  return ranges;
}
