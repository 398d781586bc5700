import { DmError } from '../mapper/errors.ts';
import { addCounters, type Counters, subtractCounters, sumCounters, ZERO_COUNTERS } from '../stats/counters.ts';
import type { DeviceStats } from '../stats/device-stats.ts';
import {
  addBounds,
  distanceOf,
  type ErrorBound,
  isExact,
  NO_ERROR,
  shortfallOf,
  volumeOf,
} from '../stats/error-bound.ts';
import { formatMark, type Generation, nextGeneration } from '../stats/generation.ts';
import type { Group } from '../stats/group.ts';
import type { PackedSpan } from '../stats/packed.ts';
import { type BoundedCounters, fileCounts, readSpan, sumBounded } from '../stats/packed-counts.ts';
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
  /** What may be missing or counted twice in what is carried from now on; zero when no I/O raced a hand-over. */
  readonly error: ErrorBound;
  /** Sectors read or written before their region was there, and counted all the same. */
  readonly credited: bigint;
  /** Sectors that got a region without anything that could have held their first I/O. */
  readonly missed: bigint;
}

// 1 to 5 were needed under continuous I/O on 6.1 and 6.12.
const HANDOVER_READS = 10;

interface First {
  readonly counted: Counters;
  readonly missed: bigint;
  readonly error: ErrorBound;
}

interface HandedOver {
  readonly counted: Counters;
  readonly error: ErrorBound;
}

const NOTHING_FIRST: First = { counted: ZERO_COUNTERS, missed: 0n, error: NO_ERROR };

interface Read {
  readonly counters: Counters;
  readonly error: ErrorBound;
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

/** Regions of one group on their way in, and what they take over. */
class Application {
  readonly #stats: DeviceStats;
  readonly #options: RegionOptions;
  readonly #mark: string;
  readonly #signal: AbortSignal | undefined;
  created: Region[] = [];
  /** Packed regions, also of spans that are not complete. */
  createdPacked: number[] = [];

  constructor(stats: DeviceStats, options: RegionOptions, generation: Generation, signal: AbortSignal | undefined) {
    this.#stats = stats;
    this.#options = options;
    this.#mark = formatMark(generation);
    this.#signal = signal;
  }

  async create(range: Range): Promise<Region> {
    this.#signal?.throwIfAborted();
    const aux = this.#mark;
    const id = await this.#stats.createRegion({ ...this.#options, range, aux });
    const { programId, precise = false, bounds = [] } = this.#options;
    const region = { id, ...range, step: range.length, programId, aux, precise, bounds };
    this.created.push(region);
    return region;
  }

