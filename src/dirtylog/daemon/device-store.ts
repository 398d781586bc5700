import { close, closeSync, constants, fdatasync, fstatSync, open, read, write } from 'node:fs';
import { promisify } from 'node:util';
import { decodeDeviceNumber } from '../../kernel/dm-ioctl.ts';
import { numberIn } from '../../mapper/device-ref.ts';
import { UsageError } from '../../mapper/errors.ts';
import type { AsyncWrites } from '../../system/async-writes.ts';
import { type BlockDevices, sysBlockDevices } from '../../system/block-devices.ts';
import { blockDeviceSize, blockSectorBytes, dropBlockCache } from '../../system/block-io.ts';
import { alignedArray } from '../../system/libc.ts';
import type { BlockStore, StoreDone } from '../block-store.ts';
import type { Busy } from './busy.ts';

const openAsync = promisify(open);
const readAsync = promisify(read);
const writeAsync = promisify(write);
const syncAsync = promisify(fdatasync);

/** What direct I/O wants memory to be aligned to, on every device. */
const PAGE_BYTES = 4096;
/**
 * Past the page cache, as the kernel's own log: nobody's copy there is read. A write is on the medium when it ends, which
 * one command to the disk does (FUA) or two that the kernel sends one after the other.
 */
const FLAGS = constants.O_RDWR | constants.O_DIRECT | constants.O_DSYNC;

/** Who writes: the kernel by itself, or where it does not, threads of the pool, which count as busy. */
export interface Writers {
  readonly writes: AsyncWrites | undefined;
  readonly busy: Busy;
}

/** A log device. What is in flight to it keeps no thread that answers the kernel waiting. */
class DeviceStore implements BlockStore {
  readonly size: number;
  readonly sectorBytes: number;
  readonly label: string;
  readonly #fd: number;
  readonly #writers: Writers;
  /** Memory of the one read at a time. */
  #page: Uint8Array = new Uint8Array(0);
  /** Whether nothing is in the device's cache: what this program writes is not. */
  #isSynced = false;

  constructor(fd: number, label: string, writers: Writers) {
    this.#fd = fd;
    this.label = label;
    this.#writers = writers;
    this.size = blockDeviceSize(fd);
    this.sectorBytes = blockSectorBytes(fd);
  }

  read(offset: number, into: Uint8Array): Promise<void> {
    return this.#writers.busy.of(this.#read(offset, into));
  }

  async #read(offset: number, into: Uint8Array): Promise<void> {
    if (this.#page.length < into.length) this.#page = alignedArray(PAGE_BYTES, into.length);
    const aligned = this.#page.subarray(0, into.length);
    const { bytesRead } = await readAsync(this.#fd, aligned, 0, aligned.length, offset);
    if (bytesRead < into.length) throw new Error(`${this.label} ends at byte ${offset + bytesRead}`);
    into.set(aligned);
  }

  write(offset: number, bytes: Uint8Array, done: StoreDone): void {
    const { writes, busy } = this.#writers;
    if (writes?.write(this.#fd, offset, bytes, done) === true) return;
    void busy.of(this.#writeOnPool(offset, bytes)).then(() => done(undefined), done);
  }

  async #writeOnPool(offset: number, bytes: Uint8Array): Promise<void> {
    const aligned = alignedArray(PAGE_BYTES, bytes.length);
    aligned.set(bytes);
    const { bytesWritten } = await writeAsync(this.#fd, aligned, 0, aligned.length, offset);
    if (bytesWritten < aligned.length) throw new Error(`${this.label} ends at byte ${offset + bytesWritten}`);
  }

  sync(done: StoreDone): void {
    if (this.#isSynced) done(undefined);
    else void this.#writers.busy.of(this.#sync()).then(() => done(undefined), done);
  }

  async #sync(): Promise<void> {
    await syncAsync(this.#fd);
    this.#isSynced = true;
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
  const number = numberIn(name);
  if (number === undefined) return name;
  const known = devices.name(`${number.major}:${number.minor}`);
  if (known === undefined) throw new UsageError(`there is no block device ${name}`);
  return `/dev/${known.replaceAll('!', '/')}`;
}

/**
 * Opens a log device for a mirror's log.
 *
 * @param name a path, or the device's number as `MAJOR:MINOR`
 * @throws UsageError when it is no block device, and the system's errors
 */
export async function openDeviceStore(name: string, writers: Writers): Promise<BlockStore> {
  const path = devicePath(name);
  // Not to wait for the other end of a pipe that somebody has named as a log device.
  const fd = await openAsync(path, FLAGS | constants.O_NONBLOCK);
  try {
    const stat = fstatSync(fd, { bigint: true });
    if (!stat.isBlockDevice()) throw new UsageError(`${name} is no block device`);
    const { major, minor } = decodeDeviceNumber(stat.rdev);
    // What others have written through the cache, a dmlogd of before among them, goes to the device now.
    await dropBlockCache(fd);
    return new DeviceStore(fd, `${major}:${minor}`, writers);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}
