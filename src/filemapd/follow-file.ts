import { closeSync, fstatSync, open, openSync, readFileSync, readlinkSync, stat, statfsSync, statSync } from 'node:fs';
import { promisify } from 'node:util';
import { keyOf } from '../devices/table-uses.ts';
import { extentsOf } from '../filemap/fiemap-file.ts';
import { deviceOf, type FileFacts, type Located } from '../filemap/file-view.ts';
import { LocatedFd } from '../filemap/located-fd.ts';
import type { Space } from '../filemap/lookahead/geometry.ts';
import { factsOf } from '../filemap/open-file.ts';
import { OVERLAYFS_MAGIC, XFS_MAGIC } from '../filemap/refusals.ts';
import type { WayMapper } from '../filemap/stack/nodes.ts';
import type { DeviceNumber } from '../kernel/dm-ioctl.ts';
import { IN } from '../kernel/inotify.ts';
import { UsageError } from '../mapper/errors.ts';
import { openCached } from '../system/cached-path.ts';
import { hasCode } from '../system/errors.ts';
import type { RawExtent } from '../system/fiemap.ts';
import { isPreallocated } from '../system/fsxattr.ts';
import { isSoleHolder } from '../system/lease.ts';
import { freePastEnd, reservePastEnd } from '../system/past-end.ts';
import type { FollowedFile } from './followed-file.ts';
import { NoticeHub } from './notice-hub.ts';
import { type WriteCounter, WriteCounters } from './write-counters.ts';

const MOVES = IN.MOVE_SELF | IN.ATTRIB | IN.DELETE_SELF | IN.UNMOUNT | IN.IGNORED;
const openAsync = promisify(open);
const statAsync = promisify(stat);

const CLOSES = IN.CLOSE_WRITE | IN.CLOSE_NOWRITE;

/** What files that are followed in one process share. */
export interface FollowSources {
  readonly notices: NoticeHub;
  readonly writes: WriteCounters;
}

/** What a file's follower is told of it. */
export interface FollowListener {
  /** Notices wait. */
  onNotice(): void;
  /** It was renamed; undefined when it has no name any more. */
  onRenamed?(path: string | undefined): void;
}

/**
 * Follows an open file. One inotify instance for its whole life, or one for all that share `sources`; the watch sits on
 * the inode, so that it sees writes by any name and the loss of the last one.
 *
 * @param fd open for reading; it is closed, after a description of our own was opened by it, so that a process that
 *   shares it counts as another holder
 * @param path what path mode follows
 * @throws SystemError EMFILE when there are no inotify instances left; Node's errors for the descriptor
 */
export function followFile(fd: number, path: string, listener: FollowListener, sources?: FollowSources): FollowedFile {
  if (sources !== undefined) return new RealFollowedFile(fd, path, listener, sources);
  const notices = new NoticeHub(() => listener.onNotice());
  try {
    return new RealFollowedFile(fd, path, listener, { notices, writes: new WriteCounters() }, notices);
  } catch (error) {
    notices[Symbol.dispose]();
    throw error;
  }
}

class RealFollowedFile implements FollowedFile {
  #fd: number;
  #place: LocatedFd;
  readonly #path: string;
  readonly #listener: FollowListener;
  readonly #sources: FollowSources;
  readonly #own: Disposable | undefined;
  #watch: Disposable;
  /** Of the device whose sectors are counted; an overlay's is known only when it was located. */
  #writes: WriteCounter | undefined;
  #writesOf: string | undefined;
  #heard = 0;
  #closed = false;

