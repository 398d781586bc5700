/**
 * How the kernel takes words and numbers out of text. Text is a string of bytes (one character a byte, latin1), so
 * that what is not UTF-8 comes back as it was sent.
 */

/** The kernel's `isspace` (lib/ctype.c): the six of C and the byte 0xA0. */
const SPACE = '[\\t-\\r \\xa0]';
const isSpace = (code: number): boolean => (code >= 9 && code <= 13) || code === 32 || code === 0xa0;
const BACKSLASH = 0x5c;

/**
 * Splits text as `dm_split_args` does (drivers/md/dm-table.c): any white space separates, a backslash takes the next
 * byte as it is, also inside a word, and there are no quotes. A backslash at the very end stands for itself.
 */
export function splitWords(text: string): string[] {
  const words: string[] = [];
  let at = 0;
  for (;;) {
    while (at < text.length && isSpace(text.charCodeAt(at))) at++;
    if (at >= text.length) return words;
    let word = '';
    let from = at;
    while (at < text.length && !isSpace(text.charCodeAt(at))) {
      if (text.charCodeAt(at) === BACKSLASH && at + 1 < text.length) {
        word += text.slice(from, at) + text.charAt(at + 1);
        at += 2;
        from = at;
      } else {
        at++;
      }
    }
    words.push(word + text.slice(from, at));
  }
}

const UNSIGNED = new RegExp(`^${SPACE}*(\\d+)$`);
const SIGNED = new RegExp(`^${SPACE}*(-?\\d+)$`);
const SHARE = new RegExp(`^/${SPACE}*(\\d+)$`);
const RANGE = new RegExp(`^${SPACE}*(\\d+)\\+${SPACE}*(\\d+)$`);
const NUMBER_PAIR = new RegExp(`^${SPACE}*(\\d+):${SPACE}*(\\d+)$`);

/** `sscanf(word, "%llu%c") == 1`: no sign, nothing behind; a number too large wraps, as the kernel's does. */
export function scanU64(word: string): bigint | undefined {
  const match = UNSIGNED.exec(word);
  return match === null ? undefined : BigInt.asUintN(64, BigInt(match[1] as string));
}

/** `sscanf(word, "%u%c") == 1`. */
export function scanU32(word: string): number | undefined {
  const value = scanU64(word);
  return value === undefined ? undefined : Number(BigInt.asUintN(32, value));
}

/** `sscanf(word, "%d%c") == 1`. */
export function scanI32(word: string): number | undefined {
  const match = SIGNED.exec(word);
  return match === null ? undefined : Number(BigInt.asIntN(32, BigInt(match[1] as string)));
}

/** `sscanf(word, "/%u%c") == 1`. */
export function scanShare(word: string): number | undefined {
  const match = SHARE.exec(word);
  return match === null ? undefined : Number(BigInt.asUintN(32, BigInt(match[1] as string)));
}

function scanPair(word: string, pattern: RegExp): readonly [bigint, bigint] | undefined {
  const match = pattern.exec(word);
  if (match === null) return undefined;
  return [BigInt.asUintN(64, BigInt(match[1] as string)), BigInt.asUintN(64, BigInt(match[2] as string))];
}

/** `sscanf(word, "%llu+%llu%c") == 2`. */
export function scanRange(word: string): readonly [bigint, bigint] | undefined {
  return scanPair(word, RANGE);
}

/** `sscanf(word, "%u:%u%c") == 2`. */
export function scanDeviceNumber(word: string): readonly [number, number] | undefined {
  const pair = scanPair(word, NUMBER_PAIR);
  return pair === undefined ? undefined : [Number(BigInt.asUintN(32, pair[0])), Number(BigInt.asUintN(32, pair[1]))];
}

const UPPER = /[A-Z]/g;

const GEOMETRY = new RegExp(`^${SPACE}*(\\d+)${SPACE}+(\\d+)${SPACE}+(\\d+)${SPACE}+(\\d+)$`);

/** `sscanf(text, "%lu %lu %lu %lu%c") == 4`. */
export function scanGeometry(text: string): readonly [bigint, bigint, bigint, bigint] | undefined {
  const match = GEOMETRY.exec(text);
  if (match === null) return undefined;
  const number = (index: number): bigint => BigInt.asUintN(64, BigInt(match[index] as string));
  return [number(1), number(2), number(3), number(4)];
}

/** `strcasecmp(a, b) == 0` for a `b` in lower case: only ASCII letters fold. */
export function sameWord(a: string, b: string): boolean {
  return a.replace(UPPER, (letter) => letter.toLowerCase()) === b;
}

/** UTF-8 text as a string of bytes. */
export function toByteString(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}
