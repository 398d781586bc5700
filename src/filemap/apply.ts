import { addCounters, type Counters, ZERO_COUNTERS } from '../stats/counters.ts';
import type { DeviceStats } from '../stats/device-stats.ts';
import { addBounds, type ErrorBound, NO_ERROR, volumeOf } from '../stats/error-bound.ts';
import { nextGeneration } from '../stats/generation.ts';
import type { Group } from '../stats/group.ts';
import type { PackedSpan } from '../stats/packed.ts';
import type { Region } from '../stats/region.ts';
import { Application, type HandOver, type RegionOptions } from './application.ts';
import { deleteRegions, type Undeleted } from './delete-regions.ts';
import { rangesOf, runsOf } from './extents.ts';
import { type FirstCounts, firstOf, type Grown } from './growth.ts';
import type { PackingPlan } from './packing/repack.ts';
import { idsOf } from './packing/span.ts';
import { changesNothing, type Plan } from './plan.ts';

export type { RegionOptions } from './application.ts';
export type { BesideCounts, FirstCounts, HeldCounts } from './growth.ts';

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

/** How many regions a group's tag names. */
const namesOf = ({ members, missing, packed }: Group): number =>
  members.length + missing.length + (packed?.ids.length ?? 0);

/** The group without what somebody has deleted of it. */
function withoutDeleted<G extends Group>(group: G, packing: PackingPlan | undefined): G {
  const { packed } = group;
  if (packed === undefined || packing === undefined) return { ...group, missing: [] };
  const spans = [...packing.keep, ...packing.repack.flatMap(({ oldSpans }) => oldSpans)];
  const ids = [...idsOf(spans), ...packing.stray].sort((a, b) => a - b);
  return { ...group, missing: [], packed: { ...packed, ids } };
}

const hasIos = ({ reads, writes }: Counters): boolean => reads + writes > 0n;

/** How a plan is carried out; see `applyPlan`. */
export interface ApplyOptions {
  readonly signal?: AbortSignal | undefined;
  readonly first?: FirstCounts | undefined;
  readonly hasOtherBins?: boolean;
}

/**
 * Carries out a plan: first everything new is created, then the group's tag changes in one step, with the counters that
 * are carried from now on, then what left is deleted. A failure before the tag changes takes back what was created and
 * leaves the group as it was. A process that is killed leaves regions with the group's mark, see `clearLeftovers`.
 *
 * @param group the group as just listed
 * @param how `first`: what may have held the first I/O of growth; without it, growth is missed up to now. `hasOtherBins`:
 *   the options' bounds are not those of the regions that leave; what is carried has no histogram then
 * @throws DmError the kernel's refusal, after the clean-up; the signal's reason when it fires
 */
export async function applyPlan(
  stats: DeviceStats,
  group: Group,
  plan: Plan,
  options: RegionOptions,
  { signal, first, hasOtherBins = false }: ApplyOptions = {},
): Promise<Applied> {
  if (changesNothing(plan) && group.missing.length === 0) return { ...NOTHING_APPLIED, group };
  const generation = group.generation ?? nextGeneration(undefined);
  const { packing } = plan;
  // By its line the group knows what a killed process has left of its first packing.
  const word = group.packed?.word ?? generation.line;
  const listed = withoutDeleted({ ...group, generation }, packing);
  // Before any mark, which a tag without the line would not know as its own. And before any creation: the kernel gives
  // the lowest free id, and what bears one that the tag names is counted from then on.
  if (group.generation === undefined || namesOf(listed) < namesOf(group)) await stats.writeGroup(listed);
  const work = new Application(stats, options, listed, signal);
  const replaced: Region[] = [];
  const keep = [...plan.keep];
  const spans = [...(packing?.keep ?? [])];
  const repacks = packing?.repack ?? [];
  const replacedPacked: number[] = [...(packing?.stray ?? [])];
  let carried = group.carried;
  let error = NO_ERROR;
  let credited = 0n;
  let missed = 0n;
  let now: Group;
  try {
    const grown: Grown[] = [];
    for (const range of plan.create) {
      const [run] = runsOf([range]);
      const beside = run && (await first?.beside?.(run));
      grown.push({ region: await work.create(range), beside });
    }
    const handOvers: HandOver[] = [];
    for (const { old, ranges, optional } of plan.replace) {
      const regions: Region[] = [];
      for (const range of ranges) regions.push(await work.create(range));
      handOvers.push({ old: { regions: old, spans: [] }, successors: { regions, spans: [] }, optional });
    }
    for (const { old, oldSpans, packing: target, optional } of repacks) {
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
    for (const one of grown) {
      const { counted, ...rest } = await firstOf(one, first, (region) => work.counters(region));
      missed += rest.missed;
      error = addBounds(error, rest.error);
      credited += volumeOf(counted).sectors;
      if (hasIos(counted)) carried = addCounters(carried ?? ZERO_COUNTERS, counted);
    }
    signal?.throwIfAborted();
    const members = [...keep, ...work.created.map(({ id }) => id)].sort((a, b) => a - b);
    const [id = group.id] = members;
    const packed = packing === undefined ? group.packed : { word, ids: idsOf(spans) };
    now = {
      ...listed,
      id,
      members,
      carried: hasOtherBins && carried !== undefined ? { ...carried, histogram: [] } : carried,
      missed: group.missed + missed,
      error: addBounds(group.error, error),
      ...(packed && { packed }),
    };
    if (work.created.length + work.createdPacked.length + replaced.length + replacedPacked.length > 0) {
      now = { ...now, generation: nextGeneration(generation) };
      await work.mark(replaced);
      await stats.writeGroup(now);
    }
  } catch (failure) {
    await work.discard();
    throw failure;
  }
  const created = work.created.map((region) => region.id);
  const leaving = replaced.map((region) => region.id);
  const undeleted = [
    ...(await work.end(now, new Set([...created, ...leaving, group.id]))),
    ...(await deleteRegions(stats, replacedPacked)),
  ];
  const left = new Set(undeleted.map((region) => region.id));
  return {
    group: now,
    created: [...created, ...work.createdPacked],
    deleted: [...leaving, ...replacedPacked].filter((id) => !left.has(id)).sort((a, b) => a - b),
    undeleted,
    error,
    credited,
    missed,
  };
}

const NOTHING_APPLIED: Omit<Applied, 'group'> = {
  created: [],
  deleted: [],
  undeleted: [],
  error: NO_ERROR,
  credited: 0n,
  missed: 0n,
};
