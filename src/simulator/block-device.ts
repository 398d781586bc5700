import type { DeviceNumber } from '../kernel/dm-ioctl.ts';
import { type Medium, SECTOR_BYTES } from './medium.ts';

/** What a disk and a device-mapper device have in common: they take I/O and count it. */
export interface BlockDevice {
  readonly number: DeviceNumber;
  readonly sizeSectors: bigint;
  /** I/O completed since the device was set up, as `/sys/dev/block/…/stat` counts it. */
  readonly completed: { read: number; write: number };
  /** Whether it takes discards. */
  readonly discards: boolean;
}

/** A disk: the end of every stack. */
export class SimulatedDisk implements BlockDevice {
  readonly number: DeviceNumber;
  readonly sizeSectors: bigint;
  readonly discards: boolean;
  readonly completed = { read: 0, write: 0 };
  readonly #medium: Medium;

  /** @param medium where its content is */
  constructor(number: DeviceNumber, sizeSectors: bigint, discards: boolean, medium: Medium) {
    this.number = number;
    this.sizeSectors = sizeSectors;
    this.discards = discards;
    this.#medium = medium;
  }

  /** Fills `bytes`, whole sectors, with what is there, past all counters. @throws RangeError outside of the disk */
  read(sector: number, bytes: Uint8Array): void {
    this.#medium.read(this.#offset(sector, bytes), bytes);
  }

  /** Overwrites whole sectors, past all counters. @throws RangeError outside of the disk */
  write(sector: number, bytes: Uint8Array): void {
    this.#medium.write(this.#offset(sector, bytes), bytes);
  }

  #offset(sector: number, { length }: Uint8Array): number {
    const sectors = length / SECTOR_BYTES;
    if (!Number.isSafeInteger(sector) || sector < 0 || !Number.isSafeInteger(sectors)) {
      throw new RangeError(`${length} bytes at sector ${sector} are not whole sectors of ${SECTOR_BYTES} bytes`);
    }
    if (BigInt(sector + sectors) > this.sizeSectors) {
      throw new RangeError(`sectors ${sector} to ${sector + sectors} are not all on a disk of ${this.sizeSectors}`);
    }
    return sector * SECTOR_BYTES;
  }

  /** Closes its file, if its content is in one. */
  [Symbol.dispose](): void {
    this.#medium[Symbol.dispose]();
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
