import { closeSync, fstatSync, openSync, readFileSync, readSync, statfsSync, statSync } from 'node:fs';
import { notOnDeviceMapper } from '../filemap/filemap.ts';
import type { Space } from '../filemap/lookahead/geometry.ts';
import { extentsOf, factsOf, mappedOf } from '../filemap/open-file.ts';
import type { DeviceNumber } from '../kernel/dm-ioctl.ts';
import { IN } from '../kernel/inotify.ts';
import { hasCode } from '../system/errors.ts';
import { Inotify } from '../system/inotify.ts';
import { isSoleHolder } from '../system/lease.ts';
import type { FollowedFile } from './followed-file.ts';

const MOVES = IN.MOVE_SELF | IN.ATTRIB | IN.DELETE_SELF | IN.UNMOUNT | IN.IGNORED;
const CLOSES = IN.CLOSE_WRITE | IN.CLOSE_NOWRITE;

/** The completed writes of a block device, by its file in sysfs, kept open. */
class WriteCounter implements Disposable {
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

/**
 * Follows an open file. One inotify instance for its whole life; the watch sits on the inode, so that it sees writes
 * by any name and the loss of the last one.
 *
 * @param fd open for reading; it is closed, after a description of our own was opened by it, so that a process that
 *   shares it counts as another holder
 * @param path what path mode follows
 * @param onNotice called when notices wait
 * @throws SystemError EMFILE when there are no inotify instances left; Node's errors for the descriptor
 */
export function followFile(fd: number, path: string, onNotice: () => void): FollowedFile {
  return new RealFollowedFile(fd, path, onNotice);
}

class RealFollowedFile implements FollowedFile {
  #fd: number;
  readonly #path: string;
  readonly #inotify: Inotify;
  #watch: number;
  #writes: WriteCounter;
  #closed = false;

  constructor(fd: number, path: string, onNotice: () => void) {
    this.#path = path;
    this.#fd = openSync(`/proc/self/fd/${fd}`, 'r');
    try {
      this.#writes = new WriteCounter(this.facts().device);
      this.#inotify = new Inotify(onNotice);
      this.#watch = this.#inotify.watch(`/proc/self/fd/${this.#fd}`, IN.MODIFY | MOVES);
    } catch (error) {
      closeSync(this.#fd);
      throw error;
    }
    closeSync(fd);
  }

  facts() {
    return factsOf(fstatSync(this.#fd, { bigint: true }));
  }

  factsAtPath() {
    try {
      return factsOf(statSync(this.#path, { bigint: true }));
    } catch (error) {
      if (hasCode(error, 'ENOENT', 'ENOTDIR')) return undefined;
      throw error;
    }
  }

  fileSystem(): number {
    return statfsSync(`/proc/self/fd/${this.#fd}`).type;
  }

  extents(options?: { readonly sync?: boolean }) {
    return extentsOf(this.#fd, options);
  }

  mapped(options?: { readonly sync?: boolean }) {
    return mappedOf(this.#fd, options);
  }

  reopen(): boolean {
    let fd: number;
    try {
      fd = openSync(this.#path, 'r');
    } catch (error) {
      if (hasCode(error, 'ENOENT', 'ENOTDIR')) return false;
      throw error;
    }
    // The new watch first: a write between the two would be told by neither.
    const watch = this.#inotify.watch(`/proc/self/fd/${fd}`, IN.MODIFY | MOVES);
    if (watch !== this.#watch) this.#inotify.unwatch(this.#watch);
    const before = this.facts().device;
    closeSync(this.#fd);
    this.#fd = fd;
    this.#watch = watch;
    const now = this.facts().device;
    if (now.major !== before.major || now.minor !== before.minor) {
      this.#writes[Symbol.dispose]();
      this.#writes = new WriteCounter(now);
    }
    return true;
  }

  isSoleHolder(): boolean {
    return isSoleHolder(this.#fd);
  }

  space(): Space {
    const { major, minor } = this.facts().device;
    const deviceSectors = Number(readFileSync(`/sys/dev/block/${major}:${minor}/size`, 'latin1'));
    return { blockSectors: statfsSync(`/proc/self/fd/${this.#fd}`).bsize / 512, deviceSectors };
  }

  deviceWrites(): bigint {
    return this.#writes.read();
  }

  watchCloses(): void {
    this.#watch = this.#inotify.watch(`/proc/self/fd/${this.#fd}`, IN.MODIFY | MOVES | CLOSES);
  }

  takeModified(): boolean {
    let mask = 0;
    for (const notice of this.#inotify.read()) {
      // A watch that was replaced may still have notices in the queue.
      if (notice.watch === this.#watch || (notice.mask & IN.Q_OVERFLOW) !== 0) mask |= notice.mask;
    }
    return (mask & (IN.MODIFY | IN.Q_OVERFLOW)) !== 0;
  }

  [Symbol.dispose](): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#inotify[Symbol.dispose]();
    this.#writes[Symbol.dispose]();
    closeSync(this.#fd);
  }
}
