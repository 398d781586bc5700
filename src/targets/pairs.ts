import { readCount } from './list.ts';
import { u32 } from './number.ts';
import { label, type Part } from './part.ts';
import { quoteWord } from './words.ts';

/** A tunable and its value. */
export interface Pair {
  readonly name: string;
  readonly value: string;
}

/** Names and values with the number of their words in front: twice the number of pairs. */
export function pairs(about: string): Part<readonly Pair[]> {
  const count = u32('words that follow');
  return {
    form: (name) => `<#${name}> (<name> <value>)…`,
    help: (name) => [{ name, text: about }],
    read(reader, name) {
      const column = reader.column;
      const words = readCount(count, reader, name);
      if (words === undefined) return undefined;
      if (words % 2 === 1 || words > reader.left) {
        const trouble = words > reader.left ? `only ${reader.left} follow` : 'names and values come in pairs';
        reader.refuse(`${label(name)} announces ${words} words, but ${trouble}`, {
          column,
          unreadable: true,
          lost: true,
        });
        return undefined;
      }
      const group = reader.group(words);
      const values: Pair[] = [];
      while (group.left > 0)
        values.push({ name: group.take('name')?.text ?? '', value: group.take('value')?.text ?? '' });
      return values;
    },
    print: (values) => [
      String(values.length * 2),
      ...values.flatMap((pair) => [quoteWord(pair.name), quoteWord(pair.value)]),
    ],
  };
}
