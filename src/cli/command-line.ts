import { parseArgs } from 'node:util';
import { UsageError } from '../mapper/errors.ts';

/** An option of a command that has subcommands. */
export interface OptionSpec<Name extends string> {
  readonly name: string;
  readonly short?: string;
  /** What its value is called in the help; without it the option takes none. */
  readonly value?: string;
  /** The subcommands that take it; `any`: accepted everywhere. */
  readonly commands: readonly Name[] | 'any';
  /** Not in the help: accepted because the C tool accepts it, and of no effect here. */
  readonly ignored?: true;
  /** Not one of the C tool's: an abbreviation that means one of its too means that, as scripts expect. */
  readonly added?: true;
  readonly help: string;
}

/** An option that scripts pass and that changes nothing. */
export const ignoredOption = (name: string, short?: string, value?: string): OptionSpec<never> => ({
  name,
  ...(short === undefined ? {} : { short }),
  ...(value === undefined ? {} : { value }),
  commands: 'any',
  ignored: true,
  help: '',
});

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

type Spec = OptionSpec<string>;

/** The words and options of a command line. Options may stand anywhere, be abbreviated, and have values glued to them. */
export class CommandLineReader<Name extends string> {
  readonly #specs: readonly OptionSpec<Name>[];
  readonly #byName: ReadonlyMap<string, Spec>;
  readonly #byShort: ReadonlyMap<string, Spec>;
  readonly #helpCommand: string;

  /** @param helpCommand what to run to see the options, for messages */
  constructor(specs: readonly OptionSpec<Name>[], helpCommand: string) {
    this.#specs = specs;
    this.#byName = new Map(specs.map((option) => [option.name, option]));
    this.#byShort = new Map(specs.flatMap((option) => (option.short === undefined ? [] : [[option.short, option]])));
    this.#helpCommand = helpCommand;
  }

  /** @throws UsageError for options that there are none of, and those without the value that they need */
  read(argv: readonly string[]): { readonly words: readonly string[]; readonly options: Options } {
    const options = Object.fromEntries(
      this.#specs.map(({ name, short, value }) => [
        name,
        {
          type: value === undefined ? ('boolean' as const) : ('string' as const),
          ...(short === undefined ? {} : { short }),
        },
      ]),
    );
    const args = this.#unabbreviated(argv);
    const { tokens } = parseArgs({ args, options, allowPositionals: true, strict: false, tokens: true });
    const values = new Map<string, string[]>();
    const words: string[] = [];
    for (const token of tokens) {
      if (token.kind === 'positional') words.push(token.value);
      if (token.kind !== 'option') continue;
      const list = values.get(token.name) ?? [];
      list.push(token.value ?? '');
      values.set(token.name, list);
    }
    return { words, options: new Options(values) };
  }

  /** @throws UsageError for an option that the subcommand does not take */
  check(options: Options, command: Name): void {
    for (const { name, commands } of this.#specs) {
      if (options.has(name) && commands !== 'any' && !commands.includes(command)) {
        throw new UsageError(`Cannot use --${name} with ${command}.`);
      }
    }
  }

  #unknown(word: string): UsageError {
    return new UsageError(`Unrecognized option ${word}; "${this.#helpCommand}" lists the options`);
  }

  /** The long option that a word means: its name or the beginning of exactly one. */
  #longOption(name: string): Spec {
    const exact = this.#byName.get(name);
    if (exact !== undefined && name.length > 1) return exact;
    const meant = this.#specs.filter((option) => option.name.startsWith(name) && option.name.length > 1);
    const theirs = meant.filter((option) => option.added !== true);
    const found = theirs.length === 1 ? theirs : meant;
    const [first] = found;
    if (first === undefined || name === '') throw this.#unknown(`--${name}`);
    if (found.length === 1) return first;
    throw new UsageError(`Option --${name} is ambiguous: ${found.map((option) => `--${option.name}`).join(', ')}`);
  }

  /** Writes abbreviated options out, which parseArgs does not know, and leaves values alone. */
  #unabbreviated(argv: readonly string[]): string[] {
    const words: string[] = [];
    for (let index = 0; index < argv.length; index++) {
      const word = argv[index] as string;
      if (word === '--') return [...words, ...argv.slice(index)];
      let takesNext = false;
      if (word.startsWith('--')) {
        const [name, glued] = splitAt(word.slice(2), '=');
        const option = this.#longOption(name);
        if (glued !== undefined && option.value === undefined)
          throw new UsageError(`Option --${option.name} takes no value`);
        words.push(glued === undefined ? `--${option.name}` : `--${option.name}=${glued}`);
        takesNext = option.value !== undefined && glued === undefined;
        if (takesNext && index + 1 >= argv.length) throw missingValue(`--${option.name}`, option);
      } else {
        words.push(word);
        if (word.startsWith('-') && word.length > 1) {
          const option = this.#clusterEnd(word);
          takesNext = option !== undefined;
          if (option !== undefined && index + 1 >= argv.length) throw missingValue(`-${option.short}`, option);
        }
      }
      if (takesNext) words.push(argv[++index] as string);
    }
    return words;
  }

  /** The option of a cluster such as `-vo` that takes the next word for its value, if there is one. */
  #clusterEnd(word: string): Spec | undefined {
    for (const [index, letter] of [...word].entries()) {
      if (index === 0) continue;
      const option = this.#byShort.get(letter);
      if (option === undefined) throw this.#unknown(`-${letter}`);
      if (option.value !== undefined) return index === word.length - 1 ? option : undefined;
    }
    return undefined;
  }
}

function missingValue(word: string, option: Spec): UsageError {
  return new UsageError(`Option ${word} needs a value: ${word} <${option.value}>`);
}

function splitAt(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}
