import { UsageError } from '../mapper/errors.ts';
import { STANDARD_STREAMS, type Streams } from './context.ts';
import { packageVersion } from './version.ts';

const HELP = `Usage: dmlogd <command> [<options>]

Keeps the dirty logs of mirrors whose tables say "userspace", for this machine.

  serve [--daemon] [--policy FILE]
                          answer the kernel until ended; "ready" on standard output once it does; FILE is a module whose
                          function says which region is copied next
  status [--json]         the mirrors, and how far their resync is
  logs [--json]           the logs, one for each loaded table
  resync pause|resume     stop the copying, let it go on
  resync rate BYTES|none  copy at most so many bytes a second
  resync order default|inOrder|byHeat
  resync window HH:MM-HH:MM[,...]|none
  resync --mirror NAME ...    the same for one mirror, by its device or its log's uuid; and
         first REGION[-REGION][,...]|none    these regions before all others
         reset            what holds for all
  heat [--mirror NAME]    where the mirrors are written, as JSON
  metrics [--format prometheus|openmetrics] [--output FILE]
  epoch                   a point in time, to ask about with
  changed --since EPOCH [--mirror NAME] [--json]
                          what may have been written since
  reload UUID|DEVICE      have the kernel try a mirror's log and legs again, and let the writes go on that it holds
  events                  what happens from now on, a line of JSON each
  trace --record FILE     write the kernel's requests and the answers from now on
  replay FILE             ask a server in memory what was asked in a trace, and compare the answers
  check [--core] [COMMAND ...]
                          hold this server against the rules that the kernel relies on, or one that reads the kernel's
                          datagrams from its standard input; --core without logs on devices

  -h, --help              this help
      --version           the version of this package
      --state FOLDER      where the server keeps its state (default /run/dmlogd)
`;

const COMMANDS: Readonly<Record<string, () => Promise<{ run: Command }>>> = {
  serve: () => import('./dmlogd/serve.ts'),
  status: () => import('./dmlogd/status.ts'),
  logs: () => import('./dmlogd/logs.ts'),
  resync: () => import('./dmlogd/resync.ts'),
  heat: () => import('./dmlogd/heat.ts'),
  metrics: () => import('./dmlogd/metrics.ts'),
  epoch: () => import('./dmlogd/epoch.ts'),
  changed: () => import('./dmlogd/changed.ts'),
  reload: () => import('./dmlogd/reload.ts'),
  events: () => import('./dmlogd/events.ts'),
  trace: () => import('./dmlogd/trace.ts'),
  replay: () => import('./dmlogd/replay.ts'),
  check: () => import('./dmlogd/check.ts'),
};

/** What a command is run with. */
export interface CommandContext extends Streams {
  /** The words behind the command's, without those that all commands have. */
  readonly words: readonly string[];
  readonly stateFolder: string;
}

/** A command; its result is the exit status. */
export type Command = (context: CommandContext) => Promise<number>;

/** The command dmlogd; see dmlogd(8). @throws UsageError for words that it does not know */
export async function main(argv: readonly string[], { stdout, stderr }: Streams = STANDARD_STREAMS): Promise<number> {
  const { STATE_FOLDER } = await import('../dirtylog/daemon/state-folder.ts');
  let at = 0;
  while (argv[at] === '--state') at += 2;
  // The words of a server that is checked are its own.
  const end = argv[at] === 'check' ? at : argv.length;
  const [stateFolder = STATE_FOLDER, words] = takeOption(argv.slice(0, end), '--state', 'a folder');
  const [command, ...rest] = [...words, ...argv.slice(end)];
  const isHelp = (word: string): boolean => word === '--help' || word === '-h';
  if (command === 'help' || [command ?? '', ...(command === 'check' ? [] : rest)].some(isHelp)) {
    stdout.write(HELP);
    return 0;
  }
  if (command === '--version') {
    stdout.write(`${packageVersion()}\n`);
    return 0;
  }
  if (command === undefined) {
    stderr.write(HELP);
    return 1;
  }
  const load = Object.hasOwn(COMMANDS, command) ? COMMANDS[command] : undefined;
  if (load === undefined) {
    throw new UsageError(`dmlogd: no command "${command}"; one of ${Object.keys(COMMANDS).join(', ')}`);
  }
  return (await load()).run({ words: rest, stateFolder, stdout, stderr });
}

/** An option's value, and the words without it. @throws UsageError when it has no value, saying what it would be */
export function takeOption(
  words: readonly string[],
  option: string,
  what: string,
): readonly [value: string | undefined, rest: readonly string[]] {
  const at = words.indexOf(option);
  if (at < 0) return [undefined, words];
  const value = words[at + 1];
  if (value === undefined || value.startsWith('--')) throw new UsageError(`${option} needs ${what}`);
  return [value, words.toSpliced(at, 2)];
}

/** @throws UsageError when a command has words left that it does not know */
export function refuseWords(words: readonly string[], known: readonly string[] = []): void {
  const unknown = words.find((word) => !known.includes(word));
  if (unknown !== undefined) throw new UsageError(`"${unknown}" is not known here`);
}
