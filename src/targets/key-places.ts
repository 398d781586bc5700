import { hidden } from './secret.ts';
import { splitWords } from './words.ts';

/** Where a parameter line holds keys. */
export interface KeyPlaces {
  /** Words that are keys, by their place from 0. */
  readonly words?: readonly number[];
  /** Options whose second piece is a key: `name:algorithm:key`. */
  readonly options?: readonly string[];
}

/**
 * So many hexadecimal digits are taken for a key wherever a word ends with them, such as one that was put in a wrong
 * place or behind an option that is misspelt.
 */
const LONG_HEX = /(?<=^|:)[0-9a-f]{32,}$/i;

/**
 * A line with zeros for its keys: the words are found without reading the line, so that a line that cannot be read
 * hides them too. The columns stay.
 */
export function keyless(line: string, places: KeyPlaces | undefined): string {
  if (places === undefined) return line;
  let result = '';
  let from = 0;
  for (const [index, { text, column, end }] of splitWords(line).entries()) {
    const start = keyStart(text, index, places);
    if (start === undefined) continue;
    const masked = (text.slice(0, start) + hidden(text.slice(start))).padEnd(end - column, '0');
    result += line.slice(from, column - 1) + masked;
    from = end - 1;
  }
  return result + line.slice(from);
}

function keyStart(word: string, index: number, { words = [], options = [] }: KeyPlaces): number | undefined {
  if (words.includes(index)) return 0;
  const long = LONG_HEX.exec(word);
  if (long !== null) return long.index;
  const name = options.find((option) => word.toLowerCase().startsWith(`${option}:`));
  if (name === undefined) return undefined;
  const colon = word.indexOf(':', name.length + 1);
  return colon < 0 ? undefined : colon + 1;
}
