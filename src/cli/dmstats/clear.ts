import { DmError } from '../../mapper/errors.ts';
import type { Context } from './context.ts';
import { chosenRegions } from './regions.ts';

/** `dmstats clear`. What a group carries from regions that are no more goes with the counters of its leader. */
export async function clear(context: Context): Promise<number> {
  for (const { stats, listing, regions } of await chosenRegions(context)) {
    for (const { id } of regions) {
      const group = listing.groups.find((one) => one.id === id);
      try {
        await stats.clear(id);
        if (group !== undefined && (group.carried !== undefined || group.missed > 0n)) {
          await stats.writeGroup({ ...group, carried: undefined, missed: 0n });
        }
      } catch (error) {
        // Somebody deleted it since it was listed: nothing is left to clear.
        if (!DmError.is(error, 'ENOENT')) throw error;
      }
    }
  }
  return 0;
}
