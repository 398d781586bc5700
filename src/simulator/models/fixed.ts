import { ERRNO } from '../../kernel/errno.ts';
import { deviceText } from '../block-device.ts';
import type { Area, Model, Place, Step } from '../mapping.ts';

/** A sector of an area. */
export function placeIn({ device, offset }: Area, sector: number): Place {
  return { device, sector: Number(offset) + sector };
}

/** One area (drivers/md/dm-linear.c). */
export function linear([area]: readonly Area[]): Model {
  if (area === undefined) throw new RangeError('a linear target has a device');
  return {
    ima: () => `device_name=${deviceText(area.device.number)},start=${area.offset}`,
    route: ({ sector }) => [{ do: 'pass', to: placeIn(area, sector) }],
  };
}

/** Chunks that go round (drivers/md/dm-stripe.c, `stripe_map_sector`). A disk here never dies: all are alive. */
export function striped(chunk: number, areas: readonly Area[]): Model {
  const numbers = areas.map(({ device }) => deviceText(device.number));
  const stripes = areas.map(
    ({ offset }, index) =>
      `stripe_${index}_device_name=${numbers[index]},stripe_${index}_physical_start=${offset},stripe_${index}_status=A`,
  );
  return {
    info: () => `${areas.length} ${numbers.join(' ')} 1 ${'A'.repeat(areas.length)}`,
    ima: () => `stripes=${areas.length},chunk_size=${chunk},${stripes.join(',')}`,
    ioBoundary: () => chunk,
    route({ sector }) {
      const row = Math.floor(sector / chunk);
      const area = areas[row % areas.length] as Area;
      return [{ do: 'pass', to: placeIn(area, Math.floor(row / areas.length) * chunk + (sector % chunk)) }];
    },
  };
}

/** One stripe of a striped device (drivers/md/dm-unstripe.c). */
export function unstriped(
  { stripes, chunk, stripe }: { readonly stripes: number; readonly chunk: number; readonly stripe: number },
  [area]: readonly Area[],
): Model {
  if (area === undefined) throw new RangeError('an unstriped target has a device');
  return {
    ioBoundary: () => chunk,
    route({ sector }) {
      const row = Math.floor(sector / chunk);
      return [{ do: 'pass', to: placeIn(area, (row * stripes + stripe) * chunk + (sector % chunk)) }];
    },
  };
}

/** Zeros (drivers/md/dm-zero.c). */
export function zero(): Model {
  const steps: readonly Step[] = [{ do: 'nothing' }];
  return { route: () => steps };
}

/** Nothing but errors (drivers/md/dm-target.c). */
export function error(): Model {
  const steps: readonly Step[] = [{ do: 'fail', errno: ERRNO.EIO }];
  return { route: () => steps };
}
