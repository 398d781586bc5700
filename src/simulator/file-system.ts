import type { FileFacts } from '../filemap/file-view.ts';
import type { Space } from '../filemap/lookahead/geometry.ts';
import type { DeviceNumber } from '../kernel/dm-ioctl.ts';
import { ERRNO } from '../kernel/errno.ts';
import { SystemError } from '../system/errors.ts';
import type { RawExtent } from '../system/fiemap.ts';
import { BlockAllocator } from './allocator.ts';
import type { SimulatedDevice } from './device.ts';
import { Refusal, SimulatorError } from './errors.ts';
import { FileData, type WriteOptions } from './file-data.ts';
import type { FileCall, FileSystemOptions } from './file-system-options.ts';
import { SimulatedFile, SimulatedFollowedFile } from './followed-file.ts';
import { SimulatedHandle } from './handle.ts';
import { SimulatedInode } from './inode.ts';
import type { SimulatedIo } from './io.ts';
import type { SimulatedKernel } from './kernel.ts';
import { Names } from './names.ts';
import { SimulatedRandom } from './random.ts';
import { TruthLog } from './truth.ts';
import { type IoOptions, Volume } from './volume.ts';

/** A file by its name, or by an open description of it, which also serves when it has no name any more. */
export type FileTarget = string | SimulatedHandle;

const EXT4_MAGIC = 0xef53;
const FIRST_INODE = 12n;

/**
 * A file system on a simulated device. Its files' I/O goes to the device through their extents, and is written down in
 * `truth`. All names are absolute paths in one flat table; a call by name opens the file, acts and closes it.
 */
export class SimulatedFileSystem {
  readonly kernel: SimulatedKernel;
  readonly device: DeviceNumber;
  readonly magic: number;
  /** Every completed I/O of a file. */
  readonly truth = new TruthLog();
  /** The source of the allocator's choices. */
  readonly random: SimulatedRandom;
  /** Asked before a question of the code under test; a number is the errno with which it fails. It may act first. */
  onCall: ((call: FileCall) => number | undefined) | undefined;
  /** Who is called what. */
  readonly names: Names<SimulatedFileSystem> = new Names<SimulatedFileSystem>(this);
  readonly #mounted: SimulatedDevice;
  readonly #opened: Disposable;
  readonly #inodes = new Set<SimulatedInode>();
  readonly #volume: Volume;
  readonly #data: FileData;
  readonly #fiemap: boolean;
  #nextInode = FIRST_INODE;

  constructor(kernel: SimulatedKernel, device: DeviceNumber, options: FileSystemOptions = {}) {
    const { blockSectors = 8, seed = 1, maxIoSectors = 2048, copyOnWrite = false, reuseAfterMs = 0 } = options;
    const mounted = kernel.device(device);
    this.#mounted = mounted;
    const size = options.sizeSectors ?? Number(mounted.sizeSectors);
    if (size > Number(mounted.sizeSectors)) throw new SimulatorError('the file system is larger than its device');
    this.kernel = kernel;
    this.device = mounted.number;
    this.magic = options.magic ?? EXT4_MAGIC;
    this.#fiemap = options.fiemap ?? true;
    this.random = new SimulatedRandom(seed);
    const blocks = Math.floor(size / blockSectors);
    // The first blocks are the file system's own.
    const reserved = Math.min(256, Math.ceil(blocks / 16));
    const allocator = new BlockAllocator(reserved, blocks - reserved, this.random);
    this.#volume = new Volume(kernel, this.device, { blockSectors, maxIoSectors, reuseAfterMs }, allocator, this.truth);
    this.#data = new FileData(this.#volume, copyOnWrite);
    this.#opened = kernel.hold(device);
  }

  /** The largest run that an allocation gets, in blocks: small fragments files. Infinity: as contiguous as can be. */
  set longestRun(blocks: number) {
    this.#volume.allocator.longestRun = blocks;
  }

  get longestRun(): number {
    return this.#volume.allocator.longestRun;
  }

  get freeBlocks(): number {
    return this.#volume.allocator.freeBlocks;
  }

  /** Lets go of the device. */
  unmount(): void {
    this.#opened[Symbol.dispose]();
  }

