import { writeFileSync } from 'node:fs';
import { FILEMAPD_USAGE, type FilemapdArguments, parseFilemapdArguments } from '../filemapd/arguments.ts';
import { SERVICE_FOLDER } from '../filemapd/service/client.ts';
import { runHere, startFilemapd } from '../filemapd/start.ts';
import { UsageError } from '../mapper/errors.ts';
import { CommandLineReader, type Options } from './command-line.ts';
import { STANDARD_STREAMS, type Streams } from './context.ts';
import { type CommandName, helpText, OPTIONS } from './dmfilemapd/help.ts';
import { preallocationOf } from './preallocation.ts';
import { oneLine } from './run.ts';
import { packageVersion } from './version.ts';

/** What a command of the service is run with. */
export interface CommandContext extends Streams {
  readonly words: readonly string[];
  readonly options: Options;
  /** The service's folder. */
  readonly folder: string;
}

/** A command of the service; its result is the exit status. */
export type Command = (context: CommandContext) => Promise<number>;

const COMMANDS: Readonly<Record<CommandName, () => Promise<{ readonly run: Command }>>> = {
  service: () => import('./dmfilemapd/service.ts'),
  status: () => import('./dmfilemapd/status.ts'),
  release: () => import('./dmfilemapd/release.ts'),
};

const isCommand = (word: string): word is CommandName => Object.hasOwn(COMMANDS, word);

function nameProcess(words: readonly string[]): void {
  process.title = ['dmfilemapd', ...words].join(' ');
  // The title also sets the name that pgrep sees, cut in the middle of the words.
  writeFileSync('/proc/self/comm', 'dmfilemapd');
}

/** The command dmfilemapd; see dmfilemapd(8). */
export async function main(argv: readonly string[], output: Streams = STANDARD_STREAMS): Promise<number> {
  const { stdout, stderr } = output;
  if (argv.includes('--help')) {
    stdout.write(helpText(FILEMAPD_USAGE));
    return 0;
  }
  if (argv.includes('--version')) {
    stdout.write(`${packageVersion()}\n`);
    return 0;
  }
  const [first = ''] = argv;
  if (isCommand(first)) {
    const reader = new CommandLineReader(OPTIONS, 'dmfilemapd --help');
    const { words, options } = reader.read(argv.slice(1));
    reader.check(options, first);
    if (first === 'service') {
      if (words.length > 0) throw new UsageError('service takes no words: files come by "dmstats create --filemap"');
      nameProcess(argv);
    }
    const { run } = await COMMANDS[first]();
    return run({ words, options, folder: options.text('state') ?? SERVICE_FOLDER, stdout, stderr });
  }
  let args: FilemapdArguments;
  try {
    args = parseFilemapdArguments(argv, preallocationOf);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    stderr.write(`${oneLine(error.message)}\n${FILEMAPD_USAGE}\n`);
    return 1;
  }
  if (!args.foreground) {
    const { pid } = await startFilemapd(args);
    if (args.verbose > 0) stdout.write(`Started dmfilemapd with pid=${pid}\n`);
    return 0;
  }
  nameProcess(argv.filter((word) => !word.startsWith('--')));
  const end = await runHere(args);
  if (end.status !== 0) stderr.write(`${end.message}\n`);
  else if (args.verbose > 0) stdout.write(`${end.message}\n`);
  return end.status;
}
