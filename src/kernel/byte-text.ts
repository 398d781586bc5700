/**
 * Bytes as text without loss. The kernel's names, uuids and parameters are bytes that are UTF-8 only by custom: a byte
 * that is no part of valid UTF-8 becomes the lone surrogate U+DC80 to U+DCFF that ends in its value, and comes back as
 * that byte (as Python's `surrogateescape`, PEP 383). Valid UTF-8 is plain text, and no two byte strings are one text.
 */
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });
const utf8Encoder = new TextEncoder();
const REPLACEMENT = '\ufffd';
const ESCAPE = 0xdc00;

const isContinuation = (byte: number | undefined): boolean => byte !== undefined && (byte & 0xc0) === 0x80;

/** Bytes of the UTF-8 sequence at `at`, 0 when there is none (The Unicode Standard, table 3-7). */
function sequenceLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at] ?? 0;
  const second = bytes[at + 1] ?? 0;
  if (first < 0x80) return 1;
  if (first < 0xc2 || first > 0xf4 || !isContinuation(second)) return 0;
  if (first < 0xe0) return 2;
  if (!isContinuation(bytes[at + 2])) return 0;
  if (first < 0xf0) {
    const overlong = first === 0xe0 && second < 0xa0;
    const surrogate = first === 0xed && second > 0x9f;
    return overlong || surrogate ? 0 : 3;
  }
  if (!isContinuation(bytes[at + 3])) return 0;
  const overlong = first === 0xf0 && second < 0x90;
  const tooLarge = first === 0xf4 && second > 0x8f;
  return overlong || tooLarge ? 0 : 4;
}

/** Text of bytes of any kind. */
export function decodeText(bytes: Uint8Array): string {
  const plain = utf8.decode(bytes);
  if (!plain.includes(REPLACEMENT)) return plain;
  let text = '';
  let from = 0;
  for (let at = 0; at < bytes.length; ) {
    const length = sequenceLength(bytes, at);
    if (length === 0) {
      text += utf8.decode(bytes.subarray(from, at)) + String.fromCharCode(ESCAPE + (bytes[at] ?? 0));
      from = at + 1;
    }
    at += Math.max(length, 1);
  }
  return text + utf8.decode(bytes.subarray(from));
}

/** How many bytes `encodeText` gives; without making them for ASCII, which nearly all names are. @throws as it does */
export function encodedLength(text: string): number {
  const length = Buffer.byteLength(text);
  return length === text.length ? length : encodeText(text).length;
}

/**
 * The bytes of a text, as `decodeText` made it or as people write it.
 *
 * @throws RangeError for a lone surrogate that stands for no byte
 */
export function encodeText(text: string): Uint8Array {
  if (text.isWellFormed()) return utf8Encoder.encode(text);
  const bytes: number[] = [];
  for (const character of text) {
    if (character.isWellFormed()) {
      bytes.push(...utf8Encoder.encode(character));
      continue;
    }
    const byte = character.charCodeAt(0) - ESCAPE;
    if (byte < 0x80 || byte > 0xff) {
      throw new RangeError(`${JSON.stringify(text)} holds a lone surrogate that stands for no byte`);
    }
    bytes.push(byte);
  }
  return Uint8Array.from(bytes);
}
