import { DmError } from '../../mapper/errors.ts';
import { NO_ERROR } from '../../stats/error-bound.ts';
import { hasPast } from '../../stats/group.ts';
import type { Context } from './context.ts';
import { chosenRegions } from './regions.ts';

/** `dmstats clear`. What a group carries, and what its extents share, goes with the counters of its leader. */
export async function clear(context: Context): Promise<number> {
  for (const { device, stats, listing, regions } of await chosenRegions(context)) {
    const groups = new Map(listing.groups.map((group) => [group.id, group]));
    for (const { id } of regions) {
      const group = groups.get(id);
      try {
        await stats.clear(id);
        for (const span of listing.spans?.get(id) ?? []) {
          await stats.clear(span.areas.id);
          await stats.clear(span.whole.id);
        }
        if (group !== undefined && hasPast(group)) {
          await stats.writeGroup({ ...group, carried: undefined, missed: 0n, error: NO_ERROR });
        }
        context.outcome.tell('', { action: 'cleared_region', device: device.name, region_id: id });
      } catch (error) {
        // Somebody deleted it since it was listed: nothing is left to clear.
        if (!DmError.is(error, 'ENOENT')) throw error;
      }
    }
  }
  return 0;
}
