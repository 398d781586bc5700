import type { DeviceNumber } from '../../kernel/dm-ioctl.ts';
import type { DeviceMapper } from '../../mapper/device-mapper.ts';
import { DmError } from '../../mapper/errors.ts';
import { unmangledName } from '../../mapper/mangle.ts';

/** What of device-mapper tells names. */
export type NamingMapper = Pick<DeviceMapper, 'info'>;

/** The name of a device-mapper device, as people know it; undefined for another device. */
export async function mappedName(dm: NamingMapper, number: DeviceNumber): Promise<string | undefined> {
  try {
    return unmangledName((await dm.info(number)).name, {});
  } catch (error) {
    if (DmError.is(error, 'ENXIO')) return undefined;
    throw error;
  }
}
