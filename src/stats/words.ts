const encoder = new TextEncoder();
const BACKSLASH = 0x5c;
const BLANK = 0x20;

/** The kernel's isspace (lib/ctype.c) works on bytes and counts 0xA0, which is a part of many UTF-8 letters. */
function isKernelSpace(byte: number): boolean {
  return byte === BLANK || (byte >= 0x09 && byte <= 0x0d) || byte === 0xa0;
}

/**
 * One word of a message as bytes: blanks and backslashes are quoted so that `dm_split_args` (drivers/md/dm-table.c)
 * gives back exactly this text. Bytes, because a quoted byte may be the second half of a letter.
 */
export function quoted(word: string): Uint8Array {
  const bytes = encoder.encode(word);
  const result: number[] = [];
  for (const byte of bytes) {
    if (byte === BACKSLASH || isKernelSpace(byte)) result.push(BACKSLASH);
    result.push(byte);
  }
  return Uint8Array.from(result);
}

/** A message of words, joined by blanks. Strings go as they are; use `quoted` for text from people. */
export function message(...words: readonly (string | Uint8Array)[]): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const [index, word] of words.entries()) {
    if (index > 0) parts.push(Uint8Array.of(BLANK));
    parts.push(typeof word === 'string' ? encoder.encode(word) : word);
  }
  return Buffer.concat(parts);
}

/**
 * Why a text cannot be kept in the kernel's lists, or undefined when it can. A list is lines of text: a line break
 * or a NUL inside a word would break it for every program that reads it.
 */
export function unfitForList(text: string): string | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  const found = /[\u0000-\u001f\u007f]/.exec(text);
  if (found === null) return undefined;
  return `holds the control character U+${found[0].charCodeAt(0).toString(16).padStart(4, '0').toUpperCase()}`;
}
