import type { DeviceNumber } from '../kernel/dm-ioctl.ts';
import type { DeviceMapper } from '../mapper/device-mapper.ts';
import { refText } from '../mapper/device-ref.ts';
import { UsageError } from '../mapper/errors.ts';
import { DeviceStats } from '../stats/device-stats.ts';
import { type StatsMemory, statsMemory } from '../stats/memory.ts';
import { movedTo } from '../stats/moving.ts';
import { PACKED_PROGRAM, type PackedSpan } from '../stats/packed.ts';
import { type Applied, applyPlan, type RegionOptions } from './apply.ts';
import { type Extents, rangesOf } from './extents.ts';
import { deviceOf, type FileView } from './file-view.ts';
import { checkMappable, readExtents } from './filemap.ts';
import { clearLeftovers, leftoversOf, settled } from './leftovers.ts';
import { type MatchedFilemap, matchFilemap, packedIdsIn, regionsOfProgram } from './match.ts';
import { moveFilemap } from './move.ts';
import { DEFAULT_MAX_REGIONS } from './packing/pack.ts';
import { type PackedState, packedState, repackAll, repackBroken, splitBySpans } from './packing/repack.ts';
import { type Plan, planUpdate } from './plan.ts';
import { hasSameBins, type Recount, recountAll, recounted } from './recount.ts';

/** How a filemap is brought up to date. */
export interface UpdateOptions {
  readonly groupId: number;
  /** Have data written back that has no blocks yet (default), or map only what has blocks now. */
  readonly sync?: boolean;
  /** See `planUpdate`. */
  readonly maxPieces?: number;
  /** Nobody else updates the group now: what a process that was killed has left of its changes is cleared away. */
  readonly alone?: boolean;
  /**
   * Regions beyond which extents share some. Default: `DEFAULT_MAX_REGIONS` where they do already, else they never do:
   * the group may be another program's.
   */
  readonly maxRegions?: number | undefined;
  /** Whether regions may be shared that need not be at once; default true. */
  readonly mayTidy?: boolean;
  /** What statistics may take; default: this machine's. */
  readonly memory?: StatsMemory | undefined;
  /** See `checkMappable`; only for `updateFilemap`. */
  readonly level?: DeviceNumber | undefined;
  /** The device that has the group; only for `updateFilemap`, which moves it to the file's (default) first. */
  readonly device?: DeviceNumber | undefined;
  /**
   * Count with other bounds or precision from now on. What was counted is carried, but for its histogram when the bins
   * are others. Only with `alone`: whoever follows the group has laid regions ahead as it was.
   */
  readonly recount?: Recount | undefined;
  readonly signal?: AbortSignal;
}

/** What an update did. */
export interface FilemapUpdate extends Omit<Applied, 'group'> {
  /** May differ from the one asked for, when the leader's extent is gone. */
  readonly groupId: number;
  /** Those with an extent each. */
  readonly regionIds: readonly number[];
  /** Those that extents share. */
  readonly packedIds: readonly number[];
  readonly notes: readonly string[];
}

/** Regions in one extent, besides the leader, beyond which growth is tidied up. */
export const MAX_PIECES = 8;

/** What an update would do, nothing done yet. */
export interface PlannedUpdate {
  readonly stats: DeviceStats;
  readonly filemap: MatchedFilemap;
  readonly extents: Extents;
  readonly plan: Plan;
  /** The device's list that the plan was made from. */
  readonly list: Uint8Array;
  /** The group's spans as they are. */
  readonly spans: readonly PackedSpan[];
}

/**
 * Plans an update.
 *
 * @returns undefined when the group does not exist on the file's device
 * @throws UsageError when the group is no filemap or the file's extents cannot be had
 */
