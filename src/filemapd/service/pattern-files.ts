import { checkMappable } from '../../filemap/filemap.ts';
import { OVERLAYFS_MAGIC } from '../../filemap/refusals.ts';
import { UsageError } from '../../mapper/errors.ts';
import { hasCode } from '../../system/errors.ts';
import { type Glob, parseGlob } from './glob.ts';
import type { PatternRecord } from './records.ts';
import type { ServiceWorld } from './world.ts';

/** A file that is there and cannot be followed. */
export interface RefusedFile {
  readonly path: string;
  readonly reason: string;
}

/**
 * Has a file followed that a pattern means, unless it is already.
 *
 * @param watchedSinceMs since when its folder is watched, milliseconds since 1970
 * @throws Error why it cannot be
 */
export type JoinFile = (path: string, watchedSinceMs: number) => Promise<void>;

/** The files of a pattern: those that are there, and those that come. */
export class PatternFiles implements Disposable {
  readonly record: PatternRecord;
  readonly #world: ServiceWorld;
  readonly #join: JoinFile;
  readonly #glob: Glob;
  #watch: Disposable | undefined;
  #watchedSinceMs = 0;
  #refused = new Map<string, string>();
  #scan: Promise<void> | undefined;
  #isScanWanted = false;
  #isOver = false;
  /** Why its folder could not be read; undefined: it could. */
  failure: string | undefined;

  /** @throws UsageError for a pattern that is none */
  constructor(record: PatternRecord, world: ServiceWorld, join: JoinFile) {
    this.record = record;
    this.#world = world;
    this.#join = join;
    this.#glob = parseGlob(record.pattern);
  }

  get folder(): string {
    return this.#glob.folder;
  }

  /** Files that match and cannot be followed, and why. */
  get refused(): RefusedFile[] {
    return [...this.#refused].map(([path, reason]) => ({ path, reason }));
  }

  /** Whether the folder is watched: else it is not there, or cannot be read. */
  get isWatching(): boolean {
    return this.#watch !== undefined;
  }

  /** @throws UsageError when the folder is not there, or when no file in it could be mapped */
  async checkFolder(): Promise<void> {
    try {
      using opened = await this.#world.open(this.folder);
      const { view } = opened;
      // Each of its files may be on another device.
      if (view.fileSystem() === OVERLAYFS_MAGIC) return;
      // The folder stands for the files in it.
      const facts = { ...view.facts(), isRegular: true };
      const { locate } = view;
      await checkMappable(
        this.#world.dm,
        { facts: () => facts, fileSystem: () => view.fileSystem(), ...(locate === undefined ? {} : { locate }) },
        this.record.level,
      );
    } catch (error) {
      if (!hasCode(error, 'ENOENT', 'ENOTDIR')) throw error;
      throw new UsageError(`${this.record.pattern}: there is no folder ${this.folder}`);
    }
  }

  /** Has all files followed that are there. What comes meanwhile is seen too. @throws Node's errors for the folder */
  async scan(): Promise<void> {
    this.#isScanWanted = true;
    this.#scan ??= this.#scanAll().finally(() => {
      this.#scan = undefined;
    });
    return this.#scan;
  }

  /** Resolves when no scan is going on. */
  async settled(): Promise<void> {
    await this.#scan?.catch(() => {});
  }

  async #scanAll(): Promise<void> {
    while (this.#isScanWanted && !this.#isOver) {
      this.#isScanWanted = false;
      await this.#scanOnce();
    }
  }

  async #scanOnce(): Promise<void> {
    let names: readonly string[];
    try {
      // First the watch: a file that comes between the two is seen by it.
      if (this.#watch === undefined) {
        this.#watchedSinceMs = this.#world.timeOfDay();
        const watch = await this.#world.watchFolder(this.folder, () => void this.scan().catch(() => {}));
        if (this.#isOver) watch[Symbol.dispose]();
        else this.#watch = watch;
      }
      names = await this.#world.names(this.folder);
      this.failure = undefined;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (reason !== this.failure) this.#world.log(1, `${this.record.pattern}: ${reason}`);
      this.failure = reason;
      this.#watch?.[Symbol.dispose]();
      this.#watch = undefined;
      throw error;
    }
    const refused = new Map<string, string>();
    for (const name of [...names].sort()) {
      if (this.#isOver || !this.#glob.matches(name)) continue;
      const path = `${this.folder === '/' ? '' : this.folder}/${name}`;
      try {
        await this.#join(path, this.#watchedSinceMs);
      } catch (error) {
        // It came and went.
        if (hasCode(error, 'ENOENT')) continue;
        const reason = error instanceof Error ? error.message : String(error);
        refused.set(path, reason);
        if (this.#refused.get(path) !== reason) this.#world.log(1, `${path}: ${reason}`);
      }
    }
    this.#refused = refused;
  }

  [Symbol.dispose](): void {
    this.#isOver = true;
    this.#watch?.[Symbol.dispose]();
    this.#watch = undefined;
  }
}
