import { UsageError } from '../mapper/errors.ts';

/** One word of a parameter line. */
export interface Word {
  /** With the backslashes taken out. */
  readonly text: string;
  /** Where it begins in the line, from 1. */
  readonly column: number;
  /** The column behind its last character. */
  readonly end: number;
}

/** The kernel's `isspace` (lib/ctype.c): the six of C and the byte 0xA0. */
const isSpace = (code: number): boolean => (code >= 9 && code <= 13) || code === 32 || code === 0xa0;
const BACKSLASH = '\\';

/**
 * Splits a line as `dm_split_args` does (drivers/md/dm-table.c): any white space separates, a backslash takes the
 * next byte as it is, also inside a word, and there are no quotes. A backslash at the very end stands for itself.
 */
export function splitWords(line: string): Word[] {
  const words: Word[] = [];
  for (let at = 0; ; ) {
    while (at < line.length && isSpace(line.charCodeAt(at))) at++;
    if (at >= line.length) return words;
    const start = at;
    let text = '';
    for (; at < line.length && !isSpace(line.charCodeAt(at)); at++) {
      if (line.charAt(at) === BACKSLASH && at + 1 < line.length) at++;
      text += line.charAt(at);
    }
    words.push({ text, column: start + 1, end: at + 1 });
  }
}

/**
 * A word as it must be written for the kernel to take exactly this text.
 *
 * @throws UsageError for what cannot be written: nothing at all, a NUL, and letters beyond ASCII that hold the byte
 * 0xA0 in UTF-8, at which the kernel would cut
 */
export function quoteWord(text: string): string {
  if (text === '')
    throw new UsageError('an empty word cannot be given to the kernel: it separates words by blanks only');
  let quoted = '';
  for (const letter of text) {
    const code = letter.charCodeAt(0);
    if (code === 0 || (letter > '\u007f' && Buffer.from(letter).includes(0xa0))) {
      throw new UsageError(
        `${JSON.stringify(text)} cannot be given to the kernel: ${JSON.stringify(letter)} ends a word there; ` +
          'name the device by its number, major:minor',
      );
    }
    quoted += isSpace(code) || letter === BACKSLASH ? BACKSLASH + letter : letter;
  }
  return quoted;
}

/** `strcasecmp(a, b) == 0`: only ASCII letters fold. */
export function sameWord(a: string, b: string): boolean {
  return a === b || (a.length === b.length && fold(a) === fold(b));
}

function fold(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}
