import { DeviceMapper } from '../mapper/device-mapper.ts';
import { type BlockDevices, sysBlockDevices } from '../system/block-devices.ts';
import { standardOutput } from '../system/standard-output.ts';
import type { Options } from './command-line.ts';
import { DeviceFactsReader } from './device-facts.ts';
import { Outcome } from './outcome.ts';
import { oneLine } from './run.ts';

/** Where text goes. */
export interface Output {
  write(text: string): unknown;
}

/** Where a command's text goes. */
export interface Streams {
  readonly stdout: Output;
  readonly stderr: Output;
}

/** What a command needs of the world. */
export interface World extends Streams {
  readonly env: NodeJS.ProcessEnv;
  /** The kernel; default: opened when first needed. */
  readonly dm?: DeviceMapper;
  /** Ends what waits; default: SIGINT and SIGTERM. */
  readonly signal?: AbortSignal;
  /** Block devices; default: sysfs. */
  readonly blockDevices?: BlockDevices;
}

/** The process's own streams; Node's are loaded when they are first needed. */
export const STANDARD_STREAMS: Streams = {
  stdout: standardOutput,
  stderr: { write: (text) => process.stderr.write(text) },
};

/** The process's own streams and environment. */
export function systemWorld(): World {
  return { ...STANDARD_STREAMS, env: process.env };
}

/** One run of a subcommand: its options, the kernel and the terminal. */
export class CommandContext<W extends World> implements Disposable {
  readonly world: W;
  readonly options: Options;
  readonly words: readonly string[];
  /** What the command did, for people or programs. */
  readonly outcome: Outcome;
  #dm: DeviceMapper | undefined;
  #facts: DeviceFactsReader | undefined;
  #signal: AbortSignal | undefined;
  #offSignal: (() => void) | undefined;

  constructor(world: W, commandName: string, options: Options, words: readonly string[]) {
    this.world = world;
    this.options = options;
    this.words = words;
    const format = (['json', 'json-lines'] as const).find((name) => options.has(name)) ?? 'text';
    this.outcome = new Outcome(format, commandName, world.stdout);
  }

  /** The environment, with what options say in place of it. */
  get env(): NodeJS.ProcessEnv {
    return this.world.env;
  }

  /** The kernel's device-mapper, opened when first asked for. */
  get dm(): DeviceMapper {
    if (this.world.dm !== undefined) return this.world.dm;
    this.#dm ??= DeviceMapper.open(undefined, { blocking: true });
    return this.#dm;
  }

  get blockDevices(): BlockDevices {
    return this.world.blockDevices ?? sysBlockDevices();
  }

  /** Reads what reports say of devices. */
  get facts(): DeviceFactsReader {
    this.#facts ??= new DeviceFactsReader(this.dm, this.blockDevices, this.env);
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
