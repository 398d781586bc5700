import { optionLines, ownOptions } from '../option-help.ts';
import { COMMANDS, type Command } from './commands.ts';
import type { Context } from './context.ts';
import { OPTIONS } from './option-table.ts';

const DEVICE_HELP =
  '\n<device>: a name, a path such as /dev/mapper/NAME or /dev/dm-0, or in its place -u <uuid> or -j <major> -m <minor>;\n' +
  'none: all devices, where a command does not ask for --alldevices. Options may be abbreviated.\n';

/** The help as a whole. */
export function helpText(): string {
  const commands = COMMANDS.map(
    ({ name, operands, summary }) => `  ${`${name} ${operands}`.trim()}\n      ${summary}\n`,
  );
  return `Usage: dmstats <command> [<options>] [<device>...]\n\nCommands:\n${commands.join('')}\nOptions:\n${optionLines(OPTIONS)}${DEVICE_HELP}`;
}

/** The help of one command. */
export function commandHelp({ name, operands, summary }: Command): string {
  const own = optionLines(ownOptions(OPTIONS, name));
  const usage = `Usage: dmstats ${name} [<options>] ${operands}`.trimEnd();
  return `${usage}\n\n${summary}\n${own === '' ? '' : `\nOptions:\n${own}${DEVICE_HELP}`}`;
}

/** `dmstats help`. */
export async function help(context: Context): Promise<number> {
  const about = COMMANDS.find(({ name }) => name === context.words[0] && name !== 'help');
  context.print(about === undefined ? helpText() : commandHelp(about));
  if (context.options.has('columns') || context.words[0] === 'report') {
    const { STATS_FIELDS } = await import('../../report/stats-fields.ts');
    context.print(`\n${STATS_FIELDS.help()}`);
  }
  return 0;
}
