import type { DeviceNumber } from '../kernel/dm-ioctl.ts';
import { DmParseError } from '../mapper/errors.ts';
import type { TableLine } from '../mapper/table-line.ts';
import type { DeviceUse } from '../targets/device.ts';
import { targetNamed } from '../targets/registry.ts';

/**
 * The devices that a line of a table uses. None where the type is not known here or the line cannot be read: the kernel
 * says what is wrong with it, and changes nothing.
 */
export function usesOf({ type, params, length }: TableLine): DeviceUse[] {
  try {
    return targetNamed(type).parse(params).devices(length);
  } catch (error) {
    if (error instanceof DmParseError) return [];
    throw error;
  }
}

/** A number as a key. */
export const keyOf = ({ major, minor }: DeviceNumber): string => `${major}:${minor}`;