  /** Makes an empty file. With `inline` its first 160 bytes lie in the inode. @throws SystemError EEXIST */
  create(path: string, { inline = false }: { readonly inline?: boolean } = {}): SimulatedInode {
    const inode = new SimulatedInode(this.#nextInode++, inline, this.kernel.clock.nowNs());
    this.names.add('open', path, inode);
    this.#inodes.add(inode);
    return inode;
  }

  /** Makes a symbolic link, also to a file of another file system. No watch of a file tells when a link changes. */
  symlink(path: string, target: string, fileSystem: SimulatedFileSystem = this): void {
    this.names.add('symlink', path, { home: fileSystem, path: target });
  }

  /** The file at a name. @throws SystemError ENOENT */
  inode(path: string): SimulatedInode {
    const found = this.names.find(path);
    if (found === undefined) throw new SystemError('open', ERRNO.ENOENT, path);
    return found.inode;
  }

  /** Another holder opens or maps a file. @throws SystemError ENOENT */
  hold(path: string): SimulatedHandle {
    const handle = this.#hold(path);
    if (handle === undefined) throw new SystemError('open', ERRNO.ENOENT, path);
    return handle;
  }

  #hold(path: string): SimulatedHandle | undefined {
    const found = this.names.find(path);
    return found === undefined ? undefined : new SimulatedHandle(found.home, found.inode, path);
  }

  /** For files: opens what a name means now. */
  reopen(path: string): SimulatedHandle | undefined {
    this.#ask('reopen', this.names.find(path)?.inode);
    return this.#hold(path);
  }

  /** Opens a file for the code under test. @throws SystemError ENOENT */
  open(target: FileTarget): SimulatedFile {
    return typeof target === 'string' ? new SimulatedFile(this.hold(target), false) : new SimulatedFile(target, true);
  }

  /**
   * Follows a file for the code under test. `path` is the name to look at for replacements, by default that of the
   * target; `onNotice` is called, in a microtask, when notices wait, and again only after they were taken.
   *
   * @param target its name, or a descriptor handed over: that is then the one hold that does not count as another's
   */
  follow(
    target: FileTarget,
    { path, onNotice = () => {} }: { readonly path?: string; readonly onNotice?: () => void } = {},
  ): SimulatedFollowedFile {
    const borrowed = typeof target !== 'string';
    const handle = borrowed ? target : this.hold(target);
    return new SimulatedFollowedFile(handle, borrowed, this, path ?? handle.path, onNotice);
  }

  /** Opens, acts, closes; a file by name must be of this file system or linked from it. */
  #on<T>(syscall: string, target: FileTarget, action: (inode: SimulatedInode, data: FileData) => T): T {
    const handle = typeof target === 'string' ? this.hold(target) : target;
    try {
      return action(handle.inode, handle.fileSystem.#data);
    } catch (error) {
      throw error instanceof Refusal ? new SystemError(syscall, error.errno, handle.path) : error;
    } finally {
      if (target !== handle) handle.close();
    }
  }

  /** Writes; offsets and lengths in bytes. @returns its I/O. @throws SystemError ENOSPC */
  write(target: FileTarget, offset: number, length: number, options: WriteOptions = {}): SimulatedIo[] {
    return this.#on('write', target, (inode, data) => data.write(inode, offset, length, options));
  }

  /** Reads. @returns its I/O */
  read(target: FileTarget, offset: number, length: number, options: IoOptions = {}): SimulatedIo[] {
    return this.#on('read', target, (inode, data) => data.read(inode, offset, length, options));
  }

