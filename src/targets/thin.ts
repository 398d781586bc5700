import { deviceText } from './device.ts';
import { defineTarget, device, line, optional, orDash, orState, u32, u64 } from './grammar.ts';
import { THIN_ID_MAX } from './thin-pool.ts';

/** A device that takes blocks from a pool as it is written (drivers/md/dm-thin.c). */
export const thin = defineTarget({
  type: 'thin',
  summary: 'takes blocks from a thin-pool as it is written',
  // The states are what the kernel says of a device whose pool failed, or that has none.
  params: orState(
    ['Fail', '-'],
    line(
      {
        pool: device('the device with the thin-pool', { extent: 'unknown' }),
        id: u32('its number in the pool', { max: THIN_ID_MAX, scan: 'kstrto' }),
        externalOrigin: optional(device('read where nothing was written', { mode: 'read', extent: 'unknown' })),
      },
      {
        order: ['twoDevices', 'externalOrigin', 'pool', 'id'],
        rules: {
          twoDevices: {
            about: 'externalOrigin',
            needs: ['pool', 'externalOrigin'],
            wrong: ({ pool, externalOrigin }) =>
              externalOrigin !== undefined && deviceText(pool) === deviceText(externalOrigin)
                ? 'pool and external_origin must be two devices'
                : undefined,
          },
        },
      },
    ),
  ),
  status: orState(
    ['Fail', '-', 'Error'],
    line({
      mapped: u64('sectors that have blocks'),
      highest: orDash(u64('the last sector that has a block')),
    }),
  ),
});
