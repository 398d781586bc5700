import type { OptionSpec } from '../command-line.ts';
import { ownOptions } from '../option-help.ts';

/** An option as completions offer it. */
export interface CompletedOption {
  readonly name: string;
  readonly short: string | undefined;
  /** What its value is called; undefined when it takes none. */
  readonly value: string | undefined;
  /** All values that there are; empty when nobody can tell. */
  readonly choices: readonly string[];
  /** Names of which the value is a list, separated by anything that is in no name; empty when it is none. */
  readonly list: readonly string[];
  readonly takesFile: boolean;
  readonly help: string;
}

/** The names of which an option's value is a list; empty when it is none. */
export type ListOf<Name extends string> = (command: Name, option: string) => readonly string[];

/** What may stand behind a subcommand. */
export interface CompletedCommand {
  readonly names: readonly string[];
  readonly summary: string;
  readonly options: readonly CompletedOption[];
  readonly devices: boolean;
  readonly files: boolean;
  readonly words: readonly string[];
}

/** A program as completions know it. Without subcommands, `rest` is all there is. */
export interface CompletedProgram {
  readonly program: string;
  readonly commands: readonly CompletedCommand[];
  /** Before a subcommand, and for programs without any. */
  readonly rest: CompletedCommand;
}

/** The part of a subcommand's table that completions need. */
interface TableCommand<Name extends string> {
  readonly name: Name;
  readonly alias?: string;
  readonly operands: string;
  readonly summary: string;
}

/** The shells that there are completions for. */
export const SHELLS = ['bash', 'zsh', 'fish'] as const;

/** One of them. */
export type Shell = (typeof SHELLS)[number];

/** An option of the table. */
function completedOption({ name, short, value, help }: OptionSpec<string>, list: readonly string[]): CompletedOption {
  const isChoice = value !== undefined && /^[a-z]+(\|[a-z]+)+$/.test(value);
  return { name, short, value, choices: isChoice ? value.split('|') : [], list, takesFile: value === 'file', help };
}

function completedCommand(
  {
    names,
    summary,
    operands,
  }: { readonly names: readonly string[]; readonly summary: string; readonly operands: string },
  options: readonly OptionSpec<string>[],
  commandNames: readonly string[],
  listOf: (option: string) => readonly string[] = () => [],
): CompletedCommand {
  return {
    names,
    summary,
    options: options
      .filter(({ ignored }) => ignored !== true)
      .map((option) => completedOption(option, listOf(option.name))),
    devices: operands.includes('<device>'),
    files: operands.includes('file>'),
    words: [...(operands.includes('<command>') ? commandNames : []), ...(operands.includes('<shell>') ? SHELLS : [])],
  };
}

/** A program with subcommands, from the tables that its help is made of. */
export function completedProgram<Name extends string>(
  program: string,
  commands: readonly TableCommand<Name>[],
  options: readonly OptionSpec<Name>[],
  listOf: ListOf<Name>,
): CompletedProgram {
  const common = options.filter((option) => option.commands === 'any');
  const all = commands.map(({ name }) => name);
  return {
    program,
    commands: commands.map(({ name, alias, ...command }) => {
      const names = alias === undefined ? [name] : [name, alias];
      const own = [...ownOptions(options, name), ...common];
      return completedCommand({ ...command, names }, own, all, (option) => listOf(name, option));
    }),
    rest: completedCommand({ names: [], summary: '', operands: '' }, common, all),
  };
}

/** A program without subcommands. */
export function plainProgram(
  program: string,
  operands: string,
  options: readonly OptionSpec<never>[],
): CompletedProgram {
  return { program, commands: [], rest: completedCommand({ names: [], summary: '', operands }, options, []) };
}
