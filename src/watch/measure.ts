import type { Nanoseconds } from '../mapper/units.ts';
import { SECTOR_BYTES } from '../mapper/units.ts';
import { type Bin, bins, type Counters } from '../stats/counters.ts';
import { metrics } from '../stats/metrics.ts';
import { percentileBin } from '../stats/percentile.ts';
import { shortTime } from './short.ts';

/** What was counted in an interval. */
export interface Counted {
  readonly counters: Counters;
  readonly intervalNs: number;
}

/** What a row shows. Rates a second. */
export interface Measure {
  readonly reads: number;
  readonly writes: number;
  readonly readBytes: number;
  readonly writeBytes: number;
  /** Undefined without I/O. */
  readonly waitNs: number | undefined;
  /** The bin in which the 99th percentile lies; undefined without a histogram or I/O. */
  readonly p99: Bin | undefined;
  /** 0 to 1. */
  readonly utilization: number;
}

/** What a row shows of what was counted. @param bounds of its histogram; empty for none */
export function measure({ counters, intervalNs }: Counted, bounds: readonly Nanoseconds[]): Measure {
  const derived = metrics(counters, intervalNs);
  return {
    reads: derived.readsPerSecond,
    writes: derived.writesPerSecond,
    readBytes: derived.readSectorsPerSecond * Number(SECTOR_BYTES),
    writeBytes: derived.writeSectorsPerSecond * Number(SECTOR_BYTES),
    waitNs: counters.reads + counters.writes === 0n ? undefined : derived.averageWaitNs,
    p99: percentileBin(bins(bounds, counters.histogram), 99),
    utilization: derived.utilization,
  };
}

/** What rows can be sorted by, in the order in which the key goes through them. */
export const SORTS = ['util', 'wait', 'p99', 'iops', 'bytes', 'name'] as const;

/** One of them. */
export type Sort = (typeof SORTS)[number];

/** How much something hurts; undefined where there was no I/O, and for `name`. */
export function hurt({ reads, writes, readBytes, writeBytes, waitNs, p99, utilization }: Measure, sort: Sort) {
  switch (sort) {
    case 'util':
      return utilization;
    case 'wait':
      return waitNs;
    case 'p99':
      return p99 && Number(p99.upper ?? p99.lower);
    case 'iops':
      return reads + writes;
    case 'bytes':
      return readBytes + writeBytes;
    case 'name':
      return undefined;
  }
}

/** A percentile's bin as its bound: `<5ms`; `>100ms` for the last one, which has no upper bound. */
export function binBound(bin: Bin | undefined): string {
  if (bin === undefined) return '-';
  return bin.upper === undefined ? `>${shortTime(Number(bin.lower))}` : `<${shortTime(Number(bin.upper))}`;
}
