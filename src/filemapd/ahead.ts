import type { FirstCounts, RegionOptions } from '../filemap/apply.ts';
import { deleteRegions } from '../filemap/delete-regions.ts';
import { readExtents } from '../filemap/filemap.ts';
import type { Space } from '../filemap/lookahead/geometry.ts';
import { LookAhead, type LookAheadOptions, type LookReading, type Seen } from '../filemap/lookahead/look-ahead.ts';
import { regionsOfProgram } from '../filemap/match.ts';
import { DmError } from '../mapper/errors.ts';
import type { DeviceStats } from '../stats/device-stats.ts';
import { LOOK_AHEAD_PROGRAM, parseOwner } from '../stats/owner.ts';
import type { FollowedFile } from './followed-file.ts';
import { groupsIn } from './groups-in.ts';

/** What a monitor's look-ahead stands on. */
export interface AheadRun {
  readonly file: FollowedFile;
  readonly options: LookAheadOptions;
  readonly now: () => number;
  readonly log: (level: 1 | 2 | 3, text: string) => void;
}

/** A monitor's look-ahead on the device where its file lies. Its troubles are never the mapping's. */
export class Ahead {
  readonly #run: AheadRun;
  readonly #stats: DeviceStats;
  readonly #space: Space;
  readonly #layers: LookAhead;

  private constructor(run: AheadRun, stats: DeviceStats, groupId: number, region: RegionOptions) {
    this.#run = run;
    this.#stats = stats;
    this.#space = run.file.space();
    this.#layers = new LookAhead(stats, groupId, region, run.options, run.now);
  }

  /** Begins on a device, where regions may be left of a process that was killed. */
  static async begin(run: AheadRun, stats: DeviceStats, groupId: number, region: RegionOptions): Promise<Ahead> {
    const ahead = new Ahead(run, stats, groupId, region);
    const list = await stats.listBytes();
    const existing = groupsIn(list);
    const left = regionsOfProgram(list, LOOK_AHEAD_PROGRAM).filter(({ aux }) => {
      const owner = parseOwner(aux);
      return owner !== undefined && (owner.groupId === groupId || !existing.has(owner.groupId));
    });
    await deleteRegions(
      stats,
      left.map(({ id }) => id),
    );
    return ahead;
  }

  /** What holds the first I/O of growth. */
  get first(): FirstCounts {
    return this.#layers;
  }

  sawWrites(writes: bigint): void {
    this.#layers.sawWrites(writes);
  }

  forget(): void {
    this.#layers.forget();
  }

  async read(): Promise<LookReading | undefined> {
    try {
      return await this.#layers.read();
    } catch (error) {
      if (!(error instanceof DmError)) throw error;
      this.#run.log(2, `The look-ahead could not be read: ${error.message}`);
      return undefined;
    }
  }

  keepListed(list: Uint8Array): void {
    this.#layers.keepListed(list);
  }

  remember(seen: Seen, reading: LookReading | undefined): void {
    this.#layers.remember(seen, reading);
  }

  async rename(groupId: number): Promise<void> {
    try {
      await this.#layers.rename(groupId);
    } catch (error) {
      if (!(error instanceof DmError)) throw error;
      this.#run.log(1, `Look-ahead regions still name another group: ${error.message}`);
    }
  }

  async adjust(): Promise<void> {
    const { file, log } = this.#run;
    try {
      const refused = await this.#layers.adjust(this.#space, () => readExtents(file, false));
      if (refused !== undefined) log(1, `No look-ahead for a minute, growth is missed: ${refused.message}`);
    } catch (error) {
      if (!(error instanceof Error && 'errno' in error)) throw error;
      log(1, `The look-ahead could not be moved: ${error.message}`);
    }
  }

  /** Deletes its regions, those that are still its own. */
  async end(): Promise<void> {
    try {
      const { regions } = await this.#stats.list(LOOK_AHEAD_PROGRAM);
      const own = regions.filter((region) => this.#layers.isOurs(region)).map(({ id }) => id);
      for (const { id, error } of await deleteRegions(this.#stats, own)) {
        this.#run.log(1, `Region ID ${id} is still there: ${error.message}`);
      }
    } catch (error) {
      if (!(error instanceof DmError)) throw error;
      this.#run.log(1, `Look-ahead regions may be left: ${error.message}`);
    }
  }
}
