import type { FileFacts } from '../../src/filemap/file-view.ts';
import type { FollowedFile } from '../../src/filemapd/followed-file.ts';
import type { SimulatedFileSystem, SimulatedFollowedFile } from '../../src/simulator/index.ts';

/** What a path names. */
export interface Target {
  readonly system: SimulatedFileSystem;
  readonly path: string;
}

/** A file whose path may name one on another file system. */
export class LinkedFile implements FollowedFile {
  readonly #target: () => Target;
  readonly #follow: (target: Target) => SimulatedFollowedFile;
  #now: SimulatedFollowedFile;

  constructor(target: () => Target, onNotice: () => void) {
    this.#target = target;
    this.#follow = ({ system, path }) => system.follow(path, { onNotice });
    this.#now = this.#follow(target());
  }

  facts = (): FileFacts => this.#now.facts();
  fileSystem = (): number => this.#now.fileSystem();
  extents: FollowedFile['extents'] = (options) => this.#now.extents(options);
  factsAtPath = async (): Promise<FileFacts | undefined> => {
    const { system, path } = this.#target();
    return system.factsAt(path);
  };
  isSoleHolder = (): boolean => this.#now.isSoleHolder();
  extentsPastEnd: FollowedFile['extentsPastEnd'] = () => this.#now.extentsPastEnd();
  reserve = (bytes: bigint): Promise<void> => this.#now.reserve(bytes);
  freePastEnd = (keepTo: bigint): Promise<boolean> => this.#now.freePastEnd(keepTo);
  space: FollowedFile['space'] = () => this.#now.space();
  deviceWrites = (): bigint => this.#now.deviceWrites();
  watchCloses = (): void => this.#now.watchCloses();
  takeModified = (): boolean => this.#now.takeModified();

  async reopen(): Promise<boolean> {
    const next = this.#follow(this.#target());
    this.#now[Symbol.dispose]();
    this.#now = next;
    return true;
  }

  [Symbol.dispose](): void {
    this.#now[Symbol.dispose]();
  }
}
