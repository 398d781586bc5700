import { UsageError } from '../../mapper/errors.ts';
import { optionLines, ownOptions } from '../option-help.ts';
import { COMMANDS, type Command, commandCalled } from './commands.ts';
import type { Context } from './context.ts';
import { EXAMPLES, exampleText } from './examples.ts';
import { OPTIONS } from './option-table.ts';

/** How devices are named, for the help and the manual. */
export const DEVICE_HELP =
  '<device>: a name, a path such as /dev/mapper/NAME or /dev/dm-0, or in its place -u <uuid> or -j <major> -m <minor>;\n' +
  'none: all devices, where a command does not ask for --alldevices. Options may be abbreviated.\n';

/** The help as a whole. */
export function helpText(): string {
  const commands = COMMANDS.map(
    ({ name, operands, summary }) => `  ${`${name} ${operands}`.trim()}\n      ${summary}\n`,
  );
  return `Usage: dmstats <command> [<options>] [<device>...]\n\nCommands:\n${commands.join('')}\nOptions:\n${optionLines(OPTIONS)}\n${DEVICE_HELP}`;
}

/** The help of one command. */
export function commandHelp({ name, alias, operands, summary }: Command): string {
  const own = optionLines(ownOptions(OPTIONS, name));
  const usage = `Usage: dmstats ${name} [<options>] ${operands}`.trimEnd();
  const other = alias === undefined ? '' : ` (also: dmstats ${alias})`;
  const options = own === '' ? '' : `\nOptions:\n${own}\n${DEVICE_HELP}`;
  return `${usage}${other}\n\n${summary}\n${options}\nExamples:\n${exampleText(EXAMPLES[name])}`;
}

/** `dmstats help`. */
export async function help(context: Context): Promise<number> {
  const [word] = context.words;
  const about = word === undefined ? undefined : commandCalled(word);
  if (word !== undefined && about === undefined) throw new UsageError(`There is no command "${word}".`);
  context.print(about === undefined ? helpText() : commandHelp(about));
  if (context.options.has('columns') || about?.name === 'report') {
    const { STATS_FIELDS } = await import('../../report/stats-fields.ts');
    context.print(`\n${STATS_FIELDS.help()}`);
  }
  return 0;
}
