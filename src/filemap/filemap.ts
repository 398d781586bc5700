import { keyOf } from '../devices/table-uses.ts';
import type { DeviceNumber } from '../kernel/dm-ioctl.ts';
import type { DeviceMapper } from '../mapper/device-mapper.ts';
import { UsageError } from '../mapper/errors.ts';
import type { Nanoseconds } from '../mapper/units.ts';
import { DeviceStats } from '../stats/device-stats.ts';
import type { GroupTagForm } from '../stats/group-tag.ts';
import { type StatsMemory, statsMemory } from '../stats/memory.ts';
import { PACKED_PROGRAM, type PackedIds, type PackedSpan } from '../stats/packed.ts';
import { hasCode } from '../system/errors.ts';
import { type Applied, applyPlan } from './apply.ts';
import { deleteRegions } from './delete-regions.ts';
import { type Extents, mapExtents, rangesOf } from './extents.ts';
import { deviceOf, type FileView } from './file-view.ts';
import { clearLeftovers, leftoversOf } from './leftovers.ts';
import { type MatchedFilemap, matchFilemap, packedIdsIn, regionsOfProgram } from './match.ts';
import { type Mapping, planMapping, type RegionLimit } from './packing/mapping.ts';
import { DEFAULT_MAX_REGIONS } from './packing/pack.ts';
import { type PackedState, packedState, repackAll, repackBroken, splitBySpans } from './packing/repack.ts';
import { createSpan, newWord } from './packing/span.ts';
import { ANCHOR, type Plan, planUpdate } from './plan.ts';
import { checkFileSystem, notOnDeviceMapper, withoutFiemap } from './refusals.ts';
import { mappedName } from './stack/nodes.ts';

/** How a file is mapped. */
export interface FilemapOptions extends RegionLimit {
  /** Who the regions belong to. */
  readonly programId: string;
  /** The group's name, normally the file's. */
  readonly alias?: string;
  /** Make a group of the regions (default) or leave them single. */
  readonly group?: boolean;
  /** How the group's tag is written; see `groupTagForm`. Default `quoted`. */
  readonly tagForm?: GroupTagForm;
  readonly precise?: boolean;
  readonly bounds?: readonly Nanoseconds[];
  /** Have data written back that has no blocks yet (default), or map only what has blocks now. */
  readonly sync?: boolean;
  /** What statistics may take; default: this machine's. */
  readonly memory?: StatsMemory;
  /** See `checkMappable`. */
  readonly level?: DeviceNumber | undefined;
  readonly signal?: AbortSignal;
}

/** What of the options decides which regions a file gets. */
export type PlanOptions = Pick<FilemapOptions, 'group' | 'bounds' | 'sync' | 'memory' | 'level' | keyof RegionLimit>;

/** How a file would be mapped, nothing done yet. */
export interface PlannedFilemap {
  readonly device: DeviceNumber;
  readonly mapping: Mapping;
  /** Whether data still waits for its blocks. */
  readonly pending: boolean;
  readonly notes: readonly string[];
}

/** A file that is mapped. */
export interface Filemap {
  readonly device: DeviceNumber;
  readonly mapping: Mapping;
  /** Undefined when no group was wanted. */
  readonly groupId: number | undefined;
  /** Those with an extent each; ascending. */
  readonly regionIds: readonly number[];
  /** Those that extents share; absent when there are none. */
  readonly packed?: PackedIds;
  /** What the user should know: parts that could not be mapped, shared or rounded extents. One line each. */
  readonly notes: readonly string[];
}

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
  readonly signal?: AbortSignal;
}

/** What an update did. */
export interface FilemapUpdate extends Omit<Applied, 'group'> {
  /** May differ from the one asked for, when the leader's extent is gone. */
  readonly groupId: number;
  readonly regionIds: readonly number[];
  readonly notes: readonly string[];
}

/** Regions in one extent, besides the leader, beyond which growth is tidied up. */
export const MAX_PIECES = 8;

/**
 * Checks that a file can be mapped at all, and finds where.
 *
 * @param level the device whose sectors are to be counted; default: the uppermost of device-mapper's that has the data
 * @returns the device
 * @throws UsageError saying why not and what to do instead
 */
export async function checkMappable(
  dm: DeviceMapper,
  file: Pick<FileView, 'facts' | 'fileSystem' | 'isRealtime' | 'locate'>,
  level?: DeviceNumber,
): Promise<DeviceNumber> {
  const { isRegular, device } = file.facts();
  if (!isRegular) throw new UsageError('Cannot map file: not a regular file');
  if (file.locate !== undefined) return file.locate(dm, level);
  checkFileSystem(file.fileSystem(), () => file.isRealtime?.() === true);
  if ((await mappedName(dm, device)) === undefined) throw notOnDeviceMapper(device);
  if (level === undefined || keyOf(level) === keyOf(device)) return device;
  throw new UsageError(`Cannot map file on ${keyOf(level)}: its extents are only known on ${keyOf(device)}`);
}

