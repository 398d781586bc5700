import type { SimulatedFileSystem } from './file-system.ts';
import type { SimulatedInode } from './inode.ts';

/** An open description of a file, or a mapping of it, in somebody's hands. */
export class SimulatedHandle implements Disposable {
  readonly fileSystem: SimulatedFileSystem;
  readonly inode: SimulatedInode;
  /** The name by which it was opened. */
  readonly path: string;
  #open = true;

  /** Use `SimulatedFileSystem.hold`. */
  constructor(fileSystem: SimulatedFileSystem, inode: SimulatedInode, path: string) {
    this.fileSystem = fileSystem;
    this.inode = inode;
    this.path = path;
    inode.opens++;
  }

  /** Closes it; a second time does nothing. Watchers that asked for closes are told; a file without a name goes. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.fileSystem.closed(this.inode);
  }

  [Symbol.dispose](): void {
    this.close();
  }
}
