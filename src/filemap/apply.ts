import { DmError } from '../mapper/errors.ts';
import { addCounters, type Counters, subtractCounters, sumCounters, ZERO_COUNTERS } from '../stats/counters.ts';
import type { DeviceStats } from '../stats/device-stats.ts';
import type { Group } from '../stats/group.ts';
import type { PackedSpan } from '../stats/packed.ts';
import { fileCounts, readSpan, sumBounded } from '../stats/packed-counts.ts';
import type { Region, RegionSpec } from '../stats/region.ts';
import { deleteRegions, tryHard, type Undeleted } from './delete-regions.ts';
import { type Range, type Run, rangesOf } from './extents.ts';
import type { SpanPlan } from './packing/pack.ts';
import { createSpan, idsOf } from './packing/span.ts';
import { isAnchor, type Plan } from './plan.ts';

/** What a region of a filemap is besides its range. */
export type RegionOptions = Pick<RegionSpec, 'programId' | 'precise' | 'bounds'>;

/** What was counted on sectors before they had a region. */
export interface HeldCounts {
  readonly counted: Counters;
  /** How many of the sectors this is about. */
  readonly sectors: number;
}

/** What holds the first I/O of sectors that get their region only now; see `LookAhead`. */
export interface FirstCounts {
  /** What was counted so far on sectors of a run that no region of the group counted before. */
  held(run: Run): Promise<HeldCounts>;
}

/** What `applyPlan` did. */
export interface Applied {
  /** The group as it is now: its id may have changed with its leader. */
  readonly group: Group;
  readonly created: readonly number[];
  readonly deleted: readonly number[];
  /** Regions outside the group that the kernel would not delete. */
  readonly undeleted: readonly Undeleted[];
  /** I/Os that may be missing or counted twice in what is carried; 0 when no I/O raced a hand-over. */
  readonly errorBound: bigint;
  /** Sectors read or written before their region was there, and counted all the same. */
  readonly credited: bigint;
  /** Sectors that got a region without anything that could have held their first I/O. */
  readonly missed: bigint;
}

// 1 to 5 were needed under continuous I/O on 6.1 and 6.12.
const HANDOVER_READS = 10;

const sectorsOf = (counters: Counters): bigint => counters.readSectors + counters.writeSectors;
const iosOf = (counters: Counters): bigint => counters.reads + counters.writes;

const volumeOf = (counters: Counters): bigint => sectorsOf(counters) + iosOf(counters);

interface First {
  readonly counted: Counters;
  readonly missed: bigint;
  readonly bound: bigint;
}

interface HandedOver {
  readonly counted: Counters;
  readonly bound: bigint;
}

interface Read {
  readonly counters: Counters;
  /** I/Os by which they may be wrong. */
  readonly bound: bigint;
}

/** What counts for the file together. */
interface Counting {
  readonly regions: readonly Region[];
  readonly spans: readonly PackedSpan[];
}

interface HandOver {
  readonly old: Counting;
  readonly successors: Counting;
  readonly optional: boolean;
}

class Application {
  readonly #stats: DeviceStats;
  readonly #options: RegionOptions;
  readonly #signal: AbortSignal | undefined;
  created: Region[] = [];
  /** Packed regions, also of spans that are not complete. */
  createdPacked: number[] = [];

  constructor(stats: DeviceStats, options: RegionOptions, signal: AbortSignal | undefined) {
    this.#stats = stats;
    this.#options = options;
    this.#signal = signal;
  }

  async create(range: Range): Promise<Region> {
    this.#signal?.throwIfAborted();
    const id = await this.#stats.createRegion({ ...this.#options, range });
    const { programId, precise = false, bounds = [] } = this.#options;
    const region = { id, ...range, step: range.length, programId, aux: '', precise, bounds };
    this.created.push(region);
    return region;
  }