export async function planFilemapUpdate(
  dm: DeviceMapper,
  file: FileView,
  { groupId, sync = true, maxPieces = MAX_PIECES, ...options }: UpdateOptions,
): Promise<PlannedUpdate | undefined> {
  const stats = new DeviceStats(dm, deviceOf(file));
  const extents = await readExtents(file, sync);
  const list = await stats.listBytes();
  const ids = packedIdsIn(list, groupId);
  const state = ids === undefined ? NOT_PACKED : packedState(regionsOfProgram(list, PACKED_PROGRAM), ids);
  const split = splitBySpans(extents.runs, state.spans);
  const filemap = matchFilemap(list, groupId, split.rest);
  if (filemap === undefined || (await movedTo(stats, filemap.group)) !== undefined) return undefined;
  // An empty file's region stays only where there is nothing else to hold the group together.
  const isEmpty = split.rest.length === 0;
  const rest = planUpdate(filemap.regions, rangesOf(filemap.runs), filemap.group.id, maxPieces, isEmpty);
  const plain = { ...rest, keep: [...filemap.same, ...rest.keep] };
  const planned = { stats, filemap, extents, list, spans: state.spans };
  const maxRegions = options.maxRegions ?? (ids === undefined ? undefined : DEFAULT_MAX_REGIONS);
  if (maxRegions === undefined) return { ...planned, plan: plain };
  const isFew = ids === undefined && plain.keep.length + plain.create.length <= maxRegions;
  if (isFew) return { ...planned, plan: plain };
  const { memory = statsMemory(), mayTidy = true } = options;
  const limits = { cpus: memory.cpus, bounds: filemap.options.bounds?.length ?? 0, maxRegions };
  const packing = {
    keep: split.intact,
    repack: repackBroken(split, limits),
    stray: state.stray,
  };
  const plan: Plan = { ...plain, packing };
  const regions = matchFilemap(list, groupId, [])?.regions ?? [];
  const all = repackAll(plan, { regions, spans: state.spans, runs: extents.runs }, limits, mayTidy);
  if (all === undefined) return { ...planned, plan };
  const { create, repack } = all;
  return {
    ...planned,
    plan: { keep: [], create, replace: [], packing: { ...packing, keep: [], repack: [repack] } },
  };
}

/** The plan for other options. All regions are parsed for it, which an update of a file with many otherwise never does. */
function recountPlan(
  { plan, list, filemap }: PlannedUpdate,
  { bounds = [] }: RegionOptions,
  { memory = statsMemory(), maxRegions = DEFAULT_MAX_REGIONS }: UpdateOptions,
): Plan {
  const all = matchFilemap(list, filemap.group.id, [])?.regions ?? [];
  return recountAll(plan, all, { cpus: memory.cpus, bounds: bounds.length, maxRegions });
}

const NOT_PACKED: PackedState = { spans: [], stray: [] };

/**
 * Brings a filemap's regions in line with its file's extents. What did not change is not touched; new regions are
 * there before old ones go; what old ones counted is carried by the group.
 *
 * @throws UsageError when the file cannot be mapped or the group does not exist; DmError the kernel's refusal
 */
export async function updateFilemap(dm: DeviceMapper, file: FileView, options: UpdateOptions): Promise<FilemapUpdate> {
  const device = await checkMappable(dm, file, options.level);
  const { device: at = device } = options;
  const groupId =
    refText(at) === refText(device)
      ? options.groupId
      : await moveFilemap(dm, file, new DeviceStats(dm, at), options.groupId, options);
  const planned = groupId === undefined ? undefined : await planFilemapUpdate(dm, file, { ...options, groupId });
  if (planned === undefined) throw new UsageError(`Group ID ${options.groupId} does not exist on ${refText(at)}`);
  const { stats, filemap, extents, list } = planned;
  const isAlone = options.alone === true;
  const wanted = recounted(filemap.options, options.recount ?? {});
  if (wanted !== filemap.options && !isAlone) {
    throw new UsageError(
      `Group ID ${filemap.group.id} is followed by a dmfilemapd, which lays regions ahead with the old bounds: end that first (dmfilemapd release, or SIGTERM)`,
    );
  }
  const plan = wanted === filemap.options ? planned.plan : recountPlan(planned, wanted, options);
  const left = isAlone ? await clearLeftovers(stats, leftoversOf(list, filemap.group)) : [];
  const before = isAlone ? settled(filemap.group) : filemap.group;
  const { group, ...applied } = await applyPlan(stats, before, plan, wanted, {
    signal: options.signal,
    hasOtherBins: !hasSameBins(wanted, filemap.options),
  });
  const undeleted = [...left, ...applied.undeleted];
  return {
    ...applied,
    undeleted,
    groupId: group.id,
    regionIds: group.members,
    packedIds: group.packed?.ids ?? [],
    notes: extents.notes,
  };
}
