import { DmError, UsageError } from '../../mapper/errors.ts';
import type { JsonValue } from '../../report/json.ts';
import { DeviceStats } from '../../stats/device-stats.ts';
import type { Group, Listing } from '../../stats/group.ts';
import type { Context } from './context.ts';
import { type Device, devicesOf } from './devices.ts';
import { checkProgram, chosenRegions, listOf } from './regions.ts';

/** `dmstats delete`. */
export async function deleteRegions(context: Context): Promise<number> {
  const groupId = context.options.integer('groupid');
  if (groupId === undefined) {
    const complaint = 'Please specify a --regionid or --groupid, or use --allregions.';
    for (const { device, stats, listing, regions } of await chosenRegions(context, { explicit: true, complaint })) {
      const tellGroup = (group: Group): void => context.outcome.tell('', groupRow(device, group));
      const tellRegion = (id: number): void =>
        context.outcome.tell('', { action: 'deleted_region', device: device.name, region_id: id });
      if (context.options.has('allregions')) await deleteAll(stats, listing, { tellGroup, tellRegion });
      else {
        for (const { id } of regions) {
          await deleteOne(stats, listing, id);
          tellRegion(id);
        }
      }
    }
    return 0;
  }
  if (context.options.has('regionid')) throw new UsageError('Please use one of --regionid and --groupid.');
  if (context.options.has('allregions')) throw new UsageError('Please use one of --allregions and --groupid.');
  checkProgram(context);
  const doomed: { device: Device; stats: DeviceStats; group: Group }[] = [];
  for (const device of await devicesOf(context, { explicit: true })) {
    const group = (await listOf(context, device, context.programId)).groups.find(({ id }) => id === groupId);
    if (group === undefined) throw new UsageError(`Group ID ${groupId} does not exist on ${device.name}`);
    doomed.push({ device, stats: new DeviceStats(context.dm, device.ref), group });
  }
  for (const { device, stats, group } of doomed) {
    await stats.deleteGroup(group);
    context.outcome.tell(`Deleted statistics group ${groupId}.\n`, groupRow(device, group));
  }
  return 0;
}

function groupRow({ name }: Device, { id, members }: Group): Readonly<Record<string, JsonValue>> {
  return { action: 'deleted_group', device: name, group_id: id, region_ids: members };
}

async function deleteAll(
  stats: DeviceStats,
  { regions, groups }: Listing,
  { tellGroup, tellRegion }: { readonly tellGroup: (group: Group) => void; readonly tellRegion: (id: number) => void },
): Promise<void> {
  const grouped = new Set(groups.flatMap((group) => group.members));
  for (const group of groups) {
    await stats.deleteGroup(group);
    tellGroup(group);
  }
  for (const { id } of regions) {
    if (grouped.has(id)) continue;
    await deleteIfThere(stats, id);
    tellRegion(id);
  }
}

async function deleteIfThere(stats: DeviceStats, id: number): Promise<void> {
  try {
    await stats.deleteRegion(id);
  } catch (error) {
    if (!DmError.is(error, 'ENOENT')) throw error;
  }
}

/** A member leaves its group first, so that the tag never names a region that is no more. */
async function deleteOne(stats: DeviceStats, { groups }: Listing, id: number): Promise<void> {
  const group = groups.find(({ members }) => members.includes(id));
  if (group !== undefined && id !== group.id) {
    await stats.writeGroup({ ...group, members: group.members.filter((member) => member !== id) });
  }
  await stats.deleteRegion(id);
  if (group?.id === id) await stats.deletePacked(group);
}
