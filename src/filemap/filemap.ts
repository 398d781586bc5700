import type { DeviceNumber } from '../kernel/dm-ioctl.ts';
import type { DeviceMapper } from '../mapper/device-mapper.ts';
import { DmError, UsageError } from '../mapper/errors.ts';
import type { Nanoseconds } from '../mapper/units.ts';
import { DeviceStats } from '../stats/device-stats.ts';
import type { Group, Listing } from '../stats/group.ts';
import type { GroupTagForm } from '../stats/group-tag.ts';
import { areaCount, type Region } from '../stats/region.ts';
import { hasCode } from '../system/errors.ts';
import { type Applied, applyPlan, deleteRegions, type RegionOptions } from './apply.ts';
import { type Extents, mapExtents } from './extents.ts';
import type { FileView } from './file-view.ts';
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
export async function checkMappable(dm: DeviceMapper, file: FileView): Promise<DeviceNumber> {
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
    const extents = mapExtents(await file.extents());
    return extents.pending && sync ? mapExtents(await file.extents({ sync: true })) : extents;
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
  const { ranges, notes } = await readExtents(file, options.sync ?? true);
  if (ranges.length === 0 && notes.length > 0) throw new UsageError(`Cannot map file: ${notes.join('; ')}`);
  const stats = new DeviceStats(dm, device);
  const { programId, precise = false, bounds = [], alias = '', group = true, tagForm = 'quoted' } = options;
  const ids: number[] = [];
  try {
    for (const range of ranges.length === 0 ? [ANCHOR] : ranges) {
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

/** A filemap's group and regions in a device's list. */
export interface FilemapState {
  readonly group: Group;
  readonly regions: readonly Region[];
  readonly options: RegionOptions;
}

/**
 * Finds a filemap in a device's list.
 *
 * @returns undefined when the group does not exist
 * @throws UsageError when the group was not made for a file: an update would destroy it
 */
export function findFilemap(listing: Listing, groupId: number): FilemapState | undefined {
  const group = listing.groups.find(({ id }) => id === groupId);
  const leader = listing.regions.find(({ id }) => id === groupId);
  if (group === undefined || leader === undefined) return undefined;
  const members = new Set(group.members);
  const regions = listing.regions.filter(({ id }) => members.has(id));
  const cut = regions.find((region) => areaCount(region) > 1);
  if (cut !== undefined) {
    throw new UsageError(`Group ID ${groupId} is no filemap: its region ${cut.id} has ${areaCount(cut)} areas`);
  }
  const { programId, precise, bounds } = leader;
  return { group, regions, options: { programId, precise, bounds } };
}

/**
 * The plan of an update, nothing done yet.
 *
 * @throws UsageError when the group does not exist on the file's device or is no filemap
 */
export async function planFilemapUpdate(
  dm: DeviceMapper,
  file: FileView,
  { groupId, sync = true, maxPieces = MAX_PIECES }: UpdateOptions,
): Promise<{ stats: DeviceStats; state: FilemapState; extents: Extents; plan: Plan }> {
  const device = await checkMappable(dm, file);
  const stats = new DeviceStats(dm, device);
  const extents = await readExtents(file, sync);
  const state = findFilemap(await stats.list(), groupId);
  if (state === undefined) {
    throw new UsageError(`Group ID ${groupId} does not exist on ${device.major}:${device.minor}`);
  }
  return { stats, state, extents, plan: planUpdate(state.regions, extents.ranges, groupId, maxPieces) };
}

/**
 * Brings a filemap's regions in line with its file's extents. What did not change is not touched; new regions are
 * there before old ones go; what old ones counted is carried by the group.
 *
 * @throws UsageError when the file cannot be mapped or the group does not exist; DmError the kernel's refusal
 */
export async function updateFilemap(dm: DeviceMapper, file: FileView, options: UpdateOptions): Promise<FilemapUpdate> {
  const { stats, state, extents, plan } = await planFilemapUpdate(dm, file, options);
  const { group, ...applied } = await applyPlan(stats, state.group, plan, state.options, { signal: options.signal });
  return { ...applied, groupId: group.id, regionIds: group.members, notes: extents.notes };
}