  /** Writes what waits in memory, of one file or of all: delayed allocations get their blocks. @returns its I/O */
  writeback(target?: FileTarget, options: IoOptions = {}): SimulatedIo[] {
    if (target !== undefined) return this.#on('fsync', target, (inode, data) => data.writeback(inode, options));
    return [...this.#inodes].flatMap((inode) => this.#data.writeback(inode, options));
  }

  /** Allocates without writing. With `keepSize` also behind the end of the file. */
  fallocate(target: FileTarget, offset: number, length: number, { keepSize = false } = {}): void {
    this.#on('fallocate', target, (inode, data) => data.fallocate(inode, offset, length, keepSize));
  }

  /** Frees the blocks within a range; the file keeps its size. */
  punch(target: FileTarget, offset: number, length: number): void {
    this.#on('fallocate', target, (inode, data) => data.punch(inode, offset, length));
  }

  truncate(target: FileTarget, size: number): void {
    this.#on('ftruncate', target, (inode, data) => data.truncate(inode, size));
  }

  /** Frees what was allocated behind the end of the file, unasked, as XFS does with its speculation. Nobody is told. */
  trimBehindEnd(target: FileTarget): void {
    this.#on('trim', target, (inode, data) => data.trim(inode, inode.size));
  }

  /** Makes `path` a copy of `target` that shares its blocks; writes to either then go to other blocks. Nobody is told. */
  reflink(target: FileTarget, path: string): SimulatedInode {
    const copy = this.names.find(path)?.inode ?? this.create(path);
    this.#on('ioctl(FICLONE)', target, (inode, data) => data.reflink(inode, copy));
    return copy;
  }

  /** Moves a file's blocks to one place; the contents stay. Nobody is told. */
  defragment(target: FileTarget, options: IoOptions = {}): SimulatedIo[] {
    return this.#on('ioctl(EXT4_IOC_MOVE_EXT)', target, (inode, data) => data.defragment(inode, options));
  }

  /** Changes attributes and nothing else, as chmod. */
  setAttributes(target: FileTarget): void {
    this.#on('fchmod', target, (inode) => this.#changed(inode));
  }

  /** Adds a name. @throws SystemError ENOENT, EEXIST */
  link(path: string, name: string): void {
    const inode = this.inode(path);
    this.names.add('link', name, inode);
    inode.links++;
    this.#changed(inode);
  }

  /** Takes a name away. @throws SystemError ENOENT */
  unlink(path: string): void {
    const inode = this.names.remove(path);
    if (inode !== undefined) this.#unnamed(inode);
  }

  /** Renames, also over another file, which loses that name. @throws SystemError ENOENT */
  rename(from: string, to: string): void {
    const { moved, replaced } = this.names.rename(from, to);
    if (replaced !== undefined) this.#unnamed(replaced);
    if (moved !== undefined) this.#changed(moved);
  }

  /** Renames a folder: its files get other names, and no watch of a file tells. */
  renameFolder(from: string, to: string): void {
    this.names.renameFolder(from, to);
  }

  #changed(inode: SimulatedInode): void {
    inode.changedNs = this.kernel.clock.nowNs();
    inode.notify('moved');
  }

  #unnamed(inode: SimulatedInode): void {
    inode.links--;
    this.#changed(inode);
    this.#collect(inode);
  }

  #collect(inode: SimulatedInode): void {
    if (inode.links > 0 || inode.opens > 0) return;
    this.#inodes.delete(inode);
    this.#data.trim(inode, 0);
  }

  /** For handles: an open description is gone. */
  closed(inode: SimulatedInode): void {
    inode.opens--;
    inode.notify('closed');
    this.#collect(inode);
  }

  #ask(call: FileCall['call'], inode: SimulatedInode | undefined): void {
    const errno = this.onCall?.({ call, inode: inode?.number });
    if (errno !== undefined) throw new SystemError(call === 'extents' ? 'ioctl(FS_IOC_FIEMAP)' : call, errno);
  }

  /** For files: what `fstat` tells. */
  factsOf(inode: SimulatedInode): FileFacts {
    this.#ask('facts', inode);
    return this.#volume.facts(inode);
  }

  /** For files: what `stat` of a name tells; undefined when nothing is there. */
  factsAt(path: string): FileFacts | undefined {
    this.#ask('factsAtPath', this.names.find(path)?.inode);
    // Looked up again: the hook may have changed what is there.
    const found = this.names.find(path);
    return found === undefined ? undefined : found.home.#volume.facts(found.inode);
  }

  /** For files: what FIEMAP tells. @throws SystemError EOPNOTSUPP where the file system has none */
  extentsOf(inode: SimulatedInode, sync: boolean): RawExtent[] {
    this.#ask('extents', inode);
    if (!this.#fiemap) throw new SystemError('ioctl(FS_IOC_FIEMAP)', ERRNO.EOPNOTSUPP);
    if (sync) this.#data.writeback(inode, {});
    return this.#volume.extents(inode);
  }

  /** For files: the size of blocks and of the device, in sectors. */
  get space(): Space {
    return { blockSectors: this.#volume.blockSectors, deviceSectors: Number(this.#mounted.sizeSectors) };
  }

  /** For files: completed writes of the device. */
  deviceWrites(): bigint {
    return BigInt(this.#mounted.completed.write);
  }
}
