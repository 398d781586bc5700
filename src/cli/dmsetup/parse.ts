import { UsageError } from '../../mapper/errors.ts';
import { CommandLineReader, type Options } from '../command-line.ts';
import { COMMANDS, type Command } from './commands.ts';
import { type CommandName, OPTIONS } from './option-table.ts';

/** A command line taken apart. */
export interface CommandLine {
  readonly command: Command;
  readonly words: readonly string[];
  readonly options: Options;
}

const reader = new CommandLineReader(OPTIONS, 'dmsetup help');

const EXCLUSIVE: readonly (readonly [command: CommandName, one: string, other: string])[] = [
  ['create', 'addnodeonresume', 'addnodeoncreate'],
  ['resume', 'addnodeonresume', 'addnodeoncreate'],
  ['create', 'table', 'notable'],
];
const NOT_CONCISE = ['table', 'notable', 'minor', 'uuid', 'inactive'];

/**
 * Takes a command line apart. `--help` and `--version` stand for the commands.
 *
 * @returns undefined without any word
 * @throws UsageError for what no command takes
 */
export function parseCommandLine(argv: readonly string[]): CommandLine | undefined {
  const { words: all, options } = reader.read(argv);
  const [word, ...rest] = all;
  if (options.has('version')) return { command: commandNamed('version'), words: [], options };
  if (options.has('help')) return { command: commandNamed('help'), words: word === undefined ? [] : [word], options };
  if (word === undefined) return undefined;
  const command = commandNamed(word);
  reader.check(options, command.name);
  const [least, most] = command.words;
  if (rest.length < least || rest.length > most) {
    throw new UsageError(`Incorrect number of arguments: dmsetup ${command.name} ${command.operands}`.trimEnd());
  }
  if (options.has('major') !== options.has('minor')) {
    throw new UsageError('Please specify both major number and minor number.');
  }
  for (const [name, one, other] of EXCLUSIVE) {
    if (command.name === name && options.has(one) && options.has(other)) {
      throw new UsageError(`--${one} and --${other} are incompatible.`);
    }
  }
  const unfit = NOT_CONCISE.find((name) => command.name === 'create' && options.has('concise') && options.has(name));
  if (unfit !== undefined) throw new UsageError(`--concise and --${unfit} are incompatible.`);
  return { command, words: rest, options };
}

/** @throws UsageError for a command that there is none of */
function commandNamed(name: string): Command {
  const command = COMMANDS.find((one) => one.name === name);
  if (command !== undefined) return command;
  throw new UsageError(`Unknown command "${name}"; "dmsetup help" lists the commands`);
}
