import { type Sectors, sectors } from '../mapper/units.ts';
import { label, type Part } from './part.ts';

/** Which numbers a word may be. */
export interface NumberRange {
  readonly min?: bigint | number;
  readonly max?: bigint | number;
  readonly multipleOf?: number;
  readonly powerOfTwo?: boolean;
  /** What it counts, such as `seconds`. */
  readonly unit?: string;
  /**
   * How the kernel reads it. `sscanf` (the default) wraps what is too large without a word; `kstrto` refuses it and
   * takes a `+` in front.
   */
  readonly scan?: 'sscanf' | 'kstrto';
}

interface Kind {
  readonly bits: 32 | 64;
  readonly signed: boolean;
}

/** A word that is a number, with the kernel's two ways of reading it. */
function numberPart<T extends bigint | number>(
  about: string,
  kind: Kind,
  range: NumberRange,
  make: (value: bigint) => T,
): Part<T> {
  const least = kind.signed ? -(2n ** BigInt(kind.bits - 1)) : 0n;
  const limit = 2n ** BigInt(kind.signed ? kind.bits - 1 : kind.bits);
  const pattern = new RegExp(`^${kind.signed ? '-?' : ''}${range.scan === 'kstrto' ? '\\+?' : ''}\\d+$`);
  const kernelTakes = (value: bigint): bigint =>
    kind.signed ? BigInt.asIntN(kind.bits, value) : BigInt.asUintN(kind.bits, value);
  const rangeText = describe(range, kind);
  const fits = (value: bigint): boolean =>
    value >= BigInt(range.min ?? least) &&
    value <= BigInt(range.max ?? limit - 1n) &&
    (range.multipleOf === undefined || value % BigInt(range.multipleOf) === 0n) &&
    (range.powerOfTwo !== true || (value > 0n && (value & (value - 1n)) === 0n));
  return {
    form: (name) => `<${name}>`,
    help: (name) => [{ name, text: `${about}: ${rangeText}` }],
    read(reader, name) {
      const column = reader.column;
      const word = reader.take(label(name));
      if (word === undefined) return undefined;
      const wanted = `${label(name)} must be ${rangeText}, not ${JSON.stringify(word.text)}`;
      if (!pattern.test(word.text)) {
        reader.refuse(wanted, { column, unreadable: true });
        return undefined;
      }
      const value = BigInt(word.text.replace('+', ''));
      if (value < least || value >= limit) {
        const wrapped = range.scan !== 'kstrto' && fits(kernelTakes(value));
        const message = wrapped ? `${wanted}, which the kernel would take as ${kernelTakes(value)}` : wanted;
        reader.refuse(message, { column, unreadable: true, ...(wrapped ? { errno: undefined } : {}) });
        return range.scan === 'kstrto' ? undefined : make(kernelTakes(value));
      }
      if (!fits(value)) reader.refuse(wanted, { column });
      return make(value);
    },
    print(value, name) {
      const whole = typeof value === 'bigint' || Number.isSafeInteger(value);
      if (!whole || BigInt(value) < least || BigInt(value) >= limit) {
        throw new RangeError(`${label(name)} must be ${rangeText}, not ${value}`);
      }
      return [String(value)];
    },
  };
}

function describe({ min, max, multipleOf, powerOfTwo, unit }: NumberRange, { bits, signed }: Kind): string {
  const what = powerOfTwo ? 'a power of two' : multipleOf === undefined ? 'a number' : `a multiple of ${multipleOf}`;
  const least = signed ? `-2^${bits - 1}` : '0';
  const most = `2^${signed ? bits - 1 : bits}-1`;
  return `${what} from ${min ?? least} to ${max ?? most}${unit === undefined ? '' : ` ${unit}`}`;
}

/** A number of 32 bits. */
export function u32(about: string, range: NumberRange = {}): Part<number> {
  return numberPart(about, { bits: 32, signed: false }, range, Number);
}

/** A number of 32 bits that may be negative. */
export function i32(about: string, range: NumberRange = {}): Part<number> {
  return numberPart(about, { bits: 32, signed: true }, range, Number);
}

/** A number of 64 bits. */
export function u64(about: string, range: NumberRange = {}): Part<bigint> {
  return numberPart(about, { bits: 64, signed: false }, range, (value) => value);
}

/** A number of 512-byte sectors. */
export function sectorCount(about: string, range: NumberRange = {}): Part<Sectors> {
  return numberPart(about, { bits: 64, signed: false }, { unit: 'sectors', ...range }, sectors);
}
