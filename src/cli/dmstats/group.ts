import { UsageError } from '../../mapper/errors.ts';
import { DeviceStats } from '../../stats/device-stats.ts';
import type { Listing } from '../../stats/group.ts';
import { parseIds } from '../../stats/group-tag.ts';
import type { Region } from '../../stats/region.ts';
import { groupTagForm } from '../../stats/tag-form.ts';
import type { Context } from './context.ts';
import { devicesOf } from './devices.ts';
import { checkProgram, listOf } from './regions.ts';

/** `dmstats group`. */
export async function group(context: Context): Promise<number> {
  const { options } = context;
  const text = options.text('regions');
  if (text === undefined) throw new UsageError('Group requires --regions.');
  const ids = parseIds(text);
  if (ids === undefined) throw new UsageError(`Could not parse list: '${text}': ids and ranges of ids such as 0,2-5`);
  checkProgram(context);
  const alias = options.text('alias') ?? '';
  for (const device of await devicesOf(context, { explicit: true })) {
    const listing = await listOf(context, device, context.programId);
    checkOneProgram(listing, ids);
    for (const warning of groupWarnings(listing, ids)) context.warn(`WARNING: ${warning}`);
    const stats = new DeviceStats(context.dm, device.ref);
    const id = await stats.createGroup(listing, ids, { alias, tagForm: groupTagForm() });
    context.outcome.tell(`Grouped regions ${text} as group ID ${id} on ${device.given}\n`, {
      action: 'created_group',
      device: device.name,
      group_id: id,
      region_ids: [...new Set(ids)].sort((a, b) => a - b),
      alias,
    });
  }
  return 0;
}

/** A list is asked for by program, and a group of several would be whole in none. */
function checkOneProgram({ regions }: Listing, ids: readonly number[]): void {
  const programs = new Set(regions.filter(({ id }) => ids.includes(id)).map(({ programId }) => programId));
  if (programs.size > 1) {
    throw new UsageError(
      `The regions belong to several programs (${[...programs].join(', ')}): a group's must be one's`,
    );
  }
}

/** What a group of these regions would count twice, or less exactly. */
export function groupWarnings({ regions }: Pick<Listing, 'regions'>, ids: readonly number[]): string[] {
  const wanted = new Set(ids);
  const members = regions.filter(({ id }) => wanted.has(id));
  const warnings: string[] = [];
  const precise = members.filter((region) => region.precise).length;
  if (precise > 0 && precise < members.length) {
    warnings.push('Grouping regions with different clock resolution: precision may be lost.');
  }
  const end = (region: Region): bigint => region.start + region.length;
  let last: Region | undefined;
  for (const region of members.sort((a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : a.id - b.id))) {
    if (last !== undefined && region.start < end(last)) {
      warnings.push(`region IDs ${last.id} and ${region.id} overlap. Some events will be counted twice.`);
    }
    if (last === undefined || end(region) > end(last)) last = region;
  }
  return warnings;
}
