import type { DeviceNumber } from '../kernel/dm-ioctl.ts';

/** What a disk and a device-mapper device have in common: they take I/O and count it. */
export interface BlockDevice {
  readonly number: DeviceNumber;
  readonly sizeSectors: bigint;
  /** I/O completed since the device was set up, as `/sys/dev/block/…/stat` counts it. */
  readonly completed: { read: number; write: number };
}

/** A disk: the end of every stack. */
export class SimulatedDisk implements BlockDevice {
  readonly number: DeviceNumber;
  readonly sizeSectors: bigint;
  readonly completed = { read: 0, write: 0 };

  constructor(number: DeviceNumber, sizeSectors: bigint) {
    this.number = number;
    this.sizeSectors = sizeSectors;
  }
}

/** A device number as one number, to look devices up by. */
export function deviceKey({ major, minor }: DeviceNumber): number {
  return major * 2 ** 20 + minor;
}

/** A device number as people write it. */
export function deviceText({ major, minor }: DeviceNumber): string {
  return `${major}:${minor}`;
}
