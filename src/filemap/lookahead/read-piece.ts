import { DmError } from '../../mapper/errors.ts';
import { sectors } from '../../mapper/units.ts';
import { parseCounted } from '../../stats/counters.ts';
import type { DeviceStats } from '../../stats/device-stats.ts';
import { LOOK_AHEAD_PROGRAM } from '../../stats/owner.ts';
import type { RegionOptions } from '../apply.ts';
import type { Piece, Readings } from './ledger.ts';

/**
 * The counters of some areas, of those that have counted anything.
 *
 * @param options precision and bounds of the layer's region
 * @returns undefined when the region is gone, or when its id is another region's now
 */
export async function readPiece(
  stats: DeviceStats,
  { layer, first, count }: Piece,
  { precise = false, bounds = [] }: RegionOptions,
): Promise<Readings | undefined> {
  const { id, start, step, areas } = layer;
  const range = { start: sectors(start), length: sectors(step * areas), step: sectors(step) };
  const region = { id, ...range, programId: LOOK_AHEAD_PROGRAM, aux: '', precise, bounds };
  try {
    const text = await stats.printOf(region, { areas: { first, count } });
    return new Map(parseCounted(text, region, first).map(({ areaId, counters }) => [areaId, counters]));
  } catch (error) {
    if (!DmError.is(error, 'ENOENT')) throw error;
    return undefined;
  }
}
