import { writeFileSync } from 'node:fs';
import { FILEMAPD_USAGE, type FilemapdArguments, parseFilemapdArguments } from '../filemapd/arguments.ts';
import { runHere, startFilemapd } from '../filemapd/start.ts';
import { UsageError } from '../mapper/errors.ts';
import { OPERANDS, OPTIONAL_OPERANDS, OPTIONS } from './dmfilemapd/words.ts';
import { optionLines } from './option-help.ts';
import { oneLine } from './run.ts';
import { packageVersion } from './version.ts';

/** The help, of the tables that the manual page is made of. */
export function helpText(): string {
  const operands = [...OPERANDS, ...OPTIONAL_OPERANDS].map(({ name, help }) => `  ${name.padEnd(12)}${help}\n`);
  return `${FILEMAPD_USAGE}

Follows a file on a device-mapper volume and keeps the regions of its dmstats group true.
${operands.join('')}
Options:
${optionLines(OPTIONS)}`;
}

function nameProcess(words: readonly string[]): void {
  process.title = ['dmfilemapd', ...words].join(' ');
  // The title also sets the name that pgrep sees, cut in the middle of the words.
  writeFileSync('/proc/self/comm', 'dmfilemapd');
}

/** The command dmfilemapd; see dmfilemapd(8). */
export async function main(argv: readonly string[]): Promise<number> {
  if (argv.includes('--help')) {
    process.stdout.write(helpText());
    return 0;
  }
  if (argv.includes('--version')) {
    process.stdout.write(`${packageVersion()}\n`);
    return 0;
  }
  let args: FilemapdArguments;
  try {
    args = parseFilemapdArguments(argv);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`${oneLine(error.message)}\n${FILEMAPD_USAGE}\n`);
    return 1;
  }
  if (!args.foreground) {
    const { pid } = await startFilemapd(args);
    if (args.verbose > 0) process.stdout.write(`Started dmfilemapd with pid=${pid}\n`);
    return 0;
  }
  nameProcess(argv.filter((word) => !word.startsWith('--')));
  const end = await runHere(args);
  if (end.status !== 0) process.stderr.write(`${end.message}\n`);
  else if (args.verbose > 0) process.stdout.write(`${end.message}\n`);
  return end.status;
}
