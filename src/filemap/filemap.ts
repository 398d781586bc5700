import type { DeviceNumber } from '../kernel/dm-ioctl.ts';
import type { DeviceMapper } from '../mapper/device-mapper.ts';
import { DmError, UsageError } from '../mapper/errors.ts';
import type { Nanoseconds } from '../mapper/units.ts';
import { DeviceStats } from '../stats/device-stats.ts';
import type { GroupTagForm } from '../stats/group-tag.ts';
import { hasCode } from '../system/errors.ts';
import { type Applied, applyPlan, deleteRegions } from './apply.ts';
import { type Extents, mapExtents, rangesOf } from './extents.ts';
import type { FileView } from './file-view.ts';
import { type MatchedFilemap, matchFilemap } from './match.ts';
import { ANCHOR, type Plan, planUpdate } from './plan.ts';

/** How a file is mapped. */
export interface FilemapOptions {
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
  readonly signal?: AbortSignal;
}

/** A file that is mapped. */
export interface Filemap {
  readonly device: DeviceNumber;
  /** Undefined when no group was wanted. */
  readonly groupId: number | undefined;
  /** Ascending. */
  readonly regionIds: readonly number[];
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

const BTRFS_MAGIC = 0x9123683e;
const OVERLAYFS_MAGIC = 0x794c7630;

/** Why a file on this device cannot be mapped. */
export function notOnDeviceMapper({ major, minor }: DeviceNumber): UsageError {
  return new UsageError(
    `Cannot map file: not a device-mapper device (its file system is on ${major}:${minor}); ` +
      'the file system must lie directly on a device-mapper volume',
  );
}

/**
 * Checks that a file can be mapped at all.
 *
 * @throws UsageError saying why not and what to do instead
 */
export async function checkMappable(
  dm: DeviceMapper,
  file: Pick<FileView, 'facts' | 'fileSystem'>,
): Promise<DeviceNumber> {
  const { isRegular, device } = file.facts();
  if (!isRegular) throw new UsageError('Cannot map file: not a regular file');
  const magic = file.fileSystem();
  if (magic === BTRFS_MAGIC) {
    throw new UsageError(
      'Cannot map file: btrfs does not provide physical FIEMAP extent data; use ext4 or xfs, or count the whole device',
    );
  }
  if (magic === OVERLAYFS_MAGIC) {
    throw new UsageError(
      'Cannot map file: it lies on an overlay; map the file in the upper or lower folder that holds its data',
    );
  }
  try {
    await dm.info(device);
  } catch (error) {
    if (!DmError.is(error, 'ENXIO')) throw error;
    throw notOnDeviceMapper(device);
  }
  return device;
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
    throw new UsageError('Cannot map file: its file system does not tell where data lies (FIEMAP)');
  }
}

/**
 * Creates one region for each extent of a file, and a group of them. A failure deletes what was created. A file
 * without data gets a region that counts nothing (`ANCHOR`), so that its group can be followed from the start.
 *
 * @throws UsageError when the file cannot be mapped; DmError the kernel's refusal
 */
export async function createFilemap(dm: DeviceMapper, file: FileView, options: FilemapOptions): Promise<Filemap> {
  const device = await checkMappable(dm, file);
  const { runs, notes } = await readExtents(file, options.sync ?? true);
  if (runs.length === 0 && notes.length > 0) throw new UsageError(`Cannot map file: ${notes.join('; ')}`);
  const stats = new DeviceStats(dm, device);
  const { programId, precise = false, bounds = [], alias = '', group = true, tagForm = 'quoted' } = options;
  const ids: number[] = [];
  try {
    for (const range of runs.length === 0 ? [ANCHOR] : rangesOf(runs)) {
      options.signal?.throwIfAborted();
      ids.push(await stats.createRegion({ range, programId, precise, bounds }));
    }
    ids.sort((a, b) => a - b);
    options.signal?.throwIfAborted();
    if (group) await stats.writeGroup({ alias, members: ids, userData: '', carried: undefined, tagForm });
  } catch (error) {
    await deleteRegions(stats, ids);
    throw error;
  }
  return { device, groupId: group ? ids[0] : undefined, regionIds: ids, notes };
}

/** What an update would do, nothing done yet. */
export interface PlannedUpdate {
  readonly stats: DeviceStats;
  readonly filemap: MatchedFilemap;
  readonly extents: Extents;
  readonly plan: Plan;
  /** The device's list that the plan was made from. */
  readonly list: Uint8Array;
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
  { groupId, sync = true, maxPieces = MAX_PIECES }: UpdateOptions,
): Promise<PlannedUpdate | undefined> {
  const stats = new DeviceStats(dm, file.facts().device);
  const extents = await readExtents(file, sync);
  const list = await stats.listBytes();
  const filemap = matchFilemap(list, groupId, extents.runs);
  if (filemap === undefined) return undefined;
  // An empty file's region stays only where there is nothing else to hold the group together.
  const isEmpty = extents.runs.length === 0;
  const rest = planUpdate(filemap.regions, rangesOf(filemap.runs), groupId, maxPieces, isEmpty);
  return { stats, filemap, extents, list, plan: { ...rest, keep: [...filemap.same, ...rest.keep] } };
}

/**
 * Brings a filemap's regions in line with its file's extents. What did not change is not touched; new regions are
 * there before old ones go; what old ones counted is carried by the group.
 *
 * @throws UsageError when the file cannot be mapped or the group does not exist; DmError the kernel's refusal
 */
export async function updateFilemap(dm: DeviceMapper, file: FileView, options: UpdateOptions): Promise<FilemapUpdate> {
  const device = await checkMappable(dm, file);
  const planned = await planFilemapUpdate(dm, file, options);
  if (planned === undefined) {
    throw new UsageError(`Group ID ${options.groupId} does not exist on ${device.major}:${device.minor}`);
  }
  const { stats, filemap, extents, plan } = planned;
  const { group, ...applied } = await applyPlan(stats, filemap.group, plan, filemap.options, {
    signal: options.signal,
  });
  return { ...applied, groupId: group.id, regionIds: group.members, notes: extents.notes };
}
