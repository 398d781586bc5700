import { UsageError } from '../../mapper/errors.ts';
import { optionLines, ownOptions } from '../option-help.ts';
import { COMMANDS, type Command } from './commands.ts';
import type { Context } from './context.ts';
import { OPTIONS } from './option-table.ts';

/** How devices are named, for the help and the manual. */
export const DEVICE_HELP =
  '<device>: a name, a path such as /dev/mapper/NAME or /dev/dm-0, or in its place -u <uuid> or -j <major> -m <minor>;\n' +
  'none: all devices, where a command has [<device>...]. Options may stand anywhere and be abbreviated.\n';

/** The help as a whole. */
export function helpText(): string {
  const commands = COMMANDS.map(
    ({ name, operands, summary }) => `  ${`${name} ${operands}`.trim()}\n      ${summary}\n`,
  );
  const stats = '  stats <command> ...\n      the same as dmstats\n';
  return `Usage: dmsetup <command> [<options>] [<device>...]\n\nCommands:\n${commands.join('')}${stats}\nOptions:\n${optionLines(OPTIONS)}\n${DEVICE_HELP}`;
}

/** The help of one command. */
export function commandHelp({ name, operands, summary }: Command): string {
  const usage = `Usage: dmsetup ${name} [<options>] ${operands}`.trimEnd();
  const common = OPTIONS.filter(({ commands }) => commands === 'any');
  return `${usage}\n\n${summary}\n\nOptions:\n${optionLines([...ownOptions(OPTIONS, name), ...common])}\n${DEVICE_HELP}`;
}

/** `dmsetup help`. */
export async function help(context: Context): Promise<number> {
  const [word] = context.words;
  const about = COMMANDS.find(({ name }) => name === word);
  if (word !== undefined && about === undefined) throw new UsageError(`There is no command "${word}".`);
  context.print(about === undefined ? helpText() : commandHelp(about));
  if (context.options.has('columns') || context.options.has('C')) {
    const { INFO_FIELDS } = await import('./info.ts');
    context.print(`\n${INFO_FIELDS.help()}`);
  }
  return 0;
}