  async createSpan(plan: SpanPlan, word: string): Promise<PackedSpan> {
    this.#signal?.throwIfAborted();
    return createSpan(this.#stats, plan, word, this.#options, (id) => this.createdPacked.push(id));
  }

  /** Takes back what was made. */
  async #discard({ regions, spans }: Counting): Promise<void> {
    const ids = new Set([...regions.map(({ id }) => id), ...idsOf(spans)]);
    await deleteRegions(this.#stats, ids);
    this.created = this.created.filter(({ id }) => !ids.has(id));
    this.createdPacked = this.createdPacked.filter((id) => !ids.has(id));
  }

  /**
   * What leaves had counted and its successors have not. The successors started exact, since the kernel
   * drains the device at creation; when their readings before and after that of the old ones are equal, no I/O ended
   * in between and the difference is exact.
   *
   * @returns undefined when an optional replacement cannot be exact: its successors are gone again
   */
  async handOver({ old, successors, optional }: HandOver): Promise<HandedOver | undefined> {
    for (let attempt = 1; ; attempt++) {
      const { counters: before, bound: beforeBound } = await this.#read(successors);
      const { counters, bound: oldBound } = await this.#read(old);
      const after = await this.#read(successors);
      const counted = notNegative(subtractCounters(counters, before));
      const moved = volumeOf(after.counters) - volumeOf(before);
      const bound = beforeBound + oldBound;
      if (moved === 0n) return { counted, bound };
      if (attempt < HANDOVER_READS) continue;
      if (!optional) return { counted, bound: bound + (moved < 0n ? -moved : moved) };
      await this.#discard(successors);
      return undefined;
    }
  }

  /** What was counted on a region's sectors before it was there. The new region started exact, as at a hand-over. */
  async firstOf(region: Region, first: FirstCounts | undefined): Promise<First> {
    if (isAnchor(region)) return { counted: ZERO_COUNTERS, missed: 0n, bound: 0n };
    const { start, length } = region;
    for (let attempt = 1; ; attempt++) {
      const before = await this.#readRegions([region]);
      const held = await first?.held({ start: Number(start), end: Number(start + length) });
      if (held === undefined || held.sectors === 0) return { counted: ZERO_COUNTERS, missed: length, bound: 0n };
      const after = await this.#readRegions([region]);
      const moved = volumeOf(after) - volumeOf(before);
      if (moved !== 0n && attempt < HANDOVER_READS) continue;
      const missed = length - BigInt(held.sectors);
      // What the region counted is in the areas too, as far as they reach: where they do not, less is credited than was.
      return {
        counted: notNegative(subtractCounters(held.counted, after)),
        missed,
        bound: moved + (missed > 0n ? volumeOf(after) : 0n),
      };
    }
  }

  async #read({ regions, spans }: Counting): Promise<Read> {
    const readings = await this.#unlessGone(spans, async (span) => fileCounts(await readSpan(this.#stats, span)));
    const { counters, bound } = sumBounded(readings);
    return {
      counters: addCounters(counters, await this.#readRegions(regions)),
      bound: bound.reads + bound.writes,
    };
  }

  async #readRegions(regions: readonly Region[]): Promise<Counters> {
    return sumCounters(await this.#unlessGone(regions, (region) => this.#stats.counters(region)));
  }

  async #unlessGone<T, R>(list: readonly T[], read: (one: T) => Promise<R>): Promise<R[]> {
    const readings: R[] = [];
    for (const one of list) {
      try {
        readings.push(await read(one));
      } catch (error) {
        if (!DmError.is(error, 'ENOENT')) throw error;
      }
    }
    return readings;
  }
}

function notNegative(counters: Counters): Counters {
  const zero = (value: bigint): bigint => (value < 0n ? 0n : value);
  const entries = Object.entries(counters).map(([name, value]: [string, bigint | readonly bigint[]]) => [
    name,
    typeof value === 'bigint' ? zero(value) : value.map(zero),
  ]);
  return Object.fromEntries(entries) as Counters;
}

/**
 * Carries out a plan: first everything new is created, then the group's tag changes in one step, with the counters that
 * are carried from now on, then what left is deleted. A failure before the tag changes takes back what was created and
 * leaves the group as it was.
 *
 * @param group the group as just listed
 * @param first what may have held the first I/O of growth; without it, growth is missed up to now
 * @throws DmError the kernel's refusal, after the clean-up; the signal's reason when it fires
 */
