import { defineTarget, device, line, sectorCount } from './grammar.ts';

/** An area of one device (drivers/md/dm-linear.c). */
export const linear = defineTarget({
  type: 'linear',
  summary: 'maps onto an area of one device',
  params: line(
    { device: device('what is mapped onto', { offset: 'offset' }), offset: sectorCount('first sector on the device') },
    { order: ['offset', 'device'] },
  ),
});
