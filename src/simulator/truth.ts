import type { Direction } from './stats-region.ts';

/** One completed I/O of a file: what really happened. */
export interface TruthRecord {
  readonly startedNs: number;
  readonly endedNs: number;
  readonly inode: bigint;
  readonly direction: Direction;
  /** On the file system's device. */
  readonly sector: number;
  readonly sectors: number;
}

/** Sums of completed I/O. */
export interface TruthTotals {
  reads: number;
  readSectors: number;
  writes: number;
  writeSectors: number;
}

/** Which I/O to sum. */
export interface TruthFilter {
  readonly inode?: bigint;
  /** Ended at or after this time. */
  readonly fromNs?: number;
  /** Ended before this time. */
  readonly toNs?: number;
  /** Only what fell on these ranges of the device, in sectors; they must not overlap. */
  readonly ranges?: readonly { readonly start: number; readonly length: number }[];
}

const none = (): TruthTotals => ({ reads: 0, readSectors: 0, writes: 0, writeSectors: 0 });

function add(totals: TruthTotals, direction: Direction, sectors: number): void {
  if (direction === 'read') {
    totals.reads++;
    totals.readSectors += sectors;
  } else {
    totals.writes++;
    totals.writeSectors += sectors;
  }
}

/** The ground truth of a file system: every completed I/O of its files, in the order of their ends. */
export class TruthLog {
  readonly #records: TruthRecord[] = [];
  readonly #byInode = new Map<bigint, TruthTotals>();

  /** In the order in which they ended. */
  get records(): readonly TruthRecord[] {
    return this.#records;
  }

  /** Writes an I/O down. */
  add(record: TruthRecord): void {
    this.#records.push(record);
    let totals = this.#byInode.get(record.inode);
    if (totals === undefined) {
      totals = none();
      this.#byInode.set(record.inode, totals);
    }
    add(totals, record.direction, record.sectors);
  }

  /** All I/O of a file since it was made, without a walk through the log. */
  of(inode: bigint): TruthTotals {
    return { ...(this.#byInode.get(inode) ?? none()) };
  }

  /** Sums the log. An I/O on several ranges counts once, with the sectors that fell on them. */
  totals({ inode, fromNs = 0, toNs = Number.POSITIVE_INFINITY, ranges }: TruthFilter = {}): TruthTotals {
    const totals = none();
    for (let index = this.#firstFrom(fromNs); index < this.#records.length; index++) {
      const record = this.#records[index] as TruthRecord;
      if (record.endedNs >= toNs) break;
      if (inode !== undefined && record.inode !== inode) continue;
      const end = record.sector + record.sectors;
      const sectors =
        ranges === undefined
          ? record.sectors
          : ranges.reduce(
              (sum, { start, length }) =>
                sum + Math.max(0, Math.min(end, start + length) - Math.max(record.sector, start)),
              0,
            );
      if (sectors > 0) add(totals, record.direction, sectors);
    }
    return totals;
  }

  #firstFrom(ns: number): number {
    let low = 0;
    let high = this.#records.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#records[middle] as TruthRecord).endedNs < ns) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
