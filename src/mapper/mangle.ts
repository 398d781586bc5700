import { decodeText, encodeText } from '../kernel/byte-text.ts';
import { UsageError } from './errors.ts';

/**
 * How libdevmapper writes a name or a uuid that holds characters which udev cannot: `none` as it is; `hex` each such
 * byte as `\xNN`; `auto` the same, but what is mangled already stays.
 */
export type ManglingMode = 'none' | 'auto' | 'hex';

/** The bytes that stay: those that udev takes in the name of a node. */
const KEPT = new Set(Buffer.from('0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#+-.:=@_'));
const BACKSLASH = 0x5c;
const MANGLED = /\\x[0-9a-fA-F]{2}/g;

/**
 * A name or uuid as libdevmapper gives it to the kernel, and as it stands in `/dev/mapper` (dmsetup(8), `--manglename`).
 *
 * @throws UsageError in `auto`, for a text in which some characters are mangled and others should be
 */
export function mangle(text: string, mode: ManglingMode): string {
  if (mode === 'none') return text;
  if (mode === 'auto' && text.search(MANGLED) >= 0) {
    if (encodeText(text.replace(MANGLED, '')).every((byte) => KEPT.has(byte))) return text;
    throw new UsageError(
      `${JSON.stringify(text)} is mangled in part: write all of its special characters as \\xNN, or none`,
    );
  }
  return escaped(text);
}

function escaped(text: string): string {
  let mangled = '';
  for (const byte of encodeText(text)) {
    mangled += KEPT.has(byte) ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`;
  }
  return mangled;
}

/**
 * The name or uuid that was mangled. In mode `none` the text comes back as it is.
 *
 * @throws UsageError for a byte that a mangled text cannot hold, and for `\x00`
 */
export function unmangle(text: string, mode: ManglingMode): string {
  if (mode === 'none') return text;
  const source = encodeText(text);
  const foreign = source.find((byte) => !KEPT.has(byte) && byte !== BACKSLASH);
  if (foreign !== undefined) {
    const shown = JSON.stringify(foreign < 0x80 ? String.fromCharCode(foreign) : `\\x${foreign.toString(16)}`);
    throw new UsageError(`${JSON.stringify(text)} is not mangled: it holds ${shown}`);
  }
  // Only ASCII is left: a character is a byte.
  const plain = text.replace(MANGLED, (code) => String.fromCharCode(Number.parseInt(code.slice(2), 16)));
  if (plain.includes('\0')) throw new UsageError(`${JSON.stringify(text)} holds \\x00: no name has a NUL byte`);
  return decodeText(Buffer.from(plain, 'latin1'));
}

/**
 * A device's name as its node is called. As `mangle` in mode `auto`, but for a name that the kernel has already: nothing
 * is refused, and in one that is mangled in part the rest is mangled too. `DM_DEFAULT_NAME_MANGLING_MODE=none` leaves
 * names alone.
 */
export function mangledName(name: string, { DM_DEFAULT_NAME_MANGLING_MODE: mode }: NodeJS.ProcessEnv = {}): string {
  if (mode === 'none') return name;
  const parts = name.split(/(\\x[0-9a-f]{2})/);
  return parts.map((part, index) => (index % 2 === 0 ? escaped(part) : part)).join('');
}

/** A device's or a node's name as people know it; what is not mangled stays, nothing is refused. */
export function unmangledName(name: string, { DM_DEFAULT_NAME_MANGLING_MODE: mode }: NodeJS.ProcessEnv = {}): string {
  if (mode === 'none') return name;
  return name.replace(/(\\x[0-9a-f]{2})+/gi, (bytes) => decodeText(Buffer.from(bytes.replaceAll('\\x', ''), 'hex')));
}