  constructor(fd: number, path: string, listener: FollowListener, sources: FollowSources, own?: Disposable) {
    this.#path = path;
    this.#listener = listener;
    this.#sources = sources;
    this.#own = own;
    this.#fd = openSync(`/proc/self/fd/${fd}`, 'r');
    this.#place = new LocatedFd(this.#fd);
    let writes: WriteCounter | undefined;
    try {
      const { device } = this.facts();
      if (this.fileSystem() !== OVERLAYFS_MAGIC) {
        writes = sources.writes.of(device);
        this.#writesOf = keyOf(device);
      }
      this.#watch = this.#watchOf(this.#fd, IN.MODIFY | MOVES);
    } catch (error) {
      writes?.[Symbol.dispose]();
      closeSync(this.#fd);
      throw error;
    }
    this.#writes = writes;
    closeSync(fd);
  }

  #watchOf(fd: number, mask: number): Disposable {
    const watch = this.#sources.notices.watch(`/proc/self/fd/${fd}`, mask, (told) => {
      // A watch that was replaced may still have notices in the queue.
      if (watch === this.#watch || (told & IN.Q_OVERFLOW) !== 0) this.#hear(told);
    });
    return watch;
  }

  #hear(mask: number): void {
    this.#heard |= mask;
    if ((mask & IN.MOVE_SELF) !== 0) this.#listener.onRenamed?.(this.#name());
    // With an instance of its own it was told already, when notices came.
    if (this.#own === undefined) this.#listener.onNotice();
  }

  #name(): string | undefined {
    const name = readlinkSync(`/proc/self/fd/${this.#fd}`);
    return this.facts().links === 0 ? undefined : name;
  }

  facts() {
    return factsOf(fstatSync(this.#fd, { bigint: true }));
  }

  /** Whether only this file waits for what this process does: else what may hang is done by a thread, which costs a wake-up. */
  get #isAlone(): boolean {
    return this.#own !== undefined;
  }

  async factsAtPath(): Promise<FileFacts | undefined> {
    const how = { bigint: true } as const;
    try {
      if (this.#isAlone) return factsOf(statSync(this.#path, how));
      const fd = openCached(this.#path);
      if (fd === undefined) return factsOf(await statAsync(this.#path, how));
      try {
        return factsOf(fstatSync(fd, how));
      } finally {
        closeSync(fd);
      }
    } catch (error) {
      if (hasCode(error, 'ENOENT', 'ENOTDIR')) return undefined;
      throw error;
    }
  }

  fileSystem(): number {
    return this.#place.fileSystem();
  }

  isRealtime(): boolean {
    return this.#place.isRealtime();
  }

  get located(): Located | undefined {
    return this.#place.located;
  }

  async locate(dm: WayMapper, level: DeviceNumber | undefined): Promise<DeviceNumber> {
    const device = await this.#place.locate(dm, level);
    if (keyOf(device) !== this.#writesOf) {
      const writes = this.#sources.writes.of(device);
      this.#writes?.[Symbol.dispose]();
      this.#writes = writes;
      this.#writesOf = keyOf(device);
    }
    return device;
  }

  extents(options?: { readonly sync?: boolean }) {
    return this.#place.extents(options);
  }

  mapped(options?: { readonly sync?: boolean }) {
    return this.#place.mapped(options);
  }

  async reopen(): Promise<boolean> {
    let fd: number;
    try {
      fd = this.#isAlone ? openSync(this.#path, 'r') : await openAsync(this.#path, 'r');
    } catch (error) {
      if (hasCode(error, 'ENOENT', 'ENOTDIR')) return false;
      throw error;
    }
    // The new watch first: a write between the two would be told by neither.
    const watch = this.#watchOf(fd, IN.MODIFY | MOVES);
    this.#watch[Symbol.dispose]();
    this.#place[Symbol.dispose]();
    closeSync(this.#fd);
    this.#fd = fd;
    this.#place = new LocatedFd(fd);
    this.#watch = watch;
    return true;
  }

  isSoleHolder(): boolean {
    return isSoleHolder(this.#fd);
  }

  async extentsPastEnd(): Promise<readonly RawExtent[]> {
    if (this.fileSystem() === XFS_MAGIC && !isPreallocated(this.#fd)) return [];
    return extentsOf(this.#fd, { from: this.facts().size });
  }

  async reserve(bytes: bigint): Promise<void> {
    const name = `/proc/self/fd/${this.#fd}`;
    const { bavail, bsize } = statfsSync(name, { bigint: true });
    const free = bavail * bsize;
    // Who writes needs the rest; and a file system that runs full in the middle keeps what it has allocated.
    if (bytes * 2n > free) {
      throw new UsageError(`${bytes} bytes are wanted and ${free} bytes are free, of which half at most is taken`);
    }
    const fd = await openAsync(name, 'r+');
    try {
      await reservePastEnd(fd, bytes);
    } finally {
      closeSync(fd);
    }
  }

  async freePastEnd(keepTo: bigint): Promise<boolean> {
    // The only description of ours must be one that may truncate.
    const fd = await openAsync(`/proc/self/fd/${this.#fd}`, 'r+');
    this.#place[Symbol.dispose]();
    closeSync(this.#fd);
    this.#fd = fd;
    this.#place = new LocatedFd(fd);
    return freePastEnd(fd, keepTo);
  }

  space(): Space {
    const { major, minor } = deviceOf(this);
    const deviceSectors = Number(readFileSync(`/sys/dev/block/${major}:${minor}/size`, 'latin1'));
    return { blockSectors: statfsSync(`/proc/self/fd/${this.#fd}`).bsize / 512, deviceSectors };
  }

  deviceWrites(): bigint {
    return this.#writes?.read() ?? 0n;
  }

  watchCloses(): void {
    const before = this.#watch;
    this.#watch = this.#watchOf(this.#fd, IN.MODIFY | MOVES | CLOSES);
    before[Symbol.dispose]();
  }

  takeModified(): boolean {
    this.#sources.notices.take();
    const mask = this.#heard;
    this.#heard = 0;
    return (mask & (IN.MODIFY | IN.Q_OVERFLOW)) !== 0;
  }

  [Symbol.dispose](): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#watch[Symbol.dispose]();
    this.#own?.[Symbol.dispose]();
    this.#writes?.[Symbol.dispose]();
    this.#place[Symbol.dispose]();
    closeSync(this.#fd);
  }
}
