import type { Part } from './part.ts';
import { type Circumstances, type Finding, Reader } from './reader.ts';
import { splitWords, type Word } from './words.ts';

/** What was found in a text. */
export interface Examined<V> {
  readonly value: V | undefined;
  readonly rest: readonly Word[];
  readonly findings: readonly Finding[];
}

/** Reads a text by a grammar. */
export function examine<V>(
  part: Part<V>,
  text: string,
  circumstances: Circumstances,
  countFirst: boolean,
): Examined<V> {
  const reader = new Reader(text, splitWords(text), circumstances);
  const value = part.read(reader, '');
  const { findings } = reader;
  const ordered = countFirst
    ? [...findings.filter(({ counting }) => counting), ...findings.filter(({ counting }) => !counting)]
    : findings;
  // Where the words could not be placed, none is known to be extra.
  return { value, rest: findings.some(({ lost }) => lost) ? [] : reader.words.slice(reader.at), findings: ordered };
}
