import { DmError } from '../../mapper/errors.ts';
import type { Context } from './context.ts';
import { chosenRegions } from './regions.ts';

/** `dmstats clear`. */
export async function clear(context: Context): Promise<number> {
  for (const { stats, regions } of await chosenRegions(context)) {
    for (const { id } of regions) {
      try {
        await stats.clear(id);
      } catch (error) {
        // Somebody deleted it since it was listed: nothing is left to clear.
        if (!DmError.is(error, 'ENOENT')) throw error;
      }
    }
  }
  return 0;
}