/**
 * A file's extents as sectors of its device.
 *
 * @param sync write the file back, but only when data waits for its blocks: mapping must not change how a file is
 *   laid out unless somebody wants that
 */
export async function readExtents(file: FileView, sync: boolean): Promise<Extents> {
  try {
    const read = async (options: { readonly sync?: boolean }): Promise<Extents> =>
      file.mapped === undefined ? mapExtents(await file.extents(options)) : file.mapped(options);
    const extents = await read({});
    return extents.pending && sync ? read({ sync: true }) : extents;
  } catch (error) {
    if (!hasCode(error, 'EOPNOTSUPP', 'ENOTSUP', 'ENOTTY')) throw error;
    throw withoutFiemap();
  }
}

/**
 * Plans which regions a file's extents get.
 *
 * @throws UsageError when the file cannot be mapped, or not at the price that is allowed
 */
export async function planFilemap(dm: DeviceMapper, file: FileView, options: PlanOptions): Promise<PlannedFilemap> {
  const device = await checkMappable(dm, file, options.level);
  const { runs, pending, notes, later = 0 } = await readExtents(file, options.sync ?? true);
  if (runs.length === 0 && notes.length > 0 && later === 0)
    throw new UsageError(`Cannot map file: ${notes.join('; ')}`);
  const { group = true, bounds = [], memory = statsMemory() } = options;
  // What extents share says nothing without a group.
  const limit = group ? options : { maxRegions: Number.POSITIVE_INFINITY };
  return { device, mapping: planMapping(runs, limit, bounds.length, memory), pending, notes };
}

/**
 * Creates one region for each extent of a file, or regions that extents share where there are many, and a group of them.
 * A failure deletes what was created. A file without data gets a region that counts nothing (`ANCHOR`), so that its
 * group can be followed from the start.
 *
 * @throws UsageError when the file cannot be mapped; DmError the kernel's refusal
 */
export async function createFilemap(dm: DeviceMapper, file: FileView, options: FilemapOptions): Promise<Filemap> {
  const planned = await planFilemap(dm, file, options);
  const { single, spans } = planned.mapping.packing;
  const stats = new DeviceStats(dm, planned.device);
  const { programId, precise = false, bounds = [], alias = '', group = true, tagForm = 'quoted' } = options;
  const ids: number[] = [];
  const packed = { word: newWord(), ids: [] as number[] };
  try {
    for (const range of single.length === 0 ? [ANCHOR] : rangesOf(single)) {
      options.signal?.throwIfAborted();
      ids.push(await stats.createRegion({ range, programId, precise, bounds }));
    }
    for (const span of spans) {
      options.signal?.throwIfAborted();
      await createSpan(stats, span, packed.word, { programId, precise, bounds }, (id) => packed.ids.push(id));
    }
    ids.sort((a, b) => a - b);
    packed.ids.sort((a, b) => a - b);
    options.signal?.throwIfAborted();
    if (group) await stats.writeGroup({ alias, members: ids, userData: '', carried: undefined, packed, tagForm });
  } catch (error) {
    await deleteRegions(stats, [...ids, ...packed.ids]);
    throw error;
  }
  const { device, mapping, notes } = planned;
  const map = { device, mapping, notes, groupId: group ? ids[0] : undefined, regionIds: ids };
  return packed.ids.length === 0 ? map : { ...map, packed };
}

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
  if (filemap === undefined) return undefined;
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

const NOT_PACKED: PackedState = { spans: [], stray: [] };

/**
 * Brings a filemap's regions in line with its file's extents. What did not change is not touched; new regions are
 * there before old ones go; what old ones counted is carried by the group.
 *
 * @throws UsageError when the file cannot be mapped or the group does not exist; DmError the kernel's refusal
 */
export async function updateFilemap(dm: DeviceMapper, file: FileView, options: UpdateOptions): Promise<FilemapUpdate> {
  const device = await checkMappable(dm, file, options.level);
  const planned = await planFilemapUpdate(dm, file, options);
  if (planned === undefined) {
    throw new UsageError(`Group ID ${options.groupId} does not exist on ${device.major}:${device.minor}`);
  }
  const { stats, filemap, extents, plan, list } = planned;
  const left = options.alone === true ? await clearLeftovers(stats, leftoversOf(list, filemap.group)) : [];
  const { group, ...applied } = await applyPlan(stats, filemap.group, plan, filemap.options, {
    signal: options.signal,
  });
  const undeleted = [...left, ...applied.undeleted];
  return { ...applied, undeleted, groupId: group.id, regionIds: group.members, notes: extents.notes };
}
