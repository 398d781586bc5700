import { DmError } from '../mapper/errors.ts';
import { addCounters, type Counters, subtractCounters, sumCounters, ZERO_COUNTERS } from '../stats/counters.ts';
import type { DeviceStats } from '../stats/device-stats.ts';
import type { Group } from '../stats/group.ts';
import type { Region, RegionSpec } from '../stats/region.ts';
import type { Range } from './extents.ts';
import type { Plan, Replacement } from './plan.ts';

/** What a region of a filemap is besides its range. */
export type RegionOptions = Pick<RegionSpec, 'programId' | 'precise' | 'bounds'>;

/** What `applyPlan` did. */
export interface Applied {
  /** The group as it is now: its id may have changed with its leader. */
  readonly group: Group;
  readonly created: readonly number[];
  readonly deleted: readonly number[];
  /** Regions outside the group that the kernel would not delete. */
  readonly undeleted: readonly { readonly region: Region; readonly error: Error }[];
  /** I/Os that may be missing or counted twice in what is carried; 0 when no I/O raced a hand-over. */
  readonly errorBound: bigint;
}

// A lower id than the leader's would change the group's id. Holes below it are filled for the moment instead, but each
// filling drains the device once: beyond this many the group's id may change.
const MAX_PLACEHOLDERS = 16;
// 1 to 5 were needed under continuous I/O on 6.1 and 6.12.
const HANDOVER_READS = 10;

const sectorsOf = (counters: Counters): bigint => counters.readSectors + counters.writeSectors;
const iosOf = (counters: Counters): bigint => counters.reads + counters.writes;

class Application {
  readonly #stats: DeviceStats;
  readonly #options: RegionOptions;
  readonly #signal: AbortSignal | undefined;
  readonly #leader: number;
  readonly placeholders: Region[] = [];
  readonly created: Region[] = [];

  constructor(stats: DeviceStats, leader: number, options: RegionOptions, signal: AbortSignal | undefined) {
    this.#stats = stats;
    this.#leader = leader;
    this.#options = options;
    this.#signal = signal;
  }

  async create(range: Range): Promise<Region> {
    for (;;) {
      this.#signal?.throwIfAborted();
      const id = await this.#stats.createRegion({ ...this.#options, range });
      const { programId, precise = false, bounds = [] } = this.#options;
      const region = { id, ...range, step: range.length, programId, aux: '', precise, bounds };
      if (id > this.#leader || this.placeholders.length >= MAX_PLACEHOLDERS) {
        this.created.push(region);
        return region;
      }
      this.placeholders.push(region);
    }
  }

  /** Takes back what was made; a region that is gone already is no error. */
  async discard(regions: readonly { readonly id: number }[]): Promise<void> {
    const ids = new Set(regions.map(({ id }) => id));
    await deleteRegions(this.#stats, ids);
    this.created.splice(0, Infinity, ...this.created.filter(({ id }) => !ids.has(id)));
  }

  /**
   * Successors for regions that leave, and what these had counted that the successors have not. The successors start
   * exact, since the kernel drains the device at creation; when their readings before and after that of the old ones
   * are equal, no I/O ended in between and the difference is exact.
   */
  async handOver({ old, ranges, optional }: Replacement): Promise<{ counted: Counters; bound: bigint } | undefined> {
    const successors: Region[] = [];
    for (const range of ranges) successors.push(await this.create(range));
    for (let attempt = 1; ; attempt++) {
      const before = await this.#read(successors);
      const counted = await this.#read(old);
      const after = await this.#read(successors);
      const moved = sectorsOf(after) - sectorsOf(before) + iosOf(after) - iosOf(before);
      if (moved === 0n) return { counted: notNegative(subtractCounters(counted, before)), bound: 0n };
      if (attempt < HANDOVER_READS) continue;
      if (!optional) return { counted: notNegative(subtractCounters(counted, before)), bound: moved };
      await this.discard(successors);
      return undefined;
    }
  }

  async #read(regions: readonly Region[]): Promise<Counters> {
    const readings: Counters[] = [];
    for (const region of regions) {
      try {
        readings.push(await this.#stats.counters(region));
      } catch (error) {
        if (!DmError.is(error, 'ENOENT')) throw error;
      }
    }
    return sumCounters(readings);
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

/** Deletes regions that may be gone already; tries all of them before it throws the first refusal. */
export async function deleteRegions(stats: DeviceStats, ids: Iterable<number>): Promise<void> {
  const errors: unknown[] = [];
  for (const id of ids) {
    try {
      await stats.deleteRegion(id);
    } catch (error) {
      if (!DmError.is(error, 'ENOENT')) errors.push(error);
    }
  }
  if (errors.length > 0) throw errors[0];
}

/**
 * Carries out a plan: first everything new is created, then the group's tag changes in one step, with the counters that
 * are carried from now on, then what left is deleted. A failure before the tag changes takes back what was created and
 * leaves the group as it was.
 *
 * @param group the group as just listed
 * @throws DmError the kernel's refusal, after the clean-up; the signal's reason when it fires
 */
export async function applyPlan(
  stats: DeviceStats,
  group: Group,
  plan: Plan,
  options: RegionOptions,
  { signal }: { readonly signal?: AbortSignal | undefined } = {},
): Promise<Applied> {
  const work = new Application(stats, group.id, options, signal);
  const replaced: Region[] = [];
  const keep = [...plan.keep];
  let carried = group.carried;
  let errorBound = 0n;
  let members: number[];
  let now: Omit<Group, 'id' | 'missing'>;
  try {
    for (const range of plan.create) await work.create(range);
    for (const replacement of plan.replace) {
      const handed = await work.handOver(replacement);
      if (handed === undefined) {
        keep.push(...replacement.old);
        continue;
      }
      replaced.push(...replacement.old);
      errorBound += handed.bound;
      if (iosOf(handed.counted) > 0n) carried = addCounters(carried ?? ZERO_COUNTERS, handed.counted);
    }
    signal?.throwIfAborted();
    members = [...keep, ...work.created].map(({ id }) => id).sort((a, b) => a - b);
    now = { alias: group.alias, members, userData: group.userData, carried, tagForm: group.tagForm };
    const changed = work.created.length + replaced.length + group.missing.length > 0;
    if (changed && members.length > 0) await stats.writeGroup(now);
  } catch (error) {
    // The first error is the one to tell; what could not be taken back says so in its own region's list line.
    await work.discard([...work.created, ...work.placeholders]).catch(() => {});
    throw error;
  }
  const undeleted: { region: Region; error: Error }[] = [];
  const [id = group.id] = members;
  const attempt = async (region: Region, action: () => Promise<void>): Promise<void> => {
    try {
      await action();
    } catch (error) {
      if (DmError.is(error, 'ENOENT')) return;
      undeleted.push({ region, error: error as Error });
    }
  };
  // The old leader first: as long as it is there, its tag claims the members.
  replaced.sort((a, b) => a.id - b.id);
  const oldLeader = keep.find((region) => region.id === group.id);
  if (oldLeader !== undefined && id !== group.id) await attempt(oldLeader, () => stats.setAux(group.id, ''));
  for (const region of replaced) await attempt(region, () => stats.deleteRegion(region.id));
  for (const region of work.placeholders) await attempt(region, () => stats.deleteRegion(region.id));
  const gone = new Set(undeleted.map(({ region }) => region.id));
  return {
    group: { id, missing: [], ...now },
    created: work.created.map((region) => region.id),
    deleted: replaced.map((region) => region.id).filter((region) => !gone.has(region)),
    undeleted,
    errorBound,
  };
}
