import { UsageError } from './errors.ts';

declare const unit: unique symbol;

/** A number of 512-byte sectors, 0 to 2^64-1. */
export type Sectors = bigint & { readonly [unit]: 'sectors' };
/** A number of bytes, 0 to 2^64-1. */
export type Bytes = bigint & { readonly [unit]: 'bytes' };
/** A number of a thin pool's or a cache's data blocks, 0 to 2^64-1; their size is each pool's own. */
export type DataBlocks = bigint & { readonly [unit]: 'data blocks' };
/** A number of a thin pool's or a cache's metadata blocks of 4096 bytes, 0 to 2^64-1. */
export type MetaBlocks = bigint & { readonly [unit]: 'metadata blocks' };
/** A number of nanoseconds, 0 to 2^64-1. */
export type Nanoseconds = bigint & { readonly [unit]: 'nanoseconds' };

/** Bytes in a sector, whatever the device's block size (include/linux/blk_types.h, `SECTOR_SIZE`). */
export const SECTOR_BYTES = 512n;

/** Sectors in a metadata block (drivers/md/persistent-data, blocks of 4096 bytes). */
export const META_BLOCK_SECTORS = 8n;

/** Bytes in the binary units (IEC 80000-13). */
export const IEC = {
  KiB: 2n ** 10n,
  MiB: 2n ** 20n,
  GiB: 2n ** 30n,
  TiB: 2n ** 40n,
  PiB: 2n ** 50n,
  EiB: 2n ** 60n,
} as const;

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

/** Data blocks from a number; RangeError when negative, fractional or beyond 64 bits. */
export function dataBlocks(value: bigint | number): DataBlocks {
  return checked(value, 'data blocks') as DataBlocks;
}

/** Metadata blocks from a number; RangeError when negative, fractional or beyond 64 bits. */
export function metaBlocks(value: bigint | number): MetaBlocks {
  return checked(value, 'metadata blocks') as MetaBlocks;
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

/** Data blocks of `blockSize` as sectors; RangeError beyond 64 bits and for blocks without size. */
export function dataBlocksToSectors(value: DataBlocks, blockSize: Sectors): Sectors {
  return sectors(value * sized(blockSize));
}

/** Whole data blocks of `blockSize` that a number of sectors fills, rounded down; RangeError for blocks without size. */
export function sectorsToDataBlocks(value: Sectors, blockSize: Sectors): DataBlocks {
  return dataBlocks(value / sized(blockSize));
}

function sized(blockSize: Sectors): Sectors {
  if (blockSize === 0n) throw new RangeError('a data block has at least one sector');
  return blockSize;
}

/** Metadata blocks as sectors; RangeError beyond 64 bits. */
export function metaBlocksToSectors(value: MetaBlocks): Sectors {
  return sectors(value * META_BLOCK_SECTORS);
}

/** Whole metadata blocks that a number of sectors fills, rounded down. */
export function sectorsToMetaBlocks(value: Sectors): MetaBlocks {
  return metaBlocks(value / META_BLOCK_SECTORS);
}

const UNITS: ReadonlyMap<string, bigint> = new Map([...Object.entries(IEC), ['s', SECTOR_BYTES], ['B', 1n]]);

/**
 * Reads a size: a whole number and its unit, `B`, `s` (sectors of 512 bytes) or `KiB` to `EiB`, with or without a blank
 * between: `10 GiB`, `2048s`. There is no unit by default, and no fraction: a size is exact.
 *
 * @throws UsageError for anything else, and beyond 2^64-1 bytes
 */
export function parseSize(text: string): Bytes {
  const [, digits = '', word = ''] = /^\s*(\d+)\s*([A-Za-z]+)\s*$/.exec(text) ?? [];
  const size = UNITS.get(word);
  if (digits === '' || size === undefined) {
    throw new UsageError(
      `${JSON.stringify(text)} is no size: it takes a whole number and one of ${[...UNITS.keys()].join(', ')}`,
    );
  }
  const value = BigInt(digits) * size;
  if (value >= LIMIT) throw new UsageError(`${JSON.stringify(text)} is more than 2^64-1 bytes`);
  return bytes(value);
}

/** A size in the largest binary unit of which it is a whole number: `1536 MiB`, `512 B`. `parseSize` reads it back. */
export function formatSize(value: Bytes): string {
  for (const [word, size] of Object.entries(IEC).reverse()) {
    if (value >= size && value % size === 0n) return `${value / size} ${word}`;
  }
  return `${value} B`;
}
