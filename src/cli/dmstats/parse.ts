import { parseArgs } from 'node:util';
import { UsageError } from '../../mapper/errors.ts';
import { type CommandName, OPTIONS, type OptionSpec } from './option-table.ts';

/** The options of a command line. Of one given twice the last counts, as with getopt. */
export class Options {
  readonly #values: ReadonlyMap<string, readonly string[]>;

  constructor(values: ReadonlyMap<string, readonly string[]>) {
    this.#values = values;
  }

  /** Whether the option was given. */
  has(name: string): boolean {
    return this.#values.has(name);
  }

  /** How often it was given. */
  count(name: string): number {
    return this.#values.get(name)?.length ?? 0;
  }

  /** Its value; undefined when it was not given. */
  text(name: string): string | undefined {
    return this.#values.get(name)?.at(-1);
  }

  /** A whole number, 0 to 2^31-1. @throws UsageError for anything else, where the C tool takes it for 0 */
  integer(name: string): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const value = Number(text);
    if (!/^\d+$/.test(text) || value > 0x7fff_ffff) {
      throw new UsageError(`Invalid --${name} argument "${text}": a whole number is needed`);
    }
    return value;
  }
}

/** A command line taken apart. */
export interface CommandLine {
  readonly command: CommandName;
  /** The words after the command: devices, or files. */
  readonly words: readonly string[];
  readonly options: Options;
}

const byName = new Map(OPTIONS.map((option) => [option.name, option]));
const byShort = new Map(OPTIONS.flatMap((option) => (option.short === undefined ? [] : [[option.short, option]])));

function unknown(word: string): UsageError {
  return new UsageError(`Unrecognized option ${word}; "dmstats help" lists the options`);
}

/** The long option that a word means: its name or the beginning of exactly one. */
function longOption(name: string): OptionSpec {
  const exact = byName.get(name);
  if (exact !== undefined && name.length > 1) return exact;
  const meant = OPTIONS.filter((option) => option.name.startsWith(name) && option.name.length > 1);
  const theirs = meant.filter((option) => option.added !== true);
  const found = theirs.length === 1 ? theirs : meant;
  if (found.length === 1) return found[0] as OptionSpec;
  if (found.length === 0 || name === '') throw unknown(`--${name}`);
  throw new UsageError(`Option --${name} is ambiguous: ${found.map((option) => `--${option.name}`).join(', ')}`);
}

/** Writes abbreviated options out, which parseArgs does not know, and leaves values alone. */
function unabbreviated(argv: readonly string[]): string[] {
  const words: string[] = [];
  for (let index = 0; index < argv.length; index++) {
    const word = argv[index] as string;
    if (word === '--') return [...words, ...argv.slice(index)];
    let takesNext = false;
    if (word.startsWith('--')) {
      const [name, glued] = splitAt(word.slice(2), '=');
      const option = longOption(name);
      if (glued !== undefined && option.value === undefined)
        throw new UsageError(`Option --${option.name} takes no value`);
      words.push(glued === undefined ? `--${option.name}` : `--${option.name}=${glued}`);
      takesNext = option.value !== undefined && glued === undefined;
      if (takesNext && index + 1 >= argv.length) throw missingValue(`--${option.name}`, option);
    } else {
      words.push(word);
      if (word.startsWith('-') && word.length > 1) {
        const option = clusterEnd(word);
        takesNext = option !== undefined;
        if (option !== undefined && index + 1 >= argv.length) throw missingValue(`-${option.short}`, option);
      }
    }
    if (takesNext) words.push(argv[++index] as string);
  }
  return words;
}

function missingValue(word: string, option: OptionSpec): UsageError {
  return new UsageError(`Option ${word} needs a value: ${word} <${option.value}>`);
}

function splitAt(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

/** The option of a cluster such as `-vo` that takes the next word for its value, if there is one. */
function clusterEnd(word: string): OptionSpec | undefined {
  for (const [index, letter] of [...word].entries()) {
    if (index === 0) continue;
    const option = byShort.get(letter);
    if (option === undefined) throw unknown(`-${letter}`);
    if (option.value !== undefined) return index === word.length - 1 ? option : undefined;
  }
  return undefined;
}

const PARSE_OPTIONS = Object.fromEntries(
  OPTIONS.map(({ name, short, value }) => [
    name,
    {
      type: value === undefined ? ('boolean' as const) : ('string' as const),
      ...(short === undefined ? {} : { short }),
    },
  ]),
);

const COMMANDS: readonly CommandName[] = [
  ...['clear', 'create', 'delete', 'group', 'help', 'list', 'metrics', 'print'],
  ...['report', 'serve', 'ungroup', 'update_filemap', 'version'],
] as CommandName[];

/**
 * Takes a command line apart. Options may stand anywhere, be abbreviated, and have their values glued to them.
 *
 * @returns undefined without any word
 * @throws UsageError for unknown options and commands, and options that the command does not take
 */
export function parseCommandLine(argv: readonly string[]): CommandLine | undefined {
  const { tokens } = parseArgs({
    args: unabbreviated(argv),
    options: PARSE_OPTIONS,
    allowPositionals: true,
    strict: false,
    tokens: true,
  });
  const values = new Map<string, string[]>();
  const words: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') words.push(token.value);
    if (token.kind !== 'option') continue;
    const list = values.get(token.name) ?? [];
    list.push(token.value ?? '');
    values.set(token.name, list);
  }
  const options = new Options(values);
  const [word, ...rest] = words;
  if (word === undefined) {
    if (options.has('version')) return { command: 'version', words: [], options };
    return options.has('help') ? { command: 'help', words: [], options } : undefined;
  }
  const command = COMMANDS.find((name) => name === word);
  if (command === undefined) {
    throw new UsageError(`Unknown stats command "${word}"; one of ${COMMANDS.join(', ')}`);
  }
  for (const name of values.keys()) {
    const { commands } = byName.get(name) as OptionSpec;
    if (commands !== 'any' && !commands.includes(command))
      throw new UsageError(`Cannot use --${name} with ${command}.`);
  }
  return { command, words: rest, options };
}
