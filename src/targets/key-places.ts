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
 * A word with so many hexadecimal digits in a row is taken for a key wherever it stands, unless it is a path, alone or
 * behind an option's name. A word that ends with them behind a colon is no path.
 */
const LIKE_A_KEY = /^(?!(?:[a-z_]{1,31}:)?\/).*[0-9a-f]{32}|:[0-9a-f]{32,}$/is;

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

/** A message about a line with zeros for the keys in it: words, and pieces of words, stand quoted in messages. */
export function keylessMessage(message: string, text: string, places: KeyPlaces | undefined): string {
  const shown = splitWords(keyless(text, places));
  return splitWords(text).reduce((result, word, index) => {
    const mask = shown[index]?.text ?? '';
    if (mask === word.text) return result;
    return piecesOf(word.text).reduce(
      (each, [from, to]) =>
        each.replaceAll(JSON.stringify(word.text.slice(from, to)), JSON.stringify(mask.slice(from, to))),
      result,
    );
  }, message);
}

/** The places of a word, of what stands between two of its colons, and of what stands behind each. */
function piecesOf(word: string): (readonly [from: number, to: number])[] {
  const ends = [...word.matchAll(/:|$/g)].map(({ index }) => index);
  return [0, ...ends.slice(0, -1).map((colon) => colon + 1)].flatMap((from, piece) => [
    [from, ends[piece] ?? word.length] as const,
    [from, word.length] as const,
  ]);
}

function keyStart(word: string, index: number, { words = [], options = [] }: KeyPlaces): number | undefined {
  if (words.includes(index)) return 0;
  const option = options.find((name) => word.toLowerCase().startsWith(`${name}:`));
  const colon = option === undefined ? -1 : word.indexOf(':', option.length + 1);
  // A key may stand before its place, too.
  if (LIKE_A_KEY.test(colon < 0 ? word : word.slice(0, colon))) return 0;
  return colon < 0 ? undefined : colon + 1;
}
