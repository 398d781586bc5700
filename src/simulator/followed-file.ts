import type { FileFacts, FileView } from '../filemap/file-view.ts';
import type { Space } from '../filemap/lookahead/geometry.ts';
import type { FollowedFile } from '../filemapd/followed-file.ts';
import type { RawExtent } from '../system/fiemap.ts';
import { SimulatorError } from './errors.ts';
import type { SimulatedFileSystem } from './file-system.ts';
import type { SimulatedHandle } from './handle.ts';
import type { NoticeKind, SimulatedInode, Watcher } from './inode.ts';

/** An open file of a simulated file system. */
export class SimulatedFile implements FileView {
  protected handle: SimulatedHandle;
  #open = true;
  // A descriptor that was handed over belongs to its holder: it is neither counted nor closed here.
  #borrowed: boolean;

  /** Use `SimulatedFileSystem.open`. */
  constructor(handle: SimulatedHandle, borrowed: boolean) {
    this.handle = handle;
    this.#borrowed = borrowed;
  }

  /** The file behind it now. */
  get inode(): SimulatedInode {
    return this.handle.inode;
  }

  protected get fileSystemOfFile(): SimulatedFileSystem {
    if (!this.#open) throw new SimulatorError('this file is closed');
    return this.handle.fileSystem;
  }

  facts(): FileFacts {
    return this.fileSystemOfFile.factsOf(this.inode);
  }

  fileSystem(): number {
    return this.fileSystemOfFile.magic;
  }

  async extents({ sync = false }: { readonly sync?: boolean } = {}): Promise<readonly RawExtent[]> {
    return this.fileSystemOfFile.extentsOf(this.inode, sync);
  }

  protected replaceHandle(handle: SimulatedHandle): void {
    if (!this.#borrowed) this.handle.close();
    this.#borrowed = false;
    this.handle = handle;
  }

  [Symbol.dispose](): void {
    if (!this.#open) return;
    this.#open = false;
    if (!this.#borrowed) this.handle.close();
  }
}

/** A file with a watch on it, as `filemapd` follows one. */
export class SimulatedFollowedFile extends SimulatedFile implements FollowedFile, Watcher {
  readonly #path: string;
  readonly #home: SimulatedFileSystem;
  readonly #onNotice: () => void;
  #modified = false;
  #reportsCloses = false;
  #armed = true;
  #watching = true;

  /** Use `SimulatedFileSystem.follow`. */
  constructor(
    handle: SimulatedHandle,
    borrowed: boolean,
    home: SimulatedFileSystem,
    path: string,
    onNotice: () => void,
  ) {
    super(handle, borrowed);
    this.#home = home;
    this.#path = path;
    this.#onNotice = onNotice;
    this.inode.watchers.add(this);
  }

  async factsAtPath(): Promise<FileFacts | undefined> {
    return this.#home.factsAt(this.#path);
  }

  async reopen(): Promise<boolean> {
    const handle = this.#home.reopen(this.#path);
    if (handle === undefined) return false;
    this.inode.watchers.delete(this);
    this.replaceHandle(handle);
    this.inode.watchers.add(this);
    // A new watch begins with the usual mask.
    this.#reportsCloses = false;
    return true;
  }

  isSoleHolder(): boolean {
    return this.inode.opens === 1;
  }

  async extentsPastEnd(): Promise<readonly RawExtent[]> {
    const { size } = this.facts();
    const extents = this.fileSystemOfFile.extentsOf(this.inode, false);
    return extents.filter(({ logical, length }) => logical + length > size);
  }

  async reserve(bytes: bigint): Promise<void> {
    this.fileSystemOfFile.fallocate(this.handle, this.inode.size, Number(bytes), { keepSize: true });
  }

  async freePastEnd(keepTo: bigint): Promise<boolean> {
    if (!this.isSoleHolder()) return false;
    const { size } = this.inode;
    this.fileSystemOfFile.trimBehindEnd(this.handle);
    const kept = Number(keepTo) - size;
    if (kept > 0) this.fileSystemOfFile.fallocate(this.handle, size, kept, { keepSize: true });
    return true;
  }

  space(): Space {
    return this.fileSystemOfFile.space;
  }

  deviceWrites(): bigint {
    return this.fileSystemOfFile.deviceWrites();
  }

  watchCloses(): void {
    this.#reportsCloses = true;
  }

  takeModified(): boolean {
    const isModified = this.#modified;
    this.#modified = false;
    this.#armed = true;
    return isModified;
  }

  /** For the file system. Notices gather, but wake only once until they are taken, as a readable descriptor does. */
  notify(kind: NoticeKind): void {
    if (kind === 'closed' && !this.#reportsCloses) return;
    if (kind === 'modified') this.#modified = true;
    if (!this.#armed) return;
    this.#armed = false;
    queueMicrotask(() => {
      if (this.#watching) this.#onNotice();
    });
  }

  override [Symbol.dispose](): void {
    this.#watching = false;
    this.inode.watchers.delete(this);
    super[Symbol.dispose]();
  }
}
