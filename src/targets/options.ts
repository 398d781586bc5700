import { atLeast, type Changed, onKernel } from './kernel-version.ts';
import { readCount } from './list.ts';
import { u32 } from './number.ts';
import {
  nameOf,
  notAnOption,
  type Options,
  type OptionValue,
  optionForm,
  optionHelp,
  printOption,
  valueFor,
} from './option.ts';
import { label, type Part } from './part.ts';
import { Reader } from './reader.ts';
import { sameWord } from './words.ts';

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
    readonly empty?: Changed<string>;
  };
}

/** A group of options with its count of words in front. */
export function options<const O extends Options>(
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
      // The kernel finds these with sscanf, which minds the case.
      return isJoined ? colon > 0 && word.text.slice(0, colon) === name : same(word.text, name);
    });
    const option = found === undefined ? undefined : known[found];
    reader.at++;
    if (found === undefined || option === undefined) {
      reader.refuse(notAnOption(word.text, known), { column });
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
      const forms = names.map((each) => optionForm(each, known[each])).join(' ');
      if (counting === 'optional') return `[<#${name}> ${forms}]`;
      return counting === 'none' ? `[${forms}]` : `<#${name}> [${forms}]`;
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
      const printed = (value: unknown): string[] => printOption(value, known, line, readback);
      const inOrder = readback === undefined ? values : loaded(values, known, settings);
      const words = inOrder.flatMap(printed);
      if (counting === 'none') return words;
      if (readback !== undefined && words.length === 0) {
        const { zero = false, empty } = settings.readback ?? {};
        const text = empty === undefined ? '' : onKernel(empty, readback.kernel);
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
  const count = readCount(u32('', max === undefined ? {} : { min: 0, max, unit: 'words' }), reader, name);
  if (count === undefined) return undefined;
  if (count > reader.left) {
    reader.refuse(`${what} announces ${count} words, but ${reader.left} follow`, {
      column,
      unreadable: true,
      lost: true,
    });
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

/** The options as the kernel keeps them. */
function loaded(values: readonly unknown[], known: Options, { readback = {} }: OptionsSettings): readonly unknown[] {
  if (readback.order === 'given') return values;
  const names = Object.keys(known);
  return names.flatMap((name) => {
    const { repeats = false, unsaid } = known[name] ?? {};
    const given = values.filter(
      (value) => nameOf(value) === name && (unsaid === undefined || valueFor(value, name) !== unsaid),
    );
    return repeats ? given : given.slice(-1);
  });
}
