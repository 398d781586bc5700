/** What dmfilemapd takes on its command line, as data: the help and the parser's table. */
import type { OptionSpec } from '../command-line.ts';
import { optionLines } from '../option-help.ts';
import { OPTIONS as DAEMON_OPTIONS, OPERANDS, OPTIONAL_OPERANDS } from './words.ts';

/** A command of the service. */
export type CommandName = 'release' | 'service' | 'status';

/** The commands of the service. */
export const COMMANDS: readonly { readonly name: CommandName; readonly operands: string; readonly summary: string }[] =
  [
    {
      name: 'service',
      operands: '',
      summary:
        'follow any number of files in the foreground, those of "dmstats create --filemap" from now on and those of the ' +
        'service before; "ready" on standard output once they are followed',
    },
    { name: 'status', operands: '', summary: 'the files that the service follows' },
    {
      name: 'release',
      operands: '<file>|<pattern>',
      summary: 'end following a file, or a pattern with its files; their groups stay',
    },
  ];

const ALL: readonly CommandName[] = ['release', 'service', 'status'];

/** The options of these commands. */
export const OPTIONS: readonly OptionSpec<CommandName>[] = [
  { name: 'json', commands: ['status'], help: 'one JSON object in place of a table' },
  {
    name: 'look-ahead-memory',
    value: 'MiB',
    commands: ['service'],
    help: 'kernel memory for the look-ahead regions of all files together (default 64)',
  },
  { name: 'state', value: 'folder', commands: ALL, help: "the service's folder (default /run/dmfilemapd)" },
  { name: 'verbose', short: 'v', commands: ['service'], help: 'tell every change, twice every look' },
];

/** The help as a whole. @param usage the usage of the daemon of one file */
export function helpText(usage: string): string {
  const operands = [...OPERANDS, ...OPTIONAL_OPERANDS]
    .map(({ name, help }) => `  ${name.padEnd(12)}${help}\n`)
    .join('');
  const commands = COMMANDS.map(
    ({ name, operands, summary }) => `  ${`${name} ${operands}`.trim()}\n      ${summary}\n`,
  ).join('');
  return (
    `${usage}\n       dmfilemapd <command> [<options>]\n\n` +
    'Follows a file on a device-mapper volume and keeps the regions of its dmstats group true.\n' +
    `${operands}\nOptions:\n${optionLines(DAEMON_OPTIONS)}\nMany files in one process:\n${commands}` +
    `\nOptions of these:\n${optionLines(OPTIONS)}`
  );
}
