import { type Nanoseconds, nanoseconds, type Sectors, sectors } from '../mapper/units.ts';
import { PrintReader } from './print-reader.ts';
import { areaCount, type Region } from './region.ts';

/**
 * The kernel's counters of an area, or sums of them. Times in nanoseconds. Source: Documentation/admin-guide/
 * device-mapper/statistics.rst, in its order.
 */
export interface Counters {
  readonly reads: bigint;
  readonly readsMerged: bigint;
  readonly readSectors: bigint;
  /** Sum of the durations of all reads. */
  readonly readNs: bigint;
  /** Discards and write-zeroes count as writes. */
  readonly writes: bigint;
  readonly writesMerged: bigint;
  readonly writeSectors: bigint;
  readonly writeNs: bigint;
  /** I/Os in flight now: a level, not a count. */
  readonly inFlight: bigint;
  /** Time with at least one I/O in flight. */
  readonly ioNs: bigint;
  /** In-flight I/Os integrated over time. */
  readonly weightedNs: bigint;
  readonly readBusyNs: bigint;
  readonly writeBusyNs: bigint;
  /** I/Os by duration, one bin more than there are bounds; empty without a histogram. */
  readonly histogram: readonly bigint[];
}

/** The counters' names in the kernel's order, without the histogram. */
export const COUNTER_NAMES = [
  'reads',
  'readsMerged',
  'readSectors',
  'readNs',
  'writes',
  'writesMerged',
  'writeSectors',
  'writeNs',
  'inFlight',
  'ioNs',
  'weightedNs',
  'readBusyNs',
  'writeBusyNs',
] as const;

/** The name of one counter. */
export type CounterName = (typeof COUNTER_NAMES)[number];

const NS_PER_MS = 1_000_000n;

/** One area of a region with what the kernel counted there. */
export interface AreaCounters {
  readonly areaId: number;
  readonly start: Sectors;
  /** Clipped to the region's end, where the kernel prints a whole step. */
  readonly length: Sectors;
  readonly counters: Counters;
}

/** Counters of a value for each; written out, because thousands of them a second must be of one shape. */
function build(value: (name: CounterName) => bigint, histogram: readonly bigint[]): Counters {
  return {
    reads: value('reads'),
    readsMerged: value('readsMerged'),
    readSectors: value('readSectors'),
    readNs: value('readNs'),
    writes: value('writes'),
    writesMerged: value('writesMerged'),
    writeSectors: value('writeSectors'),
    writeNs: value('writeNs'),
    inFlight: value('inFlight'),
    ioNs: value('ioNs'),
    weightedNs: value('weightedNs'),
    readBusyNs: value('readBusyNs'),
    writeBusyNs: value('writeBusyNs'),
    histogram,
  };
}

/** Counters that are all zero. */
export const ZERO_COUNTERS: Counters = build(() => 0n, []);

const idleByBins = new Map<number, Counters>();

/** Counters of nothing with so many bins: one object for all. */
export function idleCounters(bins: number): Counters {
  if (bins === 0) return ZERO_COUNTERS;
  const known = idleByBins.get(bins);
  if (known !== undefined) return known;
  const idle = { ...ZERO_COUNTERS, histogram: new Array<bigint>(bins).fill(0n) };
  idleByBins.set(bins, idle);
  return idle;
}

/** Whether counters are those of nothing, as `idleCounters` gives them. */
export function isIdle(counters: Counters): boolean {
  return counters === idleCounters(counters.histogram.length);
}

function combineBins(
  a: readonly bigint[],
  b: readonly bigint[],
  operation: (x: bigint, y: bigint) => bigint,
): readonly bigint[] {
  const bins = Math.max(a.length, b.length);
  if (bins === 0) return ZERO_COUNTERS.histogram;
  return Array.from({ length: bins }, (_, bin) => operation(a[bin] ?? 0n, b[bin] ?? 0n));
}

/** Sums of areas or regions. I/Os that touch several of them count in each; sectors are exact. */
export function addCounters(a: Counters, b: Counters): Counters {
  return build(
    (name) => a[name] + b[name],
    combineBins(a.histogram, b.histogram, (x, y) => x + y),
  );
}

/** What happened between two readings; the level `inFlight` stays that of `now`. Written out as `build` is. */
export function subtractCounters(now: Counters, before: Counters): Counters {
  return {
    reads: now.reads - before.reads,
    readsMerged: now.readsMerged - before.readsMerged,
    readSectors: now.readSectors - before.readSectors,
    readNs: now.readNs - before.readNs,
    writes: now.writes - before.writes,
    writesMerged: now.writesMerged - before.writesMerged,
    writeSectors: now.writeSectors - before.writeSectors,
    writeNs: now.writeNs - before.writeNs,
    inFlight: now.inFlight,
    ioNs: now.ioNs - before.ioNs,
    weightedNs: now.weightedNs - before.weightedNs,
    readBusyNs: now.readBusyNs - before.readBusyNs,
    writeBusyNs: now.writeBusyNs - before.writeBusyNs,
    histogram: combineBins(now.histogram, before.histogram, (x, y) => x - y),
  };
}

