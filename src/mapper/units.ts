declare const unit: unique symbol;

/** A number of 512-byte sectors, 0 to 2^64-1. */
export type Sectors = bigint & { readonly [unit]: 'sectors' };
/** A number of bytes, 0 to 2^64-1. */
export type Bytes = bigint & { readonly [unit]: 'bytes' };
/** A number of nanoseconds, 0 to 2^64-1. */
export type Nanoseconds = bigint & { readonly [unit]: 'nanoseconds' };

/** Bytes in a sector, whatever the device's block size (include/linux/blk_types.h, `SECTOR_SIZE`). */
export const SECTOR_BYTES = 512n;

const LIMIT = 2n ** 64n;

function checked(value: bigint | number, what: string): bigint {
  if (typeof value === 'number' && !Number.isSafeInteger(value)) {
    throw new RangeError(`${value} is not a whole number of ${what} that JavaScript holds exactly: pass a bigint`);
  }
  const big = BigInt(value);
  if (big < 0n || big >= LIMIT) throw new RangeError(`${big} ${what} are outside 0 to 2^64-1`);
  return big;
}

/** Sectors from a number; RangeError when negative, fractional or beyond 64 bits. */
export function sectors(value: bigint | number): Sectors {
  return checked(value, 'sectors') as Sectors;
}

/** Bytes from a number; RangeError when negative, fractional or beyond 64 bits. */
export function bytes(value: bigint | number): Bytes {
  return checked(value, 'bytes') as Bytes;
}

/** Nanoseconds from a number; RangeError when negative, fractional or beyond 64 bits. */
export function nanoseconds(value: bigint | number): Nanoseconds {
  return checked(value, 'nanoseconds') as Nanoseconds;
}

/** Sectors as bytes; RangeError beyond 64 bits. */
export function toBytes(value: Sectors): Bytes {
  return bytes(value * SECTOR_BYTES);
}

/** Whole sectors that a number of bytes fills, rounded down. */
export function toSectors(value: Bytes): Sectors {
  return sectors(value / SECTOR_BYTES);
}
