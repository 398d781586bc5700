/**
 * What a span of packed regions says of its file. Sectors are exact, area by area. I/Os, times and the histogram come
 * from the companion, which sees foreign I/O too: they are exact when there was none, else shared in proportion to the
 * sectors, within bounds that the areas' own counts give.
 */
import { type Counters, parseCounted, subtractCounters, sumCounters, ZERO_COUNTERS } from './counters.ts';
import type { DeviceStats } from './device-stats.ts';
import { isCredited, type PackedSpan } from './packed.ts';

/** Counts of areas: an I/O counts in each area that it touches, a sector once. */
export interface Tally {
  readonly reads: bigint;
  readonly readSectors: bigint;
  readonly writes: bigint;
  readonly writeSectors: bigint;
}

/** What a span has counted. */
export interface SpanCounts {
  /** In the file's areas. */
  readonly own: Tally;
  /** In the others. */
  readonly foreign: Tally;
  /** In the companion. */
  readonly whole: Counters;
}

/** How exact counters are that come from spans. */
export interface PackedBound {
  /** The true number of reads differs by at most so many. */
  readonly reads: bigint;
  readonly writes: bigint;
  /** Sectors of other files in the spans. With any, times and the histogram are shared in proportion. */
  readonly foreignSectors: bigint;
}

/** Counters with their bound. */
export interface BoundedCounters {
  readonly counters: Counters;
  readonly bound: PackedBound;
}

const NO_TALLY: Tally = { reads: 0n, readSectors: 0n, writes: 0n, writeSectors: 0n };

/** Of exact counters. */
export const NO_BOUND: PackedBound = { reads: 0n, writes: 0n, foreignSectors: 0n };

const plus = (a: bigint, b: bigint): bigint => a + b;
const minus = (a: bigint, b: bigint): bigint => a - b;

function combine(a: Tally, b: Tally, operation: (x: bigint, y: bigint) => bigint): Tally {
  return {
    reads: operation(a.reads, b.reads),
    readSectors: operation(a.readSectors, b.readSectors),
    writes: operation(a.writes, b.writes),
    writeSectors: operation(a.writeSectors, b.writeSectors),
  };
}

/** Reads a span. @throws DmError ENOENT also when the id of one of its regions is another region's by now */
export async function readSpan(stats: DeviceStats, { areas, whole, credited }: PackedSpan): Promise<SpanCounts> {
  const text = await stats.printOf(areas);
  let own = NO_TALLY;
  let foreign = NO_TALLY;
  for (const { areaId, counters } of parseCounted(text, areas)) {
    if (isCredited(credited, areaId)) own = combine(own, counters, plus);
    else foreign = combine(foreign, counters, plus);
  }
  return { own, foreign, whole: await stats.counters(whole) };
}

/** What was counted between two readings of a span. */
export function subtractSpan(now: SpanCounts, before: SpanCounts): SpanCounts {
  return {
    own: combine(now.own, before.own, minus),
    foreign: combine(now.foreign, before.foreign, minus),
    whole: subtractCounters(now.whole, before.whole),
  };
}

const least = (a: bigint, b: bigint): bigint => (a < b ? a : b);
const most = (a: bigint, b: bigint): bigint => (a > b ? a : b);

/** So many of `value` as `part` is of `all`, rounded down. */
const share = (value: bigint, part: bigint, all: bigint): bigint => (all === 0n ? 0n : (value * part) / all);

interface Shared {
  readonly ios: bigint;
  readonly bound: bigint;
}

/**
 * How many of the companion's I/Os are the file's. At most as many as its areas counted, since each counts in one at
 * least; at least as many as are left when each count of a foreign area is an I/O of its own.
 */
function sharedIos(all: bigint, own: bigint, foreign: bigint, ownSectors: bigint, foreignSectors: bigint): Shared {
  const high = least(own, all);
  const low = least(high, most(all - foreign, own > 0n ? 1n : 0n));
  const sectors = ownSectors + foreignSectors;
  const inProportion = sectors === 0n ? 0n : (2n * all * ownSectors + sectors) / (2n * sectors);
  const ios = most(low, least(high, inProportion));
  return { ios, bound: most(high - ios, ios - low) };
}

/** The file's part of what a span counted. */
export function fileCounts({ own, foreign, whole }: SpanCounts): BoundedCounters {
  const reads = sharedIos(whole.reads, own.reads, foreign.reads, own.readSectors, foreign.readSectors);
  const writes = sharedIos(whole.writes, own.writes, foreign.writes, own.writeSectors, foreign.writeSectors);
  const sectors = { readSectors: own.readSectors, writeSectors: own.writeSectors };
  const foreignSectors = foreign.readSectors + foreign.writeSectors;
  const bound = { reads: reads.bound, writes: writes.bound, foreignSectors };
  if (foreignSectors === 0n) return { counters: { ...whole, ...sectors }, bound };
  const ofReads = (value: bigint): bigint => share(value, reads.ios, whole.reads);
  const ofWrites = (value: bigint): bigint => share(value, writes.ios, whole.writes);
  const ios = reads.ios + writes.ios;
  const allIos = whole.reads + whole.writes;
  const ofBoth = (value: bigint): bigint => share(value, ios, allIos);
  let sum = 0n;
  const histogram = whole.histogram.map((count) => {
    const before = ofBoth(sum);
    sum += count;
    return ofBoth(sum) - before;
  });
  const counters = {
    ...sectors,
    reads: reads.ios,
    readsMerged: ofReads(whole.readsMerged),
    readNs: ofReads(whole.readNs),
    writes: writes.ios,
    writesMerged: ofWrites(whole.writesMerged),
    writeNs: ofWrites(whole.writeNs),
    inFlight: ofBoth(whole.inFlight),
    ioNs: ofBoth(whole.ioNs),
    weightedNs: ofBoth(whole.weightedNs),
    readBusyNs: ofReads(whole.readBusyNs),
    writeBusyNs: ofWrites(whole.writeBusyNs),
    histogram,
  };
  return { counters, bound };
}

/** The sum of what spans say; their bounds add up. */
export function sumBounded(list: readonly BoundedCounters[]): BoundedCounters {
  const bound = list.reduce(
    (sum, one) => ({
      reads: sum.reads + one.bound.reads,
      writes: sum.writes + one.bound.writes,
      foreignSectors: sum.foreignSectors + one.bound.foreignSectors,
    }),
    NO_BOUND,
  );
  return { counters: sumCounters(list.map(({ counters }) => counters)), bound };
}

/** What a span had counted when it began. */
export const NO_SPAN_COUNTS: SpanCounts = { own: NO_TALLY, foreign: NO_TALLY, whole: ZERO_COUNTERS };

/** Whether somebody cleared a span between two readings: counters only grow. */
export function isClearedSpan({ own, foreign, whole }: SpanCounts): boolean {
  const counts: bigint[] = [...Object.values(own), ...Object.values(foreign), whole.reads, whole.writes];
  return counts.some((count) => count < 0n);
}
