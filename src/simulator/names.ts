import { ERRNO } from '../kernel/errno.ts';
import { SystemError } from '../system/errors.ts';
import { SimulatedInode } from './inode.ts';

/** What a symbolic link means. */
interface Link<Home> {
  readonly home: Home;
  readonly path: string;
}

const MOST_LINKS = 40;

/** The names of a file system: absolute paths in one flat table. */
export class Names<Home extends { readonly names: Names<Home> }> {
  readonly #home: Home;
  readonly #entries = new Map<string, SimulatedInode | Link<Home>>();

  constructor(home: Home) {
    this.#home = home;
  }

  /** What a name means, with the file system that holds it; undefined when nothing is there. */
  find(path: string): { readonly home: Home; readonly inode: SimulatedInode } | undefined {
    let home = this.#home;
    let at = path;
    for (let links = 0; links <= MOST_LINKS; links++) {
      const entry = home.names.#entries.get(at);
      if (entry === undefined) return undefined;
      if (entry instanceof SimulatedInode) return { home, inode: entry };
      ({ home, path: at } = entry);
    }
    throw new SystemError('open', ERRNO.ELOOP, path);
  }

  /** Adds a name. @throws SystemError EEXIST */
  add(syscall: string, path: string, entry: SimulatedInode | Link<Home>): void {
    if (this.#entries.has(path)) throw new SystemError(syscall, ERRNO.EEXIST, path);
    this.#entries.set(path, entry);
  }

  /** Takes a name away. @returns the file that lost it, unless it was a link. @throws SystemError ENOENT */
  remove(path: string): SimulatedInode | undefined {
    const entry = this.#entries.get(path);
    if (entry === undefined) throw new SystemError('unlink', ERRNO.ENOENT, path);
    this.#entries.delete(path);
    return entry instanceof SimulatedInode ? entry : undefined;
  }

  /** Renames, also over another. @returns the files that moved and that lost the name. @throws SystemError ENOENT */
  rename(from: string, to: string): { readonly moved?: SimulatedInode; readonly replaced?: SimulatedInode } {
    const entry = this.#entries.get(from);
    if (entry === undefined) throw new SystemError('rename', ERRNO.ENOENT, from);
    const replaced = this.#entries.get(to);
    // Two names of one file: rename(2) does nothing, and says nothing.
    if (replaced === entry) return {};
    this.#entries.delete(from);
    this.#entries.set(to, entry);
    return {
      ...(entry instanceof SimulatedInode && { moved: entry }),
      ...(replaced instanceof SimulatedInode && { replaced }),
    };
  }

  /** Gives all names in a folder another beginning. */
  renameFolder(from: string, to: string): void {
    for (const [path, entry] of [...this.#entries]) {
      if (!path.startsWith(`${from}/`)) continue;
      this.#entries.delete(path);
      this.#entries.set(to + path.slice(from.length), entry);
    }
  }
}
