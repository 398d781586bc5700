import { UsageError } from '../../mapper/errors.ts';
import { DeviceStats } from '../../stats/device-stats.ts';
import type { Context } from './context.ts';
import { devicesOf } from './devices.ts';
import { checkProgram, listOf } from './regions.ts';

/** `dmstats ungroup`. */
export async function ungroup(context: Context): Promise<number> {
  const groupId = context.options.integer('groupid');
  if (groupId === undefined) throw new UsageError('Please specify group id.');
  checkProgram(context);
  for (const device of await devicesOf(context, { explicit: true })) {
    const group = (await listOf(context, device, context.programId)).groups.find(({ id }) => id === groupId);
    if (group === undefined) throw new UsageError(`Group ID ${groupId} does not exist on ${device.name}`);
    await new DeviceStats(context.dm, device.ref).ungroup(group);
    context.outcome.tell(`Removed group ID ${groupId} on ${device.given}\n`, {
      action: 'removed_group',
      device: device.name,
      group_id: groupId,
      region_ids: group.members,
    });
  }
  return 0;
}
