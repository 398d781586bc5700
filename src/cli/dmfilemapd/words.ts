import type { OptionSpec } from '../command-line.ts';

/** An operand of dmfilemapd, in their order. */
export interface Operand {
  readonly name: string;
  readonly help: string;
}

/** The operands that must be there. */
export const OPERANDS: readonly Operand[] = [
  { name: 'fd', help: 'a descriptor of the file, open for reading' },
  { name: 'group_id', help: 'the group that "dmstats create --filemap" made' },
  { name: 'abs_path', help: "the file's absolute path" },
  { name: 'mode', help: 'inode: follow the file wherever it is renamed to; path: follow what the path names' },
];

/** Those that may follow. */
export const OPTIONAL_OPERANDS: readonly Operand[] = [
  { name: 'foreground', help: '1: stay in the foreground (default 0)' },
  { name: 'log_level', help: '0 silent (default), 1 start, end and trouble, 2 every change, 3 every look' },
];

/** The options, which are none of the C daemon's. */
export const OPTIONS: readonly OptionSpec<never>[] = [
  {
    name: 'absence',
    value: 'seconds',
    commands: 'any',
    help: 'how long the path may name nothing in path mode (default 1)',
  },
  {
    name: 'no-look-ahead',
    commands: 'any',
    help: 'do not lay regions over free space, which count the first writes to what the file grows by',
  },
  {
    name: 'max-regions',
    value: 'n',
    commands: 'any',
    help: 'beyond so many regions let extents share some (default: as the group does)',
  },
  {
    name: 'preallocate',
    value: 'size[bskmgtpeKMGTPE]',
    commands: 'any',
    help:
      'keep so much reserved past the end of the file, so that what is appended has its region before it is written; ' +
      'this changes how the file is laid out',
  },
  {
    name: 'level',
    value: 'major:minor',
    commands: 'any',
    help: 'the device below the file system that counts (default: the uppermost of device-mapper that has the data)',
  },
  {
    name: 'device',
    value: 'major:minor',
    commands: 'any',
    help: 'the device that has the group, where there are several groups of the id (default: it is looked for)',
  },
  { name: 'help', commands: 'any', help: 'show help' },
  { name: 'version', commands: 'any', help: 'show the version' },
];

/** All operands as a usage line has them. */
export function operandText(): string {
  const [foreground, logLevel] = OPTIONAL_OPERANDS.map(({ name }) => name);
  return `${OPERANDS.map(({ name }) => `<${name}>`).join(' ')} [<${foreground}>[<${logLevel}>]]`;
}
