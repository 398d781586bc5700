import type { FileView } from '../../filemap/file-view.ts';
import type { StartOptions } from '../../filemapd/start.ts';
import { DeviceMapper } from '../../mapper/device-mapper.ts';
import type { SampleClock } from '../../stats/sample-clock.ts';
import { type BlockDevices, sysBlockDevices } from '../../system/block-devices.ts';
import { DeviceFactsReader } from '../device-facts.ts';
import { oneLine } from '../run.ts';
import type { Command } from './commands.ts';
import { Outcome } from './outcome.ts';
import type { Options } from './parse.ts';

/** Where text goes. */
export interface Output {
  write(text: string): unknown;
}

/** What the command needs of the world. */
export interface Environment {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly env: NodeJS.ProcessEnv;
  /** The kernel; default: opened when first needed. */
  readonly dm?: DeviceMapper;
  /** Ends what waits; default: SIGINT and SIGTERM. */
  readonly signal?: AbortSignal;
  readonly clock?: SampleClock;
  /** The time of day, milliseconds since 1970; default: the machine's. */
  readonly timeOfDay?: () => number;
  /** Block devices; default: sysfs. */
  readonly blockDevices?: BlockDevices;
  /** A file that is mapped, by its absolute path, with its descriptor for the daemon. */
  readonly openFile?: (path: string) => { readonly file: FileView; readonly fd: number };
  readonly startFilemapd?: (options: StartOptions) => Promise<unknown>;
}

/** The process's own streams and environment. */
export function systemEnvironment(): Environment {
  return { stdout: process.stdout, stderr: process.stderr, env: process.env };
}

/** The program that regions belong to when nothing is said. */
export const PROGRAM_ID = 'dmstats';

/** One run of a subcommand: its options, the kernel and the terminal. */
export class Context implements Disposable {
  readonly world: Environment;
  readonly command: Command;
  readonly options: Options;
  readonly words: readonly string[];
  /** What the command did, for people or programs. */
  readonly outcome: Outcome;
  #dm: DeviceMapper | undefined;
  #facts: DeviceFactsReader | undefined;
  #signal: AbortSignal | undefined;
  #offSignal: (() => void) | undefined;

  constructor(world: Environment, command: Command, options: Options, words: readonly string[]) {
    this.world = world;
    this.command = command;
    this.options = options;
    this.words = words;
    const format = (['json', 'json-lines'] as const).find((name) => options.has(name)) ?? 'text';
    this.outcome = new Outcome(format, command.name, world.stdout);
  }

  /** The kernel's device-mapper, opened when first asked for. */
  get dm(): DeviceMapper {
    if (this.world.dm !== undefined) return this.world.dm;
    this.#dm ??= DeviceMapper.open(undefined, { blocking: true });
    return this.#dm;
  }

  /** Reads what reports say of devices. */
  get facts(): DeviceFactsReader {
    const { blockDevices = sysBlockDevices(), env } = this.world;
    this.#facts ??= new DeviceFactsReader(this.dm, blockDevices, env);
    return this.#facts;
  }

  /** Fires on SIGINT and SIGTERM: from the first use on they no longer end the process. */
  get signal(): AbortSignal {
    if (this.world.signal !== undefined) return this.world.signal;
    if (this.#signal === undefined) {
      const controller = new AbortController();
      const abort = (): void => controller.abort();
      process.on('SIGINT', abort);
      process.on('SIGTERM', abort);
      this.#offSignal = () => {
        process.off('SIGINT', abort);
        process.off('SIGTERM', abort);
      };
      this.#signal = controller.signal;
    }
    return this.#signal;
  }

  /** The program whose regions are meant; undefined for all. */
  get programId(): string | undefined {
    return this.options.has('allprograms') ? undefined : (this.options.text('programid') ?? PROGRAM_ID);
  }

  /** Whether the output must be records and nothing else. */
  get isForPrograms(): boolean {
    return ['json', 'json-lines', 'csv'].some((name) => this.options.has(name));
  }

  /** Writes to standard output. */
  print(text: string): void {
    this.world.stdout.write(text);
  }

  /** Writes one line to standard error. */
  warn(text: string): void {
    this.world.stderr.write(`${oneLine(text)}\n`);
  }

  [Symbol.dispose](): void {
    this.#offSignal?.();
    this.#dm?.[Symbol.dispose]();
  }
}
