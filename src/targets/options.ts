import { atLeast, type Changed, type KernelVersion, onKernel } from './kernel-version.ts';
import { u32 } from './number.ts';
import { type HelpLine, isUnknown, label, type Part, type Readback, type UnknownWord } from './part.ts';
import { Reader } from './reader.ts';
import { quoteWord, sameWord } from './words.ts';

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

type Known = Readonly<Record<string, Option<unknown>>>;

/** One option: a flag is its word, one with a value is `{ word: value }`. */
export type OptionValue<O> =
  | { [K in keyof O]: O[K] extends Flag ? K : O[K] extends Option<infer T> ? { readonly [P in K]: T } : never }[keyof O]
  | UnknownWord;

/** How a group of options is counted, checked and printed back. */
export interface OptionsSettings {
  /** The most words that the kernel takes. */
  readonly max?: number | Changed<number>;
  /** `required`: the count must be there. `none`: the options go on to the end of the line. */
  readonly count?: 'optional' | 'required' | 'none';
  /** The kernel refuses an option given twice, but for those that may repeat. */
  readonly once?: boolean;
  readonly caseSensitive?: boolean;
  /** How the kernel prints them back. */
  readonly readback?: {
    /** `declared` (the default): in the order of the declaration. `given`: the words of the table. */
    readonly order?: 'declared' | 'given';
    /** Whether `0` is printed when there are none. */
    readonly zero?: boolean;
    /** What a group without options is printed as. */
    readonly empty?: Changed<string> | undefined;
    /** Flags that the kernel sets unasked. */
    readonly always?: readonly string[];
  };
}

/** A group of options with its count of words in front. */
export function options<const O extends Known>(
  known: O,
  settings: OptionsSettings = {},
): Part<ReadonlyArray<OptionValue<O>>> & { readonly optional: true } {
  const names = Object.keys(known);
  const same = settings.caseSensitive === true ? (a: string, b: string): boolean => a === b : sameWord;
  const { count: counting = 'optional' } = settings;

  const readOne = (reader: Reader): unknown => {
    const column = reader.column;
    const word = reader.peek();
    if (word === undefined) return undefined;
    const colon = word.text.indexOf(':');
    const found = names.find((name) => {
      const isJoined = known[name]?.kind === 'joined';
      return isJoined ? colon > 0 && same(word.text.slice(0, colon), name) : same(word.text, name);
    });
    const option = found === undefined ? undefined : known[found];
    reader.at++;
    if (found === undefined || option === undefined) {
      reader.refuse(`${JSON.stringify(word.text)} is not an option: ${names.join(', ')} are`, { column });
      return { unknown: word.text };
    }
    const { kernel } = reader.circumstances;
    if (option.since !== undefined && kernel !== undefined && !atLeast(kernel, option.since)) {
      reader.refuse(`${found} needs Linux ${option.since}; this is ${kernel}`, { column });
    }
    if (option.part === undefined) return found;
    const inner = option.kind === 'joined' ? pieces(reader, word.text, column, colon + 1, option.pieces ?? 1) : reader;
    const value = option.part.read(inner, found);
    if (inner.left > 0 && inner !== reader) inner.refuse(`${found}: one value too many`, { unreadable: true });
    return value === undefined ? undefined : { [found]: value };
  };

  return {
    optional: true,
    whenAbsent: [],
    form: (name) => {
      const forms = names.map((each) => optionForm(each, known[each]));
      return counting === 'none' ? `[${forms.join(' ')}]` : `[<#${name}> ${forms.join(' ')}]`;
    },
    help: () => names.flatMap((name) => optionHelp(name, known[name])),
    read(reader, name) {
      if (counting === 'optional' && reader.left === 0) return undefined;
      const group = counting === 'none' ? reader.group(reader.left) : countedGroup(reader, name, settings);
      if (group === undefined) return undefined;
      const values: unknown[] = [];
      const seen = new Set<string>();
      while (group.left > 0) {
        const column = group.column;
        const value = readOne(group);
        if (value !== undefined) values.push(value);
        const found = nameOf(value);
        if (settings.once === true && found !== undefined && seen.has(found) && known[found]?.repeats !== true) {
          group.refuse(`${found} is given twice`, { column });
        }
        if (found !== undefined) seen.add(found);
      }
      // Each was made from the declaration, as the type says.
      return values as OptionValue<O>[];
    },
    print(values, name, line, readback) {
      const printed = (value: unknown): string[] => printOne(value, known, line, readback);
      const inOrder = readback === undefined ? values : loaded(values, known, settings);
      const words = inOrder.flatMap(printed);
      if (counting === 'none') return words;
      if (readback !== undefined && words.length === 0) {
        const { zero = false, empty } = settings.readback ?? {};
        const text = empty === undefined ? '' : atLeast(readback.kernel, empty.since) ? empty.now : empty.before;
        if (text !== '') return text.split(' ');
        return zero ? ['0'] : [];
      }
      return [...u32('').print(words.length, name, line, readback), ...words];
    },
    devices: (values, _name, around) =>
      values.flatMap((value) => {
        const found = nameOf(value);
        const part = found === undefined ? undefined : known[found]?.part;
        return found === undefined ? [] : (part?.devices?.(valueFor(value, found), found, around) ?? []);
      }),
  };
}

