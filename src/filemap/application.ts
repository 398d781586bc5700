import { ERRNO } from '../kernel/errno.ts';
import { DmError } from '../mapper/errors.ts';
import { type Counters, notNegative, subtractCounters, sumCounters } from '../stats/counters.ts';
import type { DeviceStats } from '../stats/device-stats.ts';
import { addBounds, distanceOf, type ErrorBound, isExact, NO_ERROR, shortfallOf } from '../stats/error-bound.ts';
import { formatMark, type Generation } from '../stats/generation.ts';
import type { Group } from '../stats/group.ts';
import type { PackedSpan } from '../stats/packed.ts';
import { type BoundedCounters, fileCounts, readSpan, sumBounded } from '../stats/packed-counts.ts';
import type { Region, RegionSpec } from '../stats/region.ts';
import { deleteRegions, tryHard, type Undeleted } from './delete-regions.ts';
import type { Range } from './extents.ts';
import { leastRaced } from './least-raced.ts';
import { clearLeftovers, leftoversOf, restrictTo } from './leftovers.ts';
import type { SpanPlan } from './packing/pack.ts';
import { createSpan, idsOf } from './packing/span.ts';

/** What a region of a filemap is besides its range. */
export type RegionOptions = Pick<RegionSpec, 'programId' | 'precise' | 'bounds'>;

// With four I/Os in flight all the time one reading in eleven was exact, on 6.1 in an emulator on a busy machine: ten
// times were enough for 24 of 40 hand-overs, 80 for 347 of 400, 400 for 399. Of many regions a single reading is long, and
// none will be.
const LEAST_READS = 10;
const PRINTS = 2000;

/** How often a hand-over is read for an exact moment. */
const readsFor = (prints: number): number => Math.max(LEAST_READS, Math.floor(PRINTS / prints));

interface HandedOver {
  readonly counted: Counters;
  readonly error: ErrorBound;
}

interface Read {
  readonly counters: Counters;
  readonly error: ErrorBound;
}

/** What counts for the file together. */
interface Counting {
  readonly regions: readonly Region[];
  readonly spans: readonly PackedSpan[];
}

const printsOf = ({ regions, spans }: Counting): number => regions.length + idsOf(spans).length;

/** What leaves and what takes its place. */
export interface HandOver {
  readonly old: Counting;
  readonly successors: Counting;
  /** Whether the old may stay when no exact moment is found. */
  readonly optional: boolean;
}

/** Regions of one group on their way in and out. */
export class Application {
  readonly #stats: DeviceStats;
  readonly #options: RegionOptions;
  readonly #group: Group;
  readonly #mark: string;
  readonly #signal: AbortSignal | undefined;
  /** The ids that the group's tag names. */
  readonly #ids: ReadonlySet<number>;
  created: Region[] = [];
  /** Packed regions, also of spans that are not complete. */
  createdPacked: number[] = [];

  constructor(
    stats: DeviceStats,
    options: RegionOptions,
    group: Group & { readonly generation: Generation },
    signal: AbortSignal | undefined,
  ) {
    this.#stats = stats;
    this.#options = options;
    this.#group = group;
    this.#mark = formatMark(group.generation);
    this.#signal = signal;
    this.#ids = new Set([...group.members, ...(group.packed?.ids ?? [])]);
  }

  async create({ start, length }: Range): Promise<Region> {
    this.#signal?.throwIfAborted();
    const range = { start, length };
    const aux = this.#mark;
    const id = await this.#stats.createRegion({ ...this.#options, range, aux });
    await this.#checkFree(id);
    const { programId, precise = false, bounds = [] } = this.#options;
    const region = { id, ...range, step: range.length, programId, aux, precise, bounds };
    this.created.push(region);
    return region;
  }

  async createSpan(plan: SpanPlan, word: string): Promise<PackedSpan> {
    this.#signal?.throwIfAborted();
    return createSpan(this.#stats, plan, word, this.#options, async (id) => {
      await this.#checkFree(id);
      this.createdPacked.push(id);
    });
  }

  /** What bears an id that the tag names goes at once: it is counted as long as it is there. */
  async #checkFree(id: number): Promise<void> {
    if (!this.#ids.has(id)) return;
    await deleteRegions(this.#stats, [id]);
    throw this.#gone(id);
  }

  #gone(id: number): DmError {
    const reason = `somebody has deleted region ${id} of group ${this.#group.id} while it was to change`;
    return new DmError({ op: '@stats_create', errno: ERRNO.ENOENT, device: this.#stats.device, reason });
  }

  /** Takes back what was made. */
  async discard(
    { regions, packed }: { readonly regions: readonly Region[]; readonly packed: readonly number[] } = {
      regions: this.created,
      packed: this.createdPacked,
    },
  ): Promise<void> {
    const ids = new Set(regions.map(({ id }) => id));
    await this.end(this.#group, ids);
    await deleteRegions(this.#stats, packed);
    this.created = this.created.filter(({ id }) => !ids.has(id));
    this.createdPacked = this.createdPacked.filter((id) => !packed.includes(id));
  }

  /** Marks those of the group's regions that leave and are still there, so that they are known when the tag is written. */
  async mark(leaving: readonly Region[]): Promise<void> {
    if (leaving.length === 0) return;
    // An id is reused at once: only the list tells whether it is still that region's.
    const listed = new Map((await this.#stats.list(this.#options.programId)).regions.map((one) => [one.id, one]));
    for (const { id, start, length } of leaving) {
      const now = listed.get(id);
      // The leader is known by its tag.
      if (id === this.#group.id || now?.start !== start || now.length !== length) continue;
      await this.#stats.setAux(id, this.#mark);
    }
  }

  /** Ends what is begun, as the group's tag has it now: the rest of those regions goes. */
  async end(group: Group, ids: ReadonlySet<number>): Promise<Undeleted[]> {
    let list: Uint8Array = new Uint8Array(0);
    // What is left even so is for the next one who looks.
    await tryHard(async () => {
      list = await this.#stats.listBytes();
    });
    return clearLeftovers(this.#stats, restrictTo(leftoversOf(list, group), ids));
  }

  /**
   * What regions that leave had counted and their successors have not. The successors started exact, since the kernel
   * drains the device at creation; when their readings before and after that of the old ones are equal, no I/O ended
   * in between and the difference is exact.
   *
   * @returns undefined when an optional replacement cannot be exact: its successors are gone again
   */
  async handOver({ old, successors, optional }: HandOver): Promise<HandedOver | undefined> {
    const reads = readsFor(printsOf(old) + 2 * printsOf(successors));
    const { before, counted, moved } = await leastRaced(reads, async () => {
      const before = await this.#read(successors);
      const counted = await this.#readThere(old);
      return { before, counted, moved: distanceOf((await this.#read(successors)).counters, before.counters) };
    });
    if (optional && !isExact(moved)) {
      await this.discard({ regions: successors.regions, packed: idsOf(successors.spans) });
      return undefined;
    }
    const carried = subtractCounters(counted.counters, before.counters);
    // Less than the successors counted since they are there: somebody cleared the old ones meanwhile.
    const error = [before.error, counted.error, shortfallOf(carried)].reduce(addBounds, moved);
    return { counted: notNegative(carried), error };
  }

  /** What a region has counted that this made. */
  async counters(region: Region): Promise<Counters> {
    return this.#stats.counters(region);
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
