import { statSync } from 'node:fs';
import { type DeviceNumber, decodeDeviceNumber } from '../kernel/dm-ioctl.ts';
import { hasCode } from '../system/errors.ts';

/**
 * The block device that a path is or leads to.
 *
 * @returns undefined when it is none, or when nothing is there
 */
export function blockNumber(path: string): DeviceNumber | undefined {
  try {
    const stat = statSync(path, { bigint: true });
    return stat.isBlockDevice() ? decodeDeviceNumber(stat.rdev) : undefined;
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR', 'EACCES', 'ELOOP')) return undefined;
    throw error;
  }
}
