import { UsageError } from '../../mapper/errors.ts';
import { CommandLineReader, type Options } from '../command-line.ts';
import { COMMANDS, commandCalled } from './commands.ts';
import { type CommandName, OPTIONS } from './option-table.ts';

/** A command line taken apart. */
export interface CommandLine {
  readonly command: CommandName;
  /** The words after the command: devices, or files. */
  readonly words: readonly string[];
  readonly options: Options;
}

const reader = new CommandLineReader(OPTIONS, 'dmstats help');

/**
 * Takes a command line apart.
 *
 * @returns undefined without any word
 * @throws UsageError for unknown options and commands, and options that the command does not take
 */
export function parseCommandLine(argv: readonly string[]): CommandLine | undefined {
  const { words, options } = reader.read(argv);
  const [word, ...rest] = words;
  if (word === undefined) {
    if (options.has('version')) return { command: 'version', words: [], options };
    return options.has('help') ? { command: 'help', words: [], options } : undefined;
  }
  const command = commandCalled(word)?.name;
  if (command === undefined) {
    const names = COMMANDS.map(({ name }) => name).sort();
    throw new UsageError(`Unknown stats command "${word}"; one of ${names.join(', ')}`);
  }
  reader.check(options, command);
  return { command, words: rest, options };
}
