import type { DeviceNumber } from '../kernel/dm-ioctl.ts';
import type { DeviceMapper } from '../mapper/device-mapper.ts';
import { refText } from '../mapper/device-ref.ts';
import { UsageError } from '../mapper/errors.ts';
import type { Nanoseconds } from '../mapper/units.ts';
import { DeviceStats } from '../stats/device-stats.ts';
import type { GroupTagForm } from '../stats/group-tag.ts';
import { type StatsMemory, statsMemory } from '../stats/memory.ts';
import type { PackedIds } from '../stats/packed.ts';
import { hasCode } from '../system/errors.ts';
import type { RegionOptions } from './apply.ts';
import { deleteRegions } from './delete-regions.ts';
import { type Extents, mapExtents, rangesOf } from './extents.ts';
import type { FileView } from './file-view.ts';
import { type Mapping, planMapping, type RegionLimit } from './packing/mapping.ts';
import { sectorsOf } from './packing/runs.ts';
import { createSpan, newWord } from './packing/span.ts';
import { ANCHOR } from './plan.ts';
import { checkFileSystem, notOnDeviceMapper, withoutFiemap } from './refusals.ts';
import { mappedName } from './stack/mapped-name.ts';

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
  /** Whether all that it has was written since somebody follows it: then that is told as missed. Default false. */
  readonly isNewborn?: boolean;
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
  /** Sectors of its extents. */
  readonly sectors: number;
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
  if (level === undefined || refText(level) === refText(device)) return device;
  throw new UsageError(`Cannot map file on ${refText(level)}: its extents are only known on ${refText(device)}`);
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
  const mapping = planMapping(runs, limit, bounds.length, memory);
  return { device, mapping, sectors: sectorsOf(runs), pending, notes };
}

/** Regions of a file that are in no group yet. */
export interface NewRegions {
  /** Those with an extent each; ascending. */
  readonly ids: readonly number[];
  readonly packed: PackedIds;
}

/**
 * Creates one region for each extent of a file, or regions that extents share where there are many. A failure deletes
 * what was created.
 *
 * @param aux the aux data of those with an extent each
 * @param word tells those that are shared from others'
 */
export async function createRegions(
  stats: DeviceStats,
  { mapping: { packing } }: PlannedFilemap,
  { programId, precise = false, bounds = [], signal }: RegionOptions & Pick<FilemapOptions, 'signal'>,
  aux: string,
  word: string,
): Promise<NewRegions> {
  const { single, spans } = packing;
  const ids: number[] = [];
  const packed: number[] = [];
  try {
    for (const range of single.length === 0 ? [ANCHOR] : rangesOf(single)) {
      signal?.throwIfAborted();
      ids.push(await stats.createRegion({ range, programId, precise, bounds, aux }));
    }
    for (const span of spans) {
      signal?.throwIfAborted();
      await createSpan(stats, span, word, { programId, precise, bounds }, async (id) => {
        packed.push(id);
      });
    }
    signal?.throwIfAborted();
  } catch (error) {
    await deleteRegions(stats, [...ids, ...packed]);
    throw error;
  }
  const ascending = (list: number[]): number[] => list.sort((a, b) => a - b);
  return { ids: ascending(ids), packed: { word, ids: ascending(packed) } };
}

/**
 * Maps a file: creates its regions, and a group of them. A failure deletes what was created. A file without data gets a
 * region that counts nothing (`ANCHOR`), so that its group can be followed from the start.
 *
 * @throws UsageError when the file cannot be mapped; DmError the kernel's refusal
 */
export async function createFilemap(dm: DeviceMapper, file: FileView, options: FilemapOptions): Promise<Filemap> {
  const planned = await planFilemap(dm, file, options);
  const { device, mapping, notes } = planned;
  const stats = new DeviceStats(dm, device);
  const { alias = '', group = true, tagForm = 'quoted', isNewborn = false } = options;
  const missed = isNewborn ? BigInt(planned.sectors) : 0n;
  const { ids, packed } = await createRegions(stats, planned, options, '', newWord());
  try {
    if (group)
      await stats.writeGroup({ alias, members: ids, userData: '', carried: undefined, missed, packed, tagForm });
  } catch (error) {
    await deleteRegions(stats, [...ids, ...packed.ids]);
    throw error;
  }
  const map = { device, mapping, notes, groupId: group ? ids[0] : undefined, regionIds: ids };
  return packed.ids.length === 0 ? map : { ...map, packed };
}
