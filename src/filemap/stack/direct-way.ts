import type { DeviceNumber } from '../../kernel/dm-ioctl.ts';
import { refText } from '../../mapper/device-ref.ts';
import { mappedName, type NamingMapper } from './mapped-name.ts';
import { inPlace } from './parts.ts';
import type { Way } from './way.ts';

/**
 * The way down of nearly all files: their file system is on the device whose sectors are counted.
 *
 * @param from the device that has the file system
 * @param level see `findWay`
 * @returns undefined where `findWay` must look further
 */
export async function directWay(
  dm: NamingMapper,
  from: DeviceNumber,
  level: DeviceNumber | undefined,
): Promise<Way | undefined> {
  if (level !== undefined && refText(level) !== refText(from)) return undefined;
  if ((await mappedName(dm, from)) === undefined) return undefined;
  return {
    device: from,
    files: [],
    compose: async (extents) => extents,
    parts: async (runs) => inPlace(runs),
    [Symbol.dispose]() {},
  };
}
