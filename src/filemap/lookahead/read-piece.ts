import { DmError } from '../../mapper/errors.ts';
import { sectors } from '../../mapper/units.ts';
import { isPrintOf, parsePrint } from '../../stats/counters.ts';
import type { DeviceStats } from '../../stats/device-stats.ts';
import { LOOK_AHEAD_PROGRAM } from '../../stats/owner.ts';
import type { RegionOptions } from '../apply.ts';
import type { Piece, Readings } from './ledger.ts';

/** The line of an area that has never counted, of which there are many. */
const SILENT = /^\S+( 0){13}/;

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
    const text = await stats.rawPrint(id, { areas: { first, count } });
    if (!isPrintOf(text, region, { first, count })) return undefined;
    const lines = text.slice(0, -1).split('\n');
    const counted = lines.flatMap((line, index) => (SILENT.test(line) ? [] : parsePrint(line, region, first + index)));
    return new Map(counted.map(({ areaId, counters }) => [areaId, counters]));
  } catch (error) {
    if (!DmError.is(error, 'ENOENT')) throw error;
    return undefined;
  }
}