/** With nothing where less than nothing was counted: somebody has cleared what was subtracted from. */
export function notNegative(counters: Counters): Counters {
  const zero = (value: bigint): bigint => (value < 0n ? 0n : value);
  return build((name) => zero(counters[name]), counters.histogram.map(zero));
}

/** Whether a difference is less than nothing somewhere, which only happens when somebody cleared the counters. */
export function isNegative(delta: Counters): boolean {
  return (
    delta.reads < 0n ||
    delta.readsMerged < 0n ||
    delta.readSectors < 0n ||
    delta.readNs < 0n ||
    delta.writes < 0n ||
    delta.writesMerged < 0n ||
    delta.writeSectors < 0n ||
    delta.writeNs < 0n ||
    delta.ioNs < 0n ||
    delta.weightedNs < 0n ||
    delta.readBusyNs < 0n ||
    delta.writeBusyNs < 0n ||
    delta.histogram.some((bin) => bin < 0n)
  );
}

/** The sum of a list. */
export function sumCounters(list: Iterable<Counters>): Counters {
  let sum: Counters | undefined;
  for (const counters of list) sum = sum === undefined ? counters : addCounters(sum, counters);
  return sum ?? ZERO_COUNTERS;
}

/**
 * Whether an answer of `@stats_print` can be about a region: its areas begin where the region's do, are cut as its are,
 * and are as many. An id is reused at once, so that what bears it now may be another region than the list said.
 *
 * @param areas the areas that were asked for
 */
export function isPrintOf(
  text: string,
  region: Pick<Region, 'start' | 'length' | 'step'>,
  areas: { readonly first: number; readonly count: number } = { first: 0, count: areaCount(region) },
): boolean {
  const start = region.start + BigInt(areas.first) * region.step;
  if (!text.startsWith(`${start}+${region.step} `)) return false;
  let lines = 0;
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) lines += 1;
  return lines === Math.min(areas.count, areaCount(region) - areas.first);
}

/**
 * Parses the answer of `@stats_print`: one line an area.
 *
 * @param firstArea the id of the area that the first line is about
 * @throws DmParseError
 */
export function parsePrint(text: string, region: Region, firstArea = 0): AreaCounters[] {
  return parseAreas(new PrintReader(Buffer.from(text, 'latin1'), timeUnit(region)), region, firstArea);
}

/** Nanoseconds in the unit in which the kernel prints a region's times. */
export function timeUnit({ precise }: Pick<Region, 'precise'>): bigint {
  return precise ? 1n : NS_PER_MS;
}

/** As `parsePrint`, from the answer's bytes. @throws DmParseError */
export function parseAreas(reader: PrintReader, region: Region, firstArea = 0): AreaCounters[] {
  const end = region.start + region.length;
  const areas: AreaCounters[] = [];
  while (!reader.isAtEnd) {
    const start = reader.start();
    const length = reader.length();
    const areaEnd = start + length;
    areas.push({
      areaId: firstArea + areas.length,
      start: sectors(start),
      length: sectors(areaEnd > end ? end - start : length),
      counters: reader.counters(),
    });
  }
  return areas;
}

/** The line of an area that has never counted, of which there are many in a region that is cut finely. */
const SILENT = /^\S+( 0){13}/;

/** Parses an answer of `@stats_print` as `parsePrint`, but only the areas that have counted anything. */
export function parseCounted(text: string, region: Region, firstArea = 0): AreaCounters[] {
  const lines = text.slice(0, -1).split('\n');
  return lines.flatMap((line, index) => (SILENT.test(line) ? [] : parsePrint(line, region, firstArea + index)));
}

/** The bounds of a histogram's bin: from `lower` up to, not including, `upper`; the last bin has no upper bound. */
export interface Bin {
  readonly lower: Nanoseconds;
  readonly upper: Nanoseconds | undefined;
  readonly count: bigint;
}

/** A histogram's bins with their bounds. */
export function bins(bounds: readonly Nanoseconds[], histogram: readonly bigint[]): Bin[] {
  if (bounds.length === 0) return [];
  return Array.from({ length: bounds.length + 1 }, (_, index) => ({
    lower: bounds[index - 1] ?? nanoseconds(0),
    upper: bounds[index],
    count: histogram[index] ?? 0n,
  }));
}
