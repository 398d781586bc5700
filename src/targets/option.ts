import type { KernelVersion } from './kernel-version.ts';
import { type HelpLine, isUnknown, type Part, type Readback, type UnknownWord } from './part.ts';
import { quoteWord } from './words.ts';

/** A word that may stand among a target's options. */
export interface Option<T> extends OptionSettings<T> {
  /** `flag`: the word alone. `words`: the word, then its value's words. `joined`: `word:value` in one word. */
  readonly kind: 'flag' | 'words' | 'joined';
  readonly about: string;
  readonly part?: Part<T>;
}

/** What else is to be said of an option. */
export interface OptionSettings<T> {
  /** The first kernel that takes it, or the first on which it was seen. */
  readonly since?: KernelVersion;
  /** The value that the kernel does not print back. */
  readonly unsaid?: T;
  /** Each one given counts; without it, the last one does. */
  readonly repeats?: boolean;
  /** The pieces between colons of a joined value; one unless told. */
  readonly pieces?: number;
}

/** An option without a value. */
export interface Flag extends Option<true> {
  readonly kind: 'flag';
}

/** An option that is a word alone. */
export function flag(about: string, settings: Pick<OptionSettings<true>, 'since'> = {}): Flag {
  return { kind: 'flag', about, ...settings };
}

/** An option whose value's words follow it. */
export function valued<T>(part: Part<T>, about: string, settings: OptionSettings<T> = {}): Option<T> {
  return { kind: 'words', about, part, ...settings };
}

/** An option with its value behind a colon; a value of several pieces is a line, its pieces parted by colons. */
export function joined<T>(part: Part<T>, about: string, settings: OptionSettings<T> = {}): Option<T> {
  return { kind: 'joined', about, part, ...settings };
}

/** Options by their words. */
export type Options = Readonly<Record<string, Option<unknown>>>;

/** One option: a flag is its word, one with a value is `{ word: value }`. */
export type OptionValue<O> =
  | { [K in keyof O]: O[K] extends Flag ? K : O[K] extends Option<infer T> ? { readonly [P in K]: T } : never }[keyof O]
  | UnknownWord;

/** Why a word is refused. */
export function notAnOption(word: string, known: Options): string {
  return `${JSON.stringify(word)} is not an option: ${Object.keys(known).join(', ')} are`;
}

/** The word of an option's value; undefined for an unknown one. */
export function nameOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null || isUnknown(value)) return undefined;
  return Object.keys(value)[0];
}

/** What stands behind an option's word. */
export function valueFor(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Object.entries(value).find(([key]) => key === name)?.[1] : true;
}

/** The values of an option, one for each time it is given. */
export function valuesOf<V, const K extends string>(
  given: readonly V[] | undefined,
  name: K,
): ReadonlyArray<Extract<V, Readonly<Record<K, unknown>>>[K]> {
  const isIt = (value: V): value is Extract<V, Readonly<Record<K, unknown>>> =>
    typeof value === 'object' && value !== null && name in value;
  return (given ?? []).filter(isIt).map((value) => value[name]);
}

/** The words of an option. */
export function printOption(
  value: unknown,
  known: Options,
  line: Readonly<Record<string, unknown>>,
  readback: Readback | undefined,
): string[] {
  if (isUnknown(value)) return [quoteWord(value.unknown)];
  const name = nameOf(value) ?? '';
  const option = known[name];
  if (option === undefined) throw new RangeError(notAnOption(name, known));
  if (option.part === undefined) return [name];
  const words = option.part.print(valueFor(value, name), name, line, readback);
  return option.kind === 'joined' ? [`${name}:${words.join(':')}`] : [name, ...words];
}

/** How an option is written. */
export function optionForm(name: string, option: Option<unknown> | undefined): string {
  if (option?.part === undefined) return name;
  const form = option.part.form('value');
  return option.kind === 'joined' ? `${name}:${form.replaceAll(' [', '[:').replaceAll(' ', ':')}` : `${name} ${form}`;
}

/** What an option and its value are. */
export function optionHelp(name: string, option: Option<unknown> | undefined): HelpLine[] {
  if (option === undefined) return [];
  const since = option.since === undefined ? '' : ` (Linux ${option.since})`;
  return [{ name, text: `${option.about}${since}` }, ...(option.part?.help(name) ?? [])];
}
