import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { DeviceNumber } from '../../kernel/dm-ioctl.ts';
import { UsageError } from '../../mapper/errors.ts';
import { findHolders } from '../../mapper/holders/find.ts';
import type { Holder } from '../../mapper/holders/holder.ts';
import { type ManglingMode, mangle, unmangledName } from '../../mapper/mangle.ts';
import { updateNodes } from '../../mapper/node-folder.ts';
import type { TableSlot } from '../../mapper/options.ts';
import type { UdevWorld } from '../../mapper/udev/cookie.ts';
import { udevState } from '../../mapper/udev/state.ts';
import type { SampleClock } from '../../stats/sample-clock.ts';
import { setReadAhead } from '../../system/block-devices.ts';
import type { Options } from '../command-line.ts';
import { CommandContext, type World } from '../context.ts';
import type { Command } from './commands.ts';
import { CommandFailure } from './failure.ts';

/** What the command needs of the world; the machine's where not given. */
export interface Environment extends World {
  readonly udev?: UdevWorld;
  readonly updateNodes?: typeof updateNodes;
  readonly setReadAhead?: (number: DeviceNumber, sectors: number) => void;
  /** Between reports that repeat. */
  readonly clock?: SampleClock;
  /** The time of day, milliseconds since 1970; default: the machine's. */
  readonly timeOfDay?: () => number;
  readonly holders?: (number: DeviceNumber) => Promise<readonly Holder[]>;
  readonly readFile?: (path: string | 0) => string;
  /** Runs a program. @returns its exit status */
  readonly run?: (program: string, words: readonly string[]) => number;
  /** The terminal's width. */
  readonly columns?: number;
}

function runProgram(program: string, words: readonly string[]): number {
  const { status, error } = spawnSync(program, words, { stdio: 'inherit' });
  if (error !== undefined) throw error;
  return status ?? 1;
}

const MODES: readonly ManglingMode[] = ['none', 'auto', 'hex'];

/** One run of a subcommand of dmsetup. */
export class Context extends CommandContext<Environment> {
  readonly command: Command;
  readonly mangling: ManglingMode;
  readonly #env: NodeJS.ProcessEnv;

  /** @throws UsageError for a mode of mangling that there is none of */
  constructor(world: Environment, command: Command, options: Options, words: readonly string[]) {
    super(world, command.name, options, words);
    this.command = command;
    const asked = options.text('manglename') ?? world.env['DM_DEFAULT_NAME_MANGLING_MODE'] ?? 'auto';
    const mode = MODES.find((one) => one === asked);
    if (mode === undefined) throw new UsageError(`Unknown name mangling mode "${asked}": ${MODES.join(', ')}`);
    this.mangling = mode;
    this.#env = { ...world.env, DM_DEFAULT_NAME_MANGLING_MODE: mode };
  }

  override get env(): NodeJS.ProcessEnv {
    return this.#env;
  }

  /** Which table is asked for. */
  get slot(): TableSlot {
    return { inactive: this.options.has('inactive') };
  }

  /** A name or uuid as people know it. */
  shown(text: string): string {
    return unmangledName(text, this.env);
  }

  /** A name or uuid as the kernel is to have it. @throws UsageError for one that is mangled in part */
  mangled(text: string): string {
    return mangle(text, this.mangling);
  }

  /** A new name as the kernel is to have it. @throws CommandFailure for one with a slash, which no node can have */
  newName(text: string): string {
    if (text.includes('/')) throw new CommandFailure(`Name ${JSON.stringify(text)} invalid. It contains "/".`);
    return this.mangled(text);
  }

  get udev(): UdevWorld & Required<Pick<UdevWorld, 'state'>> {
    return { state: () => udevState({ environment: this.world.env }), ...this.world.udev };
  }

  readonly updateNodes: typeof updateNodes = (devices, options) =>
    (this.world.updateNodes ?? updateNodes)(devices, { environment: this.env, ...options });

  setReadAhead(number: DeviceNumber, sectors: number): void {
    (this.world.setReadAhead ?? setReadAhead)(number, sectors);
  }

  async holders(number: DeviceNumber): Promise<readonly Holder[]> {
    return (this.world.holders ?? findHolders)(number);
  }

  /** The text of a file, 0 for standard input. */
  readFile(path: string | 0): string {
    return this.world.readFile?.(path) ?? readFileSync(path, 'utf8');
  }

  /** Runs a program on this terminal. @returns its exit status */
  run(program: string, words: readonly string[]): number {
    return (this.world.run ?? runProgram)(program, words);
  }

  /** The terminal's width, 80 where there is none. */
  get columns(): number {
    return this.world.columns ?? process.stdout.columns ?? 80;
  }
}
