import { counted, readCount } from './list.ts';
import { u32 } from './number.ts';
import { label, type Part, type UnknownWord, type ValueOf } from './part.ts';
import { text } from './word-parts.ts';
import { quoteWord } from './words.ts';

/** A part with the number of its words in front. */
export function group<T>(part: Part<T>): Part<T> {
  const count = u32('words that follow');
  return {
    form: (name) => `<#words> ${part.form(name)}`,
    help: (name) => part.help(name),
    read(reader, name) {
      const column = reader.column;
      const announced = readCount(count, reader, name);
      if (announced === undefined) return undefined;
      if (announced > reader.left) {
        const message = `${label(name)} announces ${announced} words, but ${reader.left} follow`;
        reader.refuse(message, { column, unreadable: true, counting: true, lost: true });
        return undefined;
      }
      const words = reader.group(announced);
      const value = part.read(words, name);
      if (value !== undefined && words.left > 0) {
        words.refuse(`${label(name)} has no more words than ${announced - words.left}`, { unreadable: true });
        return undefined;
      }
      return value;
    },
    print(value, name, line, readback) {
      const words = part.print(value, name, line, readback);
      return [String(words.length), ...words];
    },
    devices: (value, name, around) => part.devices?.(value, name, around) ?? [],
  };
}

/** One of several parts, each behind its word. */
export type OneOf<P> = { [K in keyof P]: { readonly [Q in K]: ValueOf<P[K]> } }[keyof P];

/** A word that is not known here, with the counted words behind it. */
export interface UnknownGroup extends UnknownWord {
  readonly words: readonly string[];
}

/** A word that says which part follows: `{ word: value }`. What follows an unknown one must be counted. */
export function oneOf<const P extends Readonly<Record<string, Part<unknown>>>>(
  parts: P,
): Part<OneOf<P> | UnknownGroup> {
  const names = Object.keys(parts);
  const others = counted(text('a word'), 'words');
  const chosen = (value: object): readonly [string, unknown] | undefined =>
    Object.entries(value).find(([name]) => names.includes(name));
  return {
    form: () => `(${names.map((name) => `${name} ${parts[name]?.form(name)}`.trimEnd()).join(' | ')})`,
    help: () => names.flatMap((name) => parts[name]?.help(name) ?? []),
    read(reader, name) {
      const column = reader.column;
      const word = reader.take(label(name));
      if (word === undefined) return undefined;
      const part = parts[word.text];
      if (part === undefined || !names.includes(word.text)) {
        reader.refuse(`${label(name)} must be ${names.join(' or ')}, not ${JSON.stringify(word.text)}`, { column });
        const words = others.read(reader, name);
        return words === undefined ? undefined : { unknown: word.text, words };
      }
      const value = part.read(reader, word.text);
      // The one that its word chose, as the type says.
      return value === undefined ? undefined : ({ [word.text]: value } as OneOf<P>);
    },
    print(value, name, line, readback) {
      const found = chosen(Object(value));
      if (found === undefined) {
        const { unknown, words } = value as UnknownGroup;
        return [quoteWord(unknown), ...others.print(words, name, line, readback)];
      }
      const [word, inner] = found;
      return [word, ...(parts[word]?.print(inner, word, line, readback) ?? [])];
    },
    devices(value, _name, around) {
      const [word = '', inner] = chosen(Object(value)) ?? [];
      return parts[word]?.devices?.(inner, word, around) ?? [];
    },
  };
}
