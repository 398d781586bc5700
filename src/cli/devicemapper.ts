import { UsageError } from '../mapper/errors.ts';
import { STANDARD_STREAMS, type Streams } from './context.ts';
import { packageVersion } from './version.ts';

const HELP = `Usage: devicemapper <command> [<arguments>]

  dmsetup ...      device-mapper devices: tables, state, removal, udev
  dmstats ...      device-mapper statistics: regions, groups, reports, files
  dmfilemapd ...   keep the regions of a file up to date while it changes
  dmlogd ...       keep the dirty logs of mirrors

"devicemapper <command> --help" tells more. Each command is also installed under its own name.

  -h, --help       this help
      --version    the version of this package
`;

const COMMANDS: Readonly<Record<string, () => Promise<{ main(argv: readonly string[]): Promise<number> }>>> = {
  dmsetup: () => import('./dmsetup.ts'),
  dmstats: () => import('./dmstats.ts'),
  dmfilemapd: () => import('./dmfilemapd.ts'),
  dmlogd: () => import('./dmlogd.ts'),
};

/**
 * The command `devicemapper`: calls the other commands of this package.
 *
 * @returns the exit status
 * @throws UsageError for a command that there is none of
 */
export async function main(argv: readonly string[], { stdout, stderr }: Streams = STANDARD_STREAMS): Promise<number> {
  const [word, ...rest] = argv;
  if (word === '--help' || word === '-h' || word === 'help') {
    stdout.write(HELP);
    return 0;
  }
  if (word === '--version') {
    stdout.write(`devicemapper ${packageVersion()}\n`);
    return 0;
  }
  if (word === undefined) {
    stderr.write(HELP);
    return 1;
  }
  const load = Object.hasOwn(COMMANDS, word) ? COMMANDS[word] : undefined;
  if (load === undefined) {
    throw new UsageError(`devicemapper: no command "${word}"; one of ${Object.keys(COMMANDS).join(', ')}`);
  }
  return (await load()).main(rest);
}
