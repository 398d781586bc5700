import type { OptionSpec } from './command-line.ts';

/** An option as the help writes it: `-m, --minor <number>`. */
export function optionWord({ name, short, value }: OptionSpec<string>): string {
  return `${short === undefined ? '    ' : `-${short}, `}--${name}${value === undefined ? '' : ` <${value}>`}`;
}

function optionLine(option: OptionSpec<string>): string {
  const word = optionWord(option);
  const { help } = option;
  return word.length > 29 ? `  ${word}\n${' '.repeat(33)}${help}\n` : `  ${word.padEnd(30)} ${help}\n`;
}

/** The options that the help names, a line each. */
export function optionLines(options: readonly OptionSpec<string>[]): string {
  return options
    .filter((option) => option.ignored !== true)
    .map(optionLine)
    .join('');
}

/** The options that a subcommand takes and not all of them do. */
export function ownOptions<Name extends string>(
  options: readonly OptionSpec<Name>[],
  command: Name,
): OptionSpec<Name>[] {
  return options.filter(({ commands }) => commands !== 'any' && commands.includes(command));
}
