import { nanoseconds } from '../../mapper/units.ts';
import { bins } from '../../stats/counters.ts';
import { percentileBin } from '../../stats/percentile.ts';
import { COUNT_ORDER, type Counts } from '../wire.ts';

/** What is shown of an object in an interval. Rates a second; times in nanoseconds. */
export interface Rates {
  readonly reads: number;
  readonly writes: number;
  readonly readBytes: number;
  readonly writtenBytes: number;
  /** Undefined without I/O. */
  readonly readNs: number | undefined;
  readonly writeNs: number | undefined;
  readonly inFlight: number;
  /** The share of the time with I/O in flight: 0 to 1; of several regions, the sum of theirs can be more. */
  readonly busy: number;
}

const NOTHING: Rates = {
  reads: 0,
  writes: 0,
  readBytes: 0,
  writtenBytes: 0,
  readNs: undefined,
  writeNs: undefined,
  inFlight: 0,
  busy: 0,
};
const SECTOR = 512;
const NS_PER_SECOND = 1e9;
const HISTOGRAM_AT = COUNT_ORDER.length;

/** A sample's numbers by name. */
function numberOf(counts: Counts, name: (typeof COUNT_ORDER)[number]): number {
  return Number(counts[COUNT_ORDER.indexOf(name)] ?? 0);
}

/** The bins of an object's histogram in a sample; empty for nothing. */
export function binsOf(counts: Counts | undefined): readonly number[] {
  return counts === undefined ? [] : counts.slice(HISTOGRAM_AT).map(Number);
}

/** Sectors read and written in a sample, together. */
export function sectorsOf(counts: Counts | undefined): number {
  return counts === undefined ? 0 : numberOf(counts, 'readSectors') + numberOf(counts, 'writeSectors');
}

/** What is shown of a sample's numbers. */
export function ratesOf(counts: Counts | undefined): Rates {
  if (counts === undefined) return NOTHING;
  const value = (name: (typeof COUNT_ORDER)[number]): number => numberOf(counts, name);
  const intervalNs = value('intervalNs');
  const rate = (count: number): number => (count * NS_PER_SECOND) / intervalNs;
  const mean = (total: number, count: number): number | undefined => (count === 0 ? undefined : total / count);
  return {
    reads: rate(value('reads')),
    writes: rate(value('writes')),
    readBytes: rate(value('readSectors') * SECTOR),
    writtenBytes: rate(value('writeSectors') * SECTOR),
    readNs: mean(value('readNs'), value('reads')),
    writeNs: mean(value('writeNs'), value('writes')),
    inFlight: value('inFlight'),
    busy: value('ioNs') / intervalNs,
  };
}

/** The bounds of the bin of a percentile, nanoseconds; the last bin has no upper one. */
export interface PercentileBin {
  readonly lower: number;
  readonly upper: number | undefined;
}

/** The bin in which the 99th percentile lies; undefined without a histogram or I/O. @param bounds nanoseconds */
export function p99Of(counts: Counts | undefined, bounds: readonly number[]): PercentileBin | undefined {
  if (counts === undefined) return undefined;
  const histogram = bins(
    bounds.map((bound) => nanoseconds(BigInt(bound))),
    counts.slice(HISTOGRAM_AT).map(BigInt),
  );
  const bin = percentileBin(histogram, 99);
  return bin && { lower: Number(bin.lower), upper: bin.upper === undefined ? undefined : Number(bin.upper) };
}
