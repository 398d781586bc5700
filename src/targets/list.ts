import { type NumberRange, u32 } from './number.ts';
import { label, type Part } from './part.ts';
import type { Reader } from './reader.ts';

/** The number of entries of a list that comes later in the line: it has no value of its own. */
export function countOf(list: string, about: string, range: NumberRange = {}): Part<never> & { readonly hidden: true } {
  const number = u32(about, range);
  return {
    hidden: true,
    form: () => `<#${label(list)}>`,
    help: () => number.help(`#${label(list)}`),
    read(reader) {
      reader.counts.set(list, readCount(number, reader, list));
      return undefined;
    },
    print: (_value, name, line, readback) => number.print(lengthOf(line[list]), name, line, readback),
  };
}

/** A count of what follows; without it the words that follow cannot be placed. */
export function readCount(number: Part<number>, reader: Reader, name: string): number | undefined {
  const count = number.read(reader, `#${name}`);
  if (count === undefined) reader.lose();
  return count;
}

/**
 * The number of entries that a list has in each line of another list that comes later, the same in all of them: it has
 * no value of its own.
 */
export function countOfEach(
  lines: string,
  list: string,
  about: string,
  range: NumberRange = {},
): Part<never> & { readonly hidden: true } {
  const number = u32(about, range);
  return {
    ...countOf(list, about, range),
    print(_value, name, line, readback) {
      const counts = entriesOf(line[lines]).map((entry) =>
        lengthOf(Object.entries(entry).find(([key]) => key === list)?.[1]),
      );
      if (new Set(counts).size > 1) {
        throw new RangeError(`all ${label(lines)} must have the same number of ${label(list)}`);
      }
      return number.print(counts[0] ?? 0, name, line, readback);
    },
  };
}

function entriesOf(list: unknown): object[] {
  const entries: readonly unknown[] = Array.isArray(list) ? list : [];
  return entries.filter((entry) => typeof entry === 'object' && entry !== null);
}

function lengthOf(list: unknown): number {
  return Array.isArray(list) ? list.length : 0;
}

/** As many entries as `countOf` said, or as there are words for when nothing counts them. */
export function list<T>(entry: Part<T>): Part<readonly T[]> {
  return {
    form: (name) => `(${entry.form(name)})…`,
    help: (name) => entry.help(name),
    read(reader, name) {
      if (!reader.counts.has(name)) return unlimited(entry, reader, name);
      const count = reader.counts.get(name);
      return count === undefined ? undefined : entries(entry, reader, name, count);
    },
    print: (value, name, line, readback) => value.flatMap((each) => entry.print(each, name, line, readback)),
    devices: (value, name, around) => value.flatMap((each) => entry.devices?.(each, name, around) ?? []),
  };
}

/** A list with its count of entries in front. */
export function counted<T>(entry: Part<T>, about: string, range: NumberRange = {}): Part<readonly T[]> {
  const number = u32(about, range);
  const inner = list(entry);
  return {
    ...inner,
    form: (name) => `<#${name}> ${inner.form(name)}`,
    help: (name) => [...number.help(`#${name}`), ...entry.help(name)],
    read(reader, name) {
      const count = readCount(number, reader, name);
      return count === undefined ? undefined : entries(entry, reader, name, count);
    },
    print: (value, name, line, readback) => [
      ...number.print(value.length, name, line, readback),
      ...inner.print(value, name, line, readback),
    ],
  };
}

function entries<T>(entry: Part<T>, reader: Reader, name: string, count: number): readonly T[] | undefined {
  const values: (T | undefined)[] = [];
  for (let index = 0; index < count; index++) {
    // A count of billions over a few words must not take billions of steps.
    if (reader.left === 0) {
      reader.refuse(`${label(name)} ${index + 1} of ${count} is missing`, {
        unreadable: true,
        counting: true,
        lost: true,
      });
      return undefined;
    }
    values.push(entry.read(reader, name));
  }
  return allRead(values);
}

function unlimited<T>(entry: Part<T>, reader: Reader, name: string): readonly T[] | undefined {
  const values: (T | undefined)[] = [];
  while (reader.left > 0) values.push(entry.read(reader, name));
  return allRead(values);
}

/** A list is there when each of its entries could be read. */
function allRead<T>(values: readonly (T | undefined)[]): readonly T[] | undefined {
  const read = values.filter((value) => value !== undefined);
  return read.length === values.length ? read : undefined;
}
