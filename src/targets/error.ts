import { sectors } from '../mapper/units.ts';
import type { Device } from './device.ts';
import { atLeast, defineTarget, device, line, type Part, sectorCount } from './grammar.ts';

const area = line(
  { device: device('whose zones are reported', { offset: 'offset' }), offset: sectorCount('first sector there') },
  { order: ['offset', 'device'] },
);

/** Exactly two words are a device and an offset to a newer kernel; any other words are nothing to any. */
const params: Part<{ readonly device?: Device; readonly offset?: bigint }> = {
  ...area,
  form: () => '[<device> <offset>]',
  read(reader, name) {
    const { kernel } = reader.circumstances;
    const understood = kernel === undefined || atLeast(kernel, '6.12');
    return reader.left === 2 && understood ? area.read(reader, name) : {};
  },
  print: ({ device: of, offset }, name, siblings, readback) =>
    of === undefined || offset === undefined
      ? []
      : area.print({ device: of, offset: sectors(offset) }, name, siblings, readback),
  devices: ({ device: of, offset }, name, around) =>
    of === undefined || offset === undefined
      ? []
      : (area.devices?.({ device: of, offset: sectors(offset) }, name, around) ?? []),
};

/** Fails all I/O (drivers/md/dm-target.c). Newer kernels give it the zones of a device. */
export const error = defineTarget({
  type: 'error',
  summary: 'fails all I/O',
  params,
  extra: 'taken',
  readback: { nothing: true },
});
