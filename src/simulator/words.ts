/**
 * How the kernel takes words and numbers out of text. Text is a string of bytes (one character a byte, latin1), so
 * that what is not UTF-8 comes back as it was sent.
 */

/** The kernel's `isspace` (lib/ctype.c): the six of C and the byte 0xA0. */
const SPACE = '[\\t-\\r \\xa0]';

const UNSIGNED = new RegExp(`^${SPACE}*(\\d+)$`);
const SIGNED = new RegExp(`^${SPACE}*(-?\\d+)$`);
const SHARE = new RegExp(`^/${SPACE}*(\\d+)$`);
const RANGE = new RegExp(`^${SPACE}*(\\d+)\\+${SPACE}*(\\d+)$`);

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

/** `sscanf(word, "%llu+%llu%c") == 2`. */
export function scanRange(word: string): readonly [bigint, bigint] | undefined {
  const match = RANGE.exec(word);
  if (match === null) return undefined;
  return [BigInt.asUintN(64, BigInt(match[1] as string)), BigInt.asUintN(64, BigInt(match[2] as string))];
}

/** `kstrtoull(word, 10)`: what is too large is no number. */
export function kstrtou64(word: string): bigint | undefined {
  const digits = /^\+?(\d+)\n?$/.exec(word)?.[1];
  const value = digits === undefined ? undefined : BigInt(digits);
  return value !== undefined && value < 2n ** 64n ? value : undefined;
}

const GEOMETRY = new RegExp(`^${SPACE}*(\\d+)${SPACE}+(\\d+)${SPACE}+(\\d+)${SPACE}+(\\d+)$`);

/** `sscanf(text, "%lu %lu %lu %lu%c") == 4`. */
export function scanGeometry(text: string): readonly [bigint, bigint, bigint, bigint] | undefined {
  const match = GEOMETRY.exec(text);
  if (match === null) return undefined;
  const number = (index: number): bigint => BigInt.asUintN(64, BigInt(match[index] as string));
  return [number(1), number(2), number(3), number(4)];
}

/** UTF-8 text as a string of bytes. */
export function toByteString(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}