/** The words of a group, after its count. */
function countedGroup(reader: Reader, name: string, settings: OptionsSettings): Reader | undefined {
  const column = reader.column;
  const what = `#${label(name)}`;
  const max = settings.max === undefined ? undefined : onKernel(settings.max, reader.circumstances.kernel);
  const count = u32('', max === undefined ? {} : { min: 0, max, unit: 'words' }).read(reader, what);
  if (count === undefined) return undefined;
  if (count > reader.left) {
    reader.refuse(`${what} announces ${count} words, but ${reader.left} follow`, { column, unreadable: true });
    return undefined;
  }
  return reader.group(count);
}

/** A reader of the pieces of `word:piece:piece`; the last piece takes the colons that are left. */
function pieces(outer: Reader, word: string, column: number, from: number, count: number): Reader {
  const parts: { text: string; column: number; end: number }[] = [];
  for (let at = from; at <= word.length && parts.length < count; ) {
    const colon = parts.length + 1 < count ? word.indexOf(':', at) : -1;
    const end = colon < 0 ? word.length : colon;
    parts.push({ text: word.slice(at, end), column: column + at, end: column + end });
    at = end + 1;
  }
  const reader = new Reader(word, parts, outer.circumstances, column + word.length);
  reader.findings = outer.findings;
  return reader;
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

function nameOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null || isUnknown(value)) return undefined;
  return Object.keys(value)[0];
}

function valueFor(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Object.entries(value).find(([key]) => key === name)?.[1] : true;
}

function printOne(
  value: unknown,
  known: Known,
  line: Readonly<Record<string, unknown>>,
  readback: Readback | undefined,
): string[] {
  if (isUnknown(value)) return [quoteWord(value.unknown)];
  const name = nameOf(value) ?? '';
  const option = known[name];
  if (option === undefined)
    throw new RangeError(`${JSON.stringify(name)} is not an option: ${Object.keys(known).join(', ')} are`);
  if (option.part === undefined) return [name];
  const words = option.part.print(valueFor(value, name), name, line, readback);
  return option.kind === 'joined' ? [`${name}:${words.join(':')}`] : [name, ...words];
}

/** The options as the kernel keeps them. */
function loaded(values: readonly unknown[], known: Known, { readback = {} }: OptionsSettings): readonly unknown[] {
  if (readback.order === 'given') return values;
  const names = Object.keys(known);
  const all = [...values, ...(readback.always ?? [])];
  return names.flatMap((name) => {
    const { repeats = false, unsaid } = known[name] ?? {};
    const given = all.filter(
      (value) => nameOf(value) === name && (unsaid === undefined || valueFor(value, name) !== unsaid),
    );
    return repeats ? given : given.slice(-1);
  });
}

function optionForm(name: string, option: Option<unknown> | undefined): string {
  if (option?.part === undefined) return name;
  const form = option.part.form('value');
  return option.kind === 'joined' ? `${name}:${form.replaceAll(' ', ':')}` : `${name} ${form}`;
}

function optionHelp(name: string, option: Option<unknown> | undefined): HelpLine[] {
  if (option === undefined) return [];
  const since = option.since === undefined ? '' : ` (Linux ${option.since})`;
  return [{ name, text: `${option.about}${since}` }, ...(option.part?.help(name) ?? [])];
}
