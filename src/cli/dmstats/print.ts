import { DmError } from '../../mapper/errors.ts';
import type { Context } from './context.ts';
import { chosenRegions } from './regions.ts';

/** `dmstats print`: the kernel's own words, each region once. */
export async function print(context: Context): Promise<number> {
  const clear = context.options.has('clear');
  for (const { stats, regions } of await chosenRegions(context, { anyProgram: true })) {
    for (const { id } of regions) {
      try {
        context.print(await stats.rawPrint(id, { clear }));
      } catch (error) {
        // Somebody deleted it since it was listed.
        if (!DmError.is(error, 'ENOENT')) throw error;
      }
    }
  }
  return 0;
}
