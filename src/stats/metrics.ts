import type { Counters } from './counters.ts';

/** What is derived from the counters of one interval. Rates per second, times in nanoseconds, sizes in sectors. */
export interface Metrics {
  readonly readsMergedPerSecond: number;
  readonly writesMergedPerSecond: number;
  readonly readsPerSecond: number;
  readonly writesPerSecond: number;
  readonly readSectorsPerSecond: number;
  readonly writeSectorsPerSecond: number;
  /** Sectors an I/O, 0 without I/O. */
  readonly averageRequestSectors: number;
  /** I/Os in flight on average. */
  readonly averageQueueSize: number;
  readonly averageWaitNs: number;
  readonly averageReadWaitNs: number;
  readonly averageWriteWaitNs: number;
  /** Busy time an I/O. */
  readonly serviceTimeNs: number;
  /** I/Os a second. */
  readonly throughput: number;
  /** The share of the interval with I/O in flight, 0 to 1. */
  readonly utilization: number;
}

const NS_PER_SECOND = 1e9;

/**
 * The derived metrics of what was counted in an interval (dmstats(8), "DERIVED METRICS").
 *
 * @param delta counts of the interval (`subtractCounters`)
 * @param intervalNs its length in nanoseconds, more than 0
 * @throws RangeError when the interval is not positive
 */
export function metrics(delta: Counters, intervalNs: number): Metrics {
  if (!(intervalNs > 0)) throw new RangeError(`an interval of ${intervalNs} ns has no rates`);
  const rate = (count: number): number => (count * NS_PER_SECOND) / intervalNs;
  const per = (total: number, count: number): number => (count === 0 ? 0 : total / count);
  const reads = Number(delta.reads);
  const writes = Number(delta.writes);
  const readSectors = Number(delta.readSectors);
  const writeSectors = Number(delta.writeSectors);
  const readNs = Number(delta.readNs);
  const writeNs = Number(delta.writeNs);
  const ios = reads + writes;
  // The kernel rolls the busy time forward to its own now, which may be a little after the interval's end.
  const busyNs = Math.min(Number(delta.ioNs), intervalNs);
  return {
    readsMergedPerSecond: rate(Number(delta.readsMerged)),
    writesMergedPerSecond: rate(Number(delta.writesMerged)),
    readsPerSecond: rate(reads),
    writesPerSecond: rate(writes),
    readSectorsPerSecond: rate(readSectors),
    writeSectorsPerSecond: rate(writeSectors),
    averageRequestSectors: per(readSectors + writeSectors, ios),
    averageQueueSize: Number(delta.weightedNs) / intervalNs,
    averageWaitNs: per(readNs + writeNs, ios),
    averageReadWaitNs: per(readNs, reads),
    averageWriteWaitNs: per(writeNs, writes),
    serviceTimeNs: per(busyNs, ios),
    throughput: rate(ios),
    utilization: busyNs / intervalNs,
  };
}