  async createSpan(plan: SpanPlan, word: string): Promise<PackedSpan> {
    this.#signal?.throwIfAborted();
    return createSpan(this.#stats, plan, word, this.#options, (id) => this.createdPacked.push(id));
  }

  /** Takes back what was made. */
  async discard(
    { regions, packed }: { readonly regions: readonly Region[]; readonly packed: readonly number[] } = {
      regions: this.created,
      packed: this.createdPacked,
    },
  ): Promise<void> {
    const ids = new Set([...regions.map(({ id }) => id), ...packed]);
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
      const before = await this.#read(successors);
      const counted = await this.#readThere(old);
      const moved = distanceOf((await this.#read(successors)).counters, before.counters);
      if (isExact(moved) || (attempt === HANDOVER_READS && !optional)) {
        const carried = subtractCounters(counted.counters, before.counters);
        // Less than the successors counted since they are there: somebody cleared the old ones meanwhile.
        const error = [before.error, counted.error, shortfallOf(carried)].reduce(addBounds, moved);
        return { counted: notNegative(carried), error };
      }
      if (attempt < HANDOVER_READS) continue;
      await this.discard({ regions: successors.regions, packed: idsOf(successors.spans) });
      return undefined;
    }
  }

  /** What was counted on a region's sectors before it was there. The new region started exact, as at a hand-over. */
  async firstOf(region: Region, first: FirstCounts | undefined): Promise<First> {
    if (isAnchor(region)) return NOTHING_FIRST;
    const { start, length } = region;
    const alone = { regions: [region], spans: [] };
    for (let attempt = 1; ; attempt++) {
      const before = (await this.#read(alone)).counters;
      const held = await first?.held({ start: Number(start), end: Number(start + length) });
      if (held === undefined || held.sectors === 0) return { ...NOTHING_FIRST, missed: length };
      const after = (await this.#read(alone)).counters;
      const moved = distanceOf(after, before);
      if (!isExact(moved) && attempt < HANDOVER_READS) continue;
      const missed = length - BigInt(held.sectors);
      // What the region counted is in the areas too, as far as they reach: where they do not, less is credited than was.
      return {
        counted: notNegative(subtractCounters(held.counted, after)),
        missed,
        error: missed > 0n ? addBounds(moved, volumeOf(after)) : moved,
      };
    }
  }

  /** @throws DmError ENOENT when somebody deleted one: what it was to take over would be lost */
  async #read({ regions, spans }: Counting): Promise<Read> {
    const shared: BoundedCounters[] = [];
    for (const span of spans) shared.push(fileCounts(await readSpan(this.#stats, span)));
    const own: Counters[] = [];
    for (const region of regions) own.push(await this.#stats.counters(region));
    const { counters, bound } = sumBounded(shared);
    return {
      counters: sumCounters([...own, counters]),
      error: { sectors: 0n, ios: bound.reads + bound.writes },
    };
  }

  /** Of those that are still there: what others delete is gone with what it counted. */
  async #readThere({ regions, spans }: Counting): Promise<Read> {
    const readings: Read[] = [];
    const pieces: Counting[] = [
      ...regions.map((region) => ({ regions: [region], spans: [] })),
      ...spans.map((span) => ({ regions: [], spans: [span] })),
    ];
    for (const piece of pieces) {
      try {
        readings.push(await this.#read(piece));
      } catch (error) {
        if (!DmError.is(error, 'ENOENT')) throw error;
      }
    }
    return {
      counters: sumCounters(readings.map(({ counters }) => counters)),
      error: readings.map(({ error }) => error).reduce(addBounds, NO_ERROR),
    };
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

const hasIos = ({ reads, writes }: Counters): boolean => reads + writes > 0n;

/**
 * Carries out a plan: first everything new is created, then the group's tag changes in one step, with the counters that
 * are carried from now on, then what left is deleted. A failure before the tag changes takes back what was created and
 * leaves the group as it was. A process that is killed leaves regions with the group's mark, see `clearLeftovers`.
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
  const generation = group.generation ?? nextGeneration(undefined);
  const { packing } = plan;
  const packedChanges = packing === undefined ? 0 : packing.repack.length + packing.stray.length;
  const changes = plan.create.length + plan.replace.length + group.missing.length + packedChanges > 0;
  // Before any mark: a tag without the line would not say whose it is.
  if (changes && group.generation === undefined && group.members.length > 0)
    await stats.writeGroup({ ...group, generation });
  const work = new Application(stats, options, generation, signal);
  const replaced: Region[] = [];
  const keep = [...plan.keep];
  const spans = [...(packing?.keep ?? [])];
  const repacks = packing?.repack.map((repack) => ({ ...repack, word: packing.word })) ?? [];
  const replacedPacked: number[] = [...(packing?.stray ?? [])];
  let carried = group.carried;
  let error = NO_ERROR;
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
      error = addBounds(error, handed.error);
      if (hasIos(handed.counted)) carried = addCounters(carried ?? ZERO_COUNTERS, handed.counted);
    }
    for (const region of grown) {
      const { counted, ...rest } = await work.firstOf(region, first);
      missed += rest.missed;
      error = addBounds(error, rest.error);
      credited += volumeOf(counted).sectors;
      if (hasIos(counted)) carried = addCounters(carried ?? ZERO_COUNTERS, counted);
    }
    signal?.throwIfAborted();
    members = [...keep, ...work.created.map(({ id }) => id)].sort((a, b) => a - b);
    const packed = packing === undefined ? group.packed : { word: packing.word, ids: idsOf(spans) };
    const isChanged = work.created.length + replaced.length + group.missing.length + replacedPacked.length > 0;
    now = {
      ...group,
      members,
      carried,
      missed: group.missed + missed,
      error: addBounds(group.error, error),
      generation: isChanged ? nextGeneration(generation) : group.generation,
      ...(packed && { packed }),
    };
    if (isChanged && members.length > 0) {
      // The former leader is known by its tag.
      for (const { id } of replaced) if (id !== group.id) await ifThere(() => stats.setAux(id, formatMark(generation)));
      await stats.writeGroup(now);
    }
  } catch (failure) {
    await work.discard();
    throw failure;
  }
  const [id = group.id] = members;
  const marked = [...work.created.map((region) => region.id), ...keep.filter((kept) => kept === group.id)];
  for (const member of marked) if (member !== id) await tryHard(() => stats.setAux(member, ''));
  const leaving = [...replaced.map((region) => region.id), ...replacedPacked].sort((a, b) => a - b);
  const undeleted = await deleteRegions(stats, leaving);
  const gone = new Set(undeleted.map((region) => region.id));
  return {
    group: { ...now, id, missing: [] },
    created: [...work.created.map((region) => region.id), ...work.createdPacked],
    deleted: leaving.filter((region) => !gone.has(region)),
    undeleted,
    error,
    credited,
    missed,
  };
}

async function ifThere(action: () => Promise<void>): Promise<void> {
  try {
    await action();
  } catch (error) {
    if (!DmError.is(error, 'ENOENT')) throw error;
  }
}
