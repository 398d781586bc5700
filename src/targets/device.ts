import type { DeviceNumber } from '../kernel/dm-ioctl.ts';

/** A device as a table names it: by its number, or by a path that the kernel looks up. */
export type Device = DeviceNumber | string;

/** How a table's text gives a device. */
export function deviceText(device: Device): string {
  return typeof device === 'string' ? device : `${device.major}:${device.minor}`;
}

/** A device that a target uses. */
export interface DeviceUse {
  readonly device: Device;
  /** What the target uses it for, such as `metadata`. */
  readonly role: string;
  /** How the kernel opens it: as the table is opened, or always for reading or for writing. */
  readonly mode: 'table' | 'read' | 'write';
  /** Its first sector in use. */
  readonly offset: bigint;
  /** The number of sectors in use from there; undefined where only the kernel knows. */
  readonly length: bigint | undefined;
}