export async function applyPlan(
  stats: DeviceStats,
  group: Group,
  plan: Plan,
  options: RegionOptions,
  { signal, first }: { readonly signal?: AbortSignal | undefined; readonly first?: FirstCounts | undefined } = {},
): Promise<Applied> {
  const work = new Application(stats, options, signal);
  const replaced: Region[] = [];
  const keep = [...plan.keep];
  const { packing } = plan;
  const spans = [...(packing?.keep ?? [])];
  const repacks = packing?.repack.map((repack) => ({ ...repack, word: packing.word })) ?? [];
  const replacedPacked: number[] = [...(packing?.stray ?? [])];
  let carried = group.carried;
  let errorBound = 0n;
  let credited = 0n;
  let missed = 0n;
  let members: number[];
  let now: Omit<Group, 'id' | 'missing'>;
  try {
    const grown: Region[] = [];
    for (const range of plan.create) grown.push(await work.create(range));
    const handOvers: HandOver[] = [];
    for (const { old, ranges, optional } of plan.replace) {
      const regions: Region[] = [];
      for (const range of ranges) regions.push(await work.create(range));
      handOvers.push({ old: { regions: old, spans: [] }, successors: { regions, spans: [] }, optional });
    }
    for (const { old, oldSpans, packing: target, word, optional } of repacks) {
      const successors = { regions: [] as Region[], spans: [] as PackedSpan[] };
      for (const range of rangesOf(target.single)) successors.regions.push(await work.create(range));
      for (const span of target.spans) successors.spans.push(await work.createSpan(span, word));
      handOvers.push({ old: { regions: old, spans: oldSpans }, successors, optional });
    }
    // Only now: a creation waits for I/O in flight, and what a region counts after its last reading is lost.
    for (const one of handOvers) {
      const { old, successors } = one;
      const handed = await work.handOver(one);
      if (handed === undefined) {
        keep.push(...old.regions.map(({ id }) => id));
        spans.push(...old.spans);
        continue;
      }
      replaced.push(...old.regions);
      replacedPacked.push(...idsOf(old.spans));
      spans.push(...successors.spans);
      errorBound += handed.bound;
      if (iosOf(handed.counted) > 0n) carried = addCounters(carried ?? ZERO_COUNTERS, handed.counted);
    }
    for (const region of grown) {
      const { counted, ...rest } = await work.firstOf(region, first);
      missed += rest.missed;
      errorBound += rest.bound;
      credited += sectorsOf(counted);
      if (iosOf(counted) > 0n) carried = addCounters(carried ?? ZERO_COUNTERS, counted);
    }
    signal?.throwIfAborted();
    members = [...keep, ...work.created.map(({ id }) => id)].sort((a, b) => a - b);
    const { alias, userData, tagForm } = group;
    const packed = packing === undefined ? group.packed : { word: packing.word, ids: idsOf(spans) };
    now = { alias, members, userData, carried, missed: group.missed + missed, tagForm, ...(packed && { packed }) };
    const changed = work.created.length + replaced.length + group.missing.length + replacedPacked.length > 0;
    if (changed && members.length > 0) await stats.writeGroup(now);
  } catch (error) {
    await deleteRegions(stats, [...work.created.map(({ id }) => id), ...work.createdPacked]);
    throw error;
  }
  const [id = group.id] = members;
  // The old leader first: as long as it is there with its tag, it claims the members too.
  if (id !== group.id && keep.includes(group.id)) await tryHard(() => stats.setAux(group.id, ''));
  const leaving = [...replaced.map((region) => region.id), ...replacedPacked].sort((a, b) => a - b);
  const undeleted = await deleteRegions(stats, leaving);
  const gone = new Set(undeleted.map((region) => region.id));
  return {
    group: { id, missing: [], ...now },
    created: [...work.created.map((region) => region.id), ...work.createdPacked],
    deleted: leaving.filter((region) => !gone.has(region)),
    undeleted,
    errorBound,
    credited,
    missed,
  };
}
