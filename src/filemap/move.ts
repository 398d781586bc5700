import type { DeviceMapper } from '../mapper/device-mapper.ts';
import { refText } from '../mapper/device-ref.ts';
import { groupCounters } from '../stats/carried.ts';
import type { Counters } from '../stats/counters.ts';
import type { DeviceStats } from '../stats/device-stats.ts';
import { formatMark, nextGeneration } from '../stats/generation.ts';
import type { Group } from '../stats/group.ts';
import { statsMemory } from '../stats/memory.ts';
import { movedTo } from '../stats/moving.ts';
import { PACKED_PROGRAM, spansOf } from '../stats/packed.ts';
import { fileCounts, readSpan } from '../stats/packed-counts.ts';
import { deleteRegions } from './delete-regions.ts';
import type { FileView } from './file-view.ts';
import { createRegions, planFilemap } from './filemap.ts';
import { clearLeftovers, leftoversOf } from './leftovers.ts';
import { type MatchedFilemap, matchFilemap } from './match.ts';
import { DEFAULT_MAX_REGIONS } from './packing/pack.ts';
import type { UpdateOptions } from './update.ts';

/** How a group is moved. */
export type MoveOptions = Pick<UpdateOptions, 'maxRegions' | 'level' | 'memory'>;

/**
 * Moves a group to the device where its file is now, with all that it counted. Whenever the process is killed, the group
 * is where it was or where it goes, and never in both: first the old tag names the new device, then new regions are
 * created, with the group's mark, then the new tag is written, at which the old one is none any more, then the old group
 * goes. What is left of it is cleared away by the next one who alone updates the group.
 *
 * @param from the device that has the group
 * @returns the group's id there; undefined when the group does not exist
 * @throws UsageError when the file cannot be mapped; DmError the kernel's refusal: the group is where it was, or has moved
 *   and something is left, for which the next try is
 */
export async function moveFilemap(
  dm: DeviceMapper,
  file: FileView,
  from: DeviceStats,
  groupId: number,
  how: MoveOptions = {},
): Promise<number | undefined> {
  const filemap = matchFilemap(await from.listBytes(), groupId, []);
  if (filemap === undefined) return undefined;
  const { group } = filemap;
  const limit = group.packed === undefined ? Number.POSITIVE_INFINITY : DEFAULT_MAX_REGIONS;
  const { maxRegions = limit, level, memory = statsMemory() } = how;
  const { bounds = [] } = filemap.options;
  const options = { ...filemap.options, bounds, sync: false, maxRegions, level, memory };
  const planned = await planFilemap(dm, file, options);
  const { device } = planned;
  const became = await movedTo(from, group);
  if (became !== undefined && group.partner !== undefined) {
    const there = from.on(group.partner);
    await clearAll(there, became);
    return refText(group.partner) === refText(device) ? became.id : moveFilemap(dm, file, there, became.id, how);
  }
  // Another device than now: nobody would find what a killed process has left there.
  if (group.partner !== undefined) await clearAll(from, group);
  const generation = group.generation ?? nextGeneration(undefined);
  await from.writeGroup({ ...group, generation, partner: device });
  const to = from.on(device);
  const { ids, packed } = await createRegions(to, planned, options, formatMark(generation), generation.line);
  const [id] = ids;
  if (id === undefined) return undefined;
  let moved: Group;
  try {
    moved = {
      ...group,
      id,
      members: ids,
      missing: [],
      packed,
      carried: await countedBy(from, filemap),
      generation: nextGeneration(generation),
      partner: (await dm.info(from.ref)).number,
    };
    await to.writeGroup(moved);
  } catch (error) {
    await deleteRegions(to, [...ids, ...packed.ids]);
    throw error;
  }
  await clearAll(to, moved);
  return id;
}

/** Clears away what a move has left on both devices. @param group the one that counts */
async function clearAll(stats: DeviceStats, group: Group): Promise<void> {
  await clearLeftovers(stats, leftoversOf(await stats.listBytes(), group));
}

/** All that a filemap has counted. */
async function countedBy(stats: DeviceStats, { group, regions }: MatchedFilemap): Promise<Counters> {
  const counted: Counters[] = [];
  for (const region of regions) counted.push(await stats.counters(region));
  const { packed } = group;
  const spans = packed === undefined ? [] : spansOf((await stats.list(PACKED_PROGRAM)).regions, packed);
  for (const span of spans) counted.push(fileCounts(await readSpan(stats, span)).counters);
  return groupCounters(counted, group.carried);
}
