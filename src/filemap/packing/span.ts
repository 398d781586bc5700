import { sectors } from '../../mapper/units.ts';
import type { DeviceStats } from '../../stats/device-stats.ts';
import { creditOf, formatCredited, formatWhole, PACKED_PROGRAM, type PackedSpan } from '../../stats/packed.ts';
import { needsPrecise, type Region } from '../../stats/region.ts';
import type { RegionOptions } from '../apply.ts';
import type { SpanPlan } from './pack.ts';

/**
 * Creates the two regions of a span. The areas count sectors only: a histogram in each would cost more than they do.
 *
 * @param onCreated told of each region at once, to take it back when the next one fails
 */
export async function createSpan(
  stats: DeviceStats,
  plan: SpanPlan,
  word: string,
  { precise, bounds = [] }: RegionOptions,
  onCreated: (id: number) => Promise<void>,
): Promise<PackedSpan> {
  const range = { start: sectors(plan.start), length: sectors(plan.areas * plan.step) };
  const step = sectors(plan.step);
  const credited = creditOf(plan, plan.runs);
  const create = async (region: Omit<Region, 'id' | 'programId'>): Promise<Region> => {
    const spec = { ...region, range, programId: PACKED_PROGRAM };
    const id = await stats.createRegion({ ...spec, step: { sectors: region.step } });
    await onCreated(id);
    return { ...region, id, programId: PACKED_PROGRAM };
  };
  const areas = await create({ ...range, step, aux: formatCredited(word, credited), precise: false, bounds: [] });
  const whole = await create({
    ...range,
    step: range.length,
    aux: formatWhole(word),
    precise: needsPrecise({ precise, bounds }),
    bounds,
  });
  return { areas, whole, credited };
}

/** A word for a group's packed regions that no other group has. */
export function newWord(): string {
  return `${process.pid.toString(36)}${process.hrtime.bigint().toString(36)}`;
}

/** The ids of spans' regions, ascending. */
export function idsOf(spans: readonly PackedSpan[]): number[] {
  return spans.flatMap(({ areas, whole }) => [areas.id, whole.id]).sort((a, b) => a - b);
}
