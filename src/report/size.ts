import { UsageError } from '../mapper/errors.ts';
import { SECTOR_BYTES } from '../mapper/units.ts';
import { twoDecimals } from './number.ts';

const SECTOR = Number(SECTOR_BYTES);
const PREFIXES = 'kmgtpe';

/** Units in which sizes are shown: `scale` names people's units (a power of 1024 or 1000), else bytes a unit. */
export type Units =
  | { readonly kind: 'human'; readonly base: 1024 | 1000 }
  | { readonly kind: 'fixed'; readonly bytes: number; readonly decimals: 0 | 2 };

/** Bytes in the unit that a letter names: lower case for powers of 1024, upper case for powers of 1000. */
export function unitBytes(letter: string): bigint | undefined {
  if (letter === 'b' || letter === 'B') return 1n;
  if (letter === 's' || letter === 'S') return SECTOR_BYTES;
  const power = PREFIXES.indexOf(letter.toLowerCase());
  if (letter.length !== 1 || power < 0) return undefined;
  return (letter === letter.toLowerCase() ? 1024n : 1000n) ** BigInt(power + 1);
}

/**
 * Reads `--units`: one of h H b B s S k K m M g G t T p P e E, or a number and one of them.
 *
 * @throws UsageError for anything else
 */
export function parseUnits(text: string): Units {
  if (text === 'h' || text === 'H') return { kind: 'human', base: text === 'h' ? 1024 : 1000 };
  const match = /^(\d+(?:\.\d+)?)?([a-zA-Z])$/.exec(text);
  const unit = match === null ? undefined : unitBytes(match[2] as string);
  const count = Number(match?.[1] ?? 1);
  if (match === null || unit === undefined || !(count * Number(unit) >= 1)) {
    throw new UsageError(
      `Invalid --units argument "${text}": h or H for people, or one of b s k m g t p e (1024) or K M G T P E (1000), ` +
        'with or without a number before it such as 4k',
    );
  }
  // A number of units is a unit of its own to libdevmapper, with decimals even when it is one of bytes or sectors.
  const isWhole = count === 1 && /^[bs]$/i.test(match[2] as string);
  return { kind: 'fixed', bytes: Math.floor(count * Number(unit)), decimals: isWhole ? 0 : 2 };
}

/** A size as libdevmapper's reports write it; only people's units have a suffix. 0 is always `0`. */
export function sizeText(sectors: bigint | number, units: Units): string {
  const bytes = typeof sectors === 'number' ? sectors * SECTOR : Number(sectors * SECTOR_BYTES);
  if (bytes === 0) return '0';
  if (units.kind === 'fixed') {
    const value = bytes / units.bytes;
    return units.decimals === 2 ? twoDecimals(value) : value.toFixed(0);
  }
  let power = 0;
  let unit = 1;
  for (; power < PREFIXES.length && bytes >= unit * units.base; power++) unit *= units.base;
  const letter = power === 0 ? 'b' : (PREFIXES[power - 1] as string);
  return `${twoDecimals(bytes / unit)}${units.base === 1024 ? letter : letter.toUpperCase()}`;
}
