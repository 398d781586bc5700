import type { FirstCounts, RegionOptions } from '../filemap/apply.ts';
import { deleteRegions } from '../filemap/delete-regions.ts';
import { readExtents } from '../filemap/filemap.ts';
import type { Space } from '../filemap/lookahead/geometry.ts';
import {
  LookAhead,
  type LookAheadOptions,
  type LookReading,
  type QuietWrites,
  type Seen,
} from '../filemap/lookahead/look-ahead.ts';
import { linesWith, regionsOfProgram } from '../filemap/match.ts';
import { DmError } from '../mapper/errors.ts';
import type { DeviceStats } from '../stats/device-stats.ts';
import { LOOK_AHEAD_PROGRAM, ownerOf, parseOwner } from '../stats/owner.ts';
import type { Region } from '../stats/region.ts';
import type { FollowedFile } from './followed-file.ts';
import { groupsIn } from './groups-in.ts';

/** What a monitor's look-ahead stands on. */
export interface AheadRun {
  readonly file: FollowedFile;
  readonly options: LookAheadOptions;
  readonly now: () => number;
  readonly log: (level: 1 | 2 | 3, text: string) => void;
}

/** The group that a look-ahead serves. */
export interface AheadGroup {
  readonly groupId: number;
  /** Look for what was left for groups that are no more, too. */
  readonly isFirst: boolean;
}

const isAheadOf =
  (groupId: number) =>
  (region: Region): boolean =>
    ownerOf(region)?.groupId === groupId;

/** What killed processes have left for a group and for those that are no more. */
function leftFor(list: Uint8Array, groupId: number): Region[] {
  const existing = groupsIn(list);
  return regionsOfProgram(list, LOOK_AHEAD_PROGRAM).filter(({ aux }) => {
    const owner = parseOwner(aux);
    return owner !== undefined && (owner.groupId === groupId || !existing.has(owner.groupId));
  });
}

/** A monitor's look-ahead on the device where its file lies. Its troubles are never the mapping's. */
export class Ahead {
  readonly #run: AheadRun;
  readonly #space: Space;
  readonly #layers: LookAhead;

  private constructor(run: AheadRun, stats: DeviceStats, groupId: number, region: RegionOptions) {
    this.#run = run;
    this.#space = run.file.space();
    this.#layers = new LookAhead(stats, groupId, region, run.options, run.now);
  }

  /** Begins on a device, where regions may be left of a process that was killed. */
  static async begin(
    run: AheadRun,
    stats: DeviceStats,
    { groupId, isFirst }: AheadGroup,
    region: RegionOptions,
  ): Promise<Ahead> {
    const ahead = new Ahead(run, stats, groupId, region);
    // A new one: what was left of updates was deleted since the last, and ids are given out again.
    const list = await stats.listBytes();
    const left = isFirst ? leftFor(list, groupId) : linesWith(list, `group=${groupId},`).filter(isAheadOf(groupId));
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

  /** Whether layers are to be deleted at the next look. */
  get isMoving(): boolean {
    return this.#layers.isMoving;
  }

  /** Whether there are layers, or should be. */
  get isNeeded(): boolean {
    return this.#layers.isNeeded;
  }

  sawWrites(writes: bigint, quiet?: QuietWrites): void {
    this.#layers.sawWrites(writes, quiet);
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
      for (const { id, error } of await this.#layers.end()) {
        this.#run.log(1, `Region ID ${id} is still there: ${error.message}`);
      }
    } catch (error) {
      if (!(error instanceof DmError)) throw error;
      this.#run.log(1, `Look-ahead regions may be left: ${error.message}`);
    }
  }
}
