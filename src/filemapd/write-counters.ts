import { closeSync, openSync, readSync } from 'node:fs';
import { notOnDeviceMapper } from '../filemap/refusals.ts';
import type { DeviceNumber } from '../kernel/dm-ioctl.ts';
import { hasCode } from '../system/errors.ts';

/** The completed writes of a block device. */
export interface WriteCounter extends Disposable {
  /** Those since it was set up. */
  read(): bigint;
}

/** The completed writes of a block device, by its file in sysfs, kept open. */
class SysfsCounter implements WriteCounter {
  readonly #fd: number;
  readonly #buffer = Buffer.alloc(512);

  /** @throws UsageError for a file system without a block device */
  constructor(device: DeviceNumber) {
    try {
      this.#fd = openSync(`/sys/dev/block/${device.major}:${device.minor}/stat`, 'r');
    } catch (error) {
      throw hasCode(error, 'ENOENT') ? notOnDeviceMapper(device) : error;
    }
  }

  /** Documentation/block/stat.rst: writes are the fifth number, discards the twelfth. */
  read(): bigint {
    const length = readSync(this.#fd, this.#buffer, 0, this.#buffer.length, 0);
    const words = this.#buffer.toString('latin1', 0, length).trim().split(/\s+/);
    return BigInt(words[4] ?? 0) + BigInt(words[11] ?? 0);
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }
}

interface Shared {
  readonly counter: WriteCounter;
  users: number;
  value: bigint;
  readAt: number;
}

/** The counters of devices, one a device for all who ask. */
export class WriteCounters {
  readonly #freshMs: number;
  readonly #now: () => number;
  readonly #open: (device: DeviceNumber) => WriteCounter;
  readonly #devices = new Map<string, Shared>();

  /**
   * @param freshMs for so many milliseconds a reading serves all: an older one is never wrong, what it lacks is seen by
   *   the next look
   */
  constructor(
    freshMs = 0,
    now: () => number = () => performance.now(),
    open: (device: DeviceNumber) => WriteCounter = (device) => new SysfsCounter(device),
  ) {
    this.#freshMs = freshMs;
    this.#now = now;
    this.#open = open;
  }

  /** @throws UsageError for a file system without a block device */
  of(device: DeviceNumber): WriteCounter {
    const key = `${device.major}:${device.minor}`;
    let shared = this.#devices.get(key);
    if (shared === undefined) {
      shared = { counter: this.#open(device), users: 0, value: 0n, readAt: Number.NEGATIVE_INFINITY };
      this.#devices.set(key, shared);
    }
    shared.users++;
    return this.#user(key, shared);
  }

  #user(key: string, shared: Shared): WriteCounter {
    let isOpen = true;
    return {
      read: () => {
        const now = this.#now();
        if (now - shared.readAt >= this.#freshMs) {
          shared.value = shared.counter.read();
          shared.readAt = now;
        }
        return shared.value;
      },
      [Symbol.dispose]: () => {
        if (!isOpen) return;
        isOpen = false;
        if (--shared.users > 0) return;
        this.#devices.delete(key);
        shared.counter[Symbol.dispose]();
      },
    };
  }
}
