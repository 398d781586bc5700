/** What dmfilemapd takes on its command line, as data: the help and the parser's table. */
import type { OptionSpec } from '../command-line.ts';
import { optionLines } from '../option-help.ts';

/** A command of the service. */
export type CommandName = 'release' | 'service' | 'status';

/** A line of the help about a word. */
export interface WordHelp {
  readonly name: string;
  readonly help: string;
}

/** The words of the daemon of one file, in their order. */
export const DAEMON_WORDS: readonly WordHelp[] = [
  { name: 'fd', help: 'a descriptor of the file, open for reading' },
  { name: 'group_id', help: 'the group that "dmstats create --filemap" made' },
  { name: 'abs_path', help: "the file's absolute path" },
  { name: 'mode', help: 'inode: follow the file wherever it is renamed to; path: follow what the path names' },
  { name: 'foreground', help: '1: stay in the foreground (default 0)' },
  { name: 'log_level', help: '0 silent (default), 1 start, end and trouble, 2 every change, 3 every look' },
];

/** The options of the daemon of one file. */
export const DAEMON_OPTIONS: readonly WordHelp[] = [
  { name: '--absence SECONDS', help: 'how long the path may name nothing in path mode (default 1)' },
  {
    name: '--no-look-ahead',
    help: 'do not lay regions over free space, which count the first writes to what the file grows by',
  },
];

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

const wordLines = (words: readonly WordHelp[], width: number): string =>
  words.map(({ name, help }) => `  ${name.padEnd(width)} ${help}\n`).join('');

/** The help as a whole. @param usage the usage of the daemon of one file */
export function helpText(usage: string): string {
  const commands = COMMANDS.map(
    ({ name, operands, summary }) => `  ${`${name} ${operands}`.trim()}\n      ${summary}\n`,
  ).join('');
  return (
    `${usage}\n       dmfilemapd <command> [<options>]\n\n` +
    'Follows a file on a device-mapper volume and keeps the regions of its dmstats group true.\n' +
    `${wordLines(DAEMON_WORDS, 11)}${wordLines(DAEMON_OPTIONS, 18)}\nMany files in one process:\n${commands}` +
    `\nOptions of these:\n${optionLines(OPTIONS)}`
  );
}
