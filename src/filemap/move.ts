import type { DeviceMapper } from '../mapper/device-mapper.ts';
import { groupCounters } from '../stats/carried.ts';
import { DeviceStats } from '../stats/device-stats.ts';
import { PACKED_PROGRAM, spansOf } from '../stats/packed.ts';
import { fileCounts, readSpan } from '../stats/packed-counts.ts';
import { deleteRegions } from './delete-regions.ts';
import type { FileView } from './file-view.ts';
import { createFilemap } from './filemap.ts';
import { matchFilemap } from './match.ts';
import { DEFAULT_MAX_REGIONS } from './packing/pack.ts';

/**
 * Moves a group to the device where its file is now, with all that it counted.
 *
 * @param from the device that has the group
 * @param maxRegions see `UpdateOptions.maxRegions`
 * @returns the group's id there; undefined when the group does not exist
 * @throws UsageError when the file cannot be mapped; DmError the kernel's refusal: the group is where it was
 */
export async function moveFilemap(
  dm: DeviceMapper,
  file: FileView,
  from: DeviceStats,
  groupId: number,
  maxRegions?: number,
): Promise<number | undefined> {
  const filemap = matchFilemap(await from.listBytes(), groupId, []);
  if (filemap === undefined) return undefined;
  const { programId, precise = false, bounds = [] } = filemap.options;
  const { alias, tagForm, userData, missed, error } = filemap.group;
  const counted = await Promise.all(filemap.regions.map((region) => from.counters(region)));
  const { packed } = filemap.group;
  const spans = packed === undefined ? [] : spansOf((await from.list(PACKED_PROGRAM)).regions, packed);
  const shared = await Promise.all(spans.map(async (span) => fileCounts(await readSpan(from, span)).counters));
  const carried = groupCounters([...counted, ...shared], filemap.group.carried);
  const limit = maxRegions ?? (packed === undefined ? Number.POSITIVE_INFINITY : DEFAULT_MAX_REGIONS);
  const options = { programId, alias, tagForm, precise, bounds, sync: false, maxRegions: limit };
  const map = await createFilemap(dm, file, options);
  const to = new DeviceStats(dm, map.device);
  try {
    const shared = map.packed === undefined ? {} : { packed: map.packed };
    await to.writeGroup({ alias, members: map.regionIds, userData, carried, missed, error, tagForm, ...shared });
  } catch (error) {
    await deleteRegions(to, [...map.regionIds, ...(map.packed?.ids ?? [])]);
    throw error;
  }
  await from.deleteGroup(filemap.group);
  return map.groupId;
}
