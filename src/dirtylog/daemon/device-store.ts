import { close, closeSync, constants, fdatasync, fstatSync, open, read, write } from 'node:fs';
import { promisify } from 'node:util';
import { decodeDeviceNumber } from '../../kernel/dm-ioctl.ts';
import { UsageError } from '../../mapper/errors.ts';
import { type BlockDevices, sysBlockDevices } from '../../system/block-devices.ts';
import { blockDeviceSize, blockSectorBytes, dropBlockCache } from '../../system/block-io.ts';
import type { BlockStore } from '../block-store.ts';

const openAsync = promisify(open);
const readAsync = promisify(read);
const writeAsync = promisify(write);
const syncAsync = promisify(fdatasync);

/** A log device. What is in flight to it blocks threads of the pool, never the one that answers the kernel. */
class DeviceStore implements BlockStore {
  readonly size: number;
  readonly sectorBytes: number;
  readonly label: string;
  readonly #fd: number;

  constructor(fd: number, label: string) {
    this.#fd = fd;
    this.label = label;
    this.size = blockDeviceSize(fd);
    this.sectorBytes = blockSectorBytes(fd);
  }

  async read(offset: number, into: Uint8Array): Promise<void> {
    for (let done = 0; done < into.length; ) {
      const { bytesRead } = await readAsync(this.#fd, into, done, into.length - done, offset + done);
      if (bytesRead === 0) throw new Error(`${this.label} ends at byte ${offset + done}`);
      done += bytesRead;
    }
  }

  async write(offset: number, bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.length; ) {
      const { bytesWritten } = await writeAsync(this.#fd, bytes, done, bytes.length - done, offset + done);
      done += bytesWritten;
    }
  }

  sync(): Promise<void> {
    return syncAsync(this.#fd);
  }

  close(): void {
    // The last close of a block device writes its cache back: not on the thread that answers the kernel.
    close(this.#fd);
  }
}

/**
 * The node of a device.
 *
 * @param name a path, or `MAJOR:MINOR`
 * @throws UsageError when there is no device of this number
 */
export function devicePath(name: string, devices: BlockDevices = sysBlockDevices()): string {
  const [, major, minor] = /^(\d+):(\d+)$/.exec(name) ?? [];
  if (major === undefined) return name;
  const known = devices.name(`${Number(major)}:${Number(minor)}`);
  if (known === undefined) throw new UsageError(`there is no block device ${name}`);
  return `/dev/${known.replaceAll('!', '/')}`;
}

/**
 * Opens a log device for a mirror's log.
 *
 * @param name a path, or the device's number as `MAJOR:MINOR`
 * @throws UsageError when it is no block device, and the system's errors
 */
export async function openDeviceStore(name: string): Promise<BlockStore> {
  const path = devicePath(name);
  // Not to wait for the other end of a pipe that somebody has named as a log device.
  const fd = await openAsync(path, constants.O_RDWR | constants.O_NONBLOCK);
  try {
    const stat = fstatSync(fd, { bigint: true });
    if (!stat.isBlockDevice()) throw new UsageError(`${name} is no block device`);
    const { major, minor } = decodeDeviceNumber(stat.rdev);
    // The kernel's own disk log writes past the cache, and may have had the device since.
    await dropBlockCache(fd);
    return new DeviceStore(fd, `${major}:${minor}`);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}
