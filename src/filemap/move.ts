import type { DeviceMapper } from '../mapper/device-mapper.ts';
import { groupCounters } from '../stats/carried.ts';
import { DeviceStats } from '../stats/device-stats.ts';
import { deleteRegions } from './delete-regions.ts';
import type { FileView } from './file-view.ts';
import { createFilemap } from './filemap.ts';
import { matchFilemap } from './match.ts';

/**
 * Moves a group to the device where its file is now, with all that it counted.
 *
 * @param from the device that has the group
 * @returns the group's id there; undefined when the group does not exist
 * @throws UsageError when the file cannot be mapped; DmError the kernel's refusal: the group is where it was
 */
export async function moveFilemap(
  dm: DeviceMapper,
  file: FileView,
  from: DeviceStats,
  groupId: number,
): Promise<number | undefined> {
  const filemap = matchFilemap(await from.listBytes(), groupId, []);
  if (filemap === undefined) return undefined;
  const { programId, precise = false, bounds = [] } = filemap.options;
  const { alias, tagForm, userData, missed, error } = filemap.group;
  const counted = await Promise.all(filemap.regions.map((region) => from.counters(region)));
  const carried = groupCounters(counted, filemap.group.carried);
  const map = await createFilemap(dm, file, { programId, alias, tagForm, precise, bounds, sync: false });
  const to = new DeviceStats(dm, map.device);
  try {
    await to.writeGroup({ alias, members: map.regionIds, userData, carried, missed, error, tagForm });
  } catch (error) {
    await deleteRegions(to, map.regionIds);
    throw error;
  }
  await from.deleteGroup(filemap.group);
  return map.groupId;
}
