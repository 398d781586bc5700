import type { FileView } from '../../filemap/file-view.ts';
import type { PatternAnswer } from '../../filemapd/service/client.ts';
import type { PatternRecord } from '../../filemapd/service/records.ts';
import type { StartOptions } from '../../filemapd/start.ts';
import type { StatsMemory } from '../../stats/memory.ts';
import type { SampleClock } from '../../stats/sample-clock.ts';
import type { BlockNumber } from '../../system/block-devices.ts';
import type { BlockIo } from '../../system/block-statistics.ts';
import type { Terminal } from '../../watch/terminal.ts';
import type { Options } from '../command-line.ts';
import { CommandContext, type World } from '../context.ts';
import type { Command } from './commands.ts';

/** What the command needs of the world. */
export interface Environment extends World {
  readonly clock?: SampleClock;
  /** The time of day, milliseconds since 1970; default: the machine's. */
  readonly timeOfDay?: () => number;
  /** A file that is mapped, by its absolute path, with its descriptor for the daemon. */
  readonly openFile?: (path: string) => { readonly file: FileView; readonly fd: number };
  /** What statistics may take; default: this machine's. */
  readonly statsMemory?: StatsMemory;
  /** The statistics of block devices; default: sysfs. */
  readonly blockIo?: (number: BlockNumber) => BlockIo | undefined;
  /** Takes over a terminal; default: the process's. */
  readonly terminal?: () => Terminal;
  readonly startFilemapd?: (options: StartOptions) => Promise<unknown>;
  /** The service of this machine, for files by a pattern. */
  readonly followPattern?: (pattern: PatternRecord) => Promise<PatternAnswer>;
}

/** The program that regions belong to when nothing is said. */
export const PROGRAM_ID = 'dmstats';

/** One run of a subcommand of dmstats. */
export class Context extends CommandContext<Environment> {
  readonly command: Command;

  constructor(world: Environment, command: Command, options: Options, words: readonly string[]) {
    super(world, command.name, options, words);
    this.command = command;
  }

  /** The program whose regions are meant; undefined for all. */
  get programId(): string | undefined {
    return this.options.has('allprograms') ? undefined : (this.options.text('programid') ?? PROGRAM_ID);
  }
}
