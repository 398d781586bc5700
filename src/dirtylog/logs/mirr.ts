/**
 * The kernel's format of a dirty log on disk, version 2 (drivers/md/dm-log.c): a header in the first sector, the bits
 * from byte 1024 on, 1 for a clean region, the lowest region in the lowest bit of the first byte. Little-endian on
 * every machine.
 */

/** `MIRROR_MAGIC`: "MiRr". */
export const MIRR_MAGIC = 0x4d695272;
export const MIRR_VERSION = 2;
/** Bytes before the bits: `LOG_OFFSET` sectors. */
export const MIRR_BITS_AT = 1024;
/** What is written at once: a page, and no more of the log than has changed. */
export const BLOCK_BYTES = 4096;

/** Bytes of a log of so many regions, in whole sectors: as the kernel reads and writes it. */
export function mirrBytes(regions: number, sectorBytes: number): number {
  const bytes = MIRR_BITS_AT + 4 * Math.ceil(regions / 32);
  return Math.ceil(bytes / sectorBytes) * sectorBytes;
}

/** The block that holds a region's bit. */
export function blockOfRegion(region: number): number {
  return Math.floor((MIRR_BITS_AT + (region >>> 3)) / BLOCK_BYTES);
}

/** The first of the 32-bit words of the bits that a block holds; block 0 holds the header too. */
export function firstWordOfBlock(block: number): number {
  return block === 0 ? 0 : (block * BLOCK_BYTES - MIRR_BITS_AT) / 4;
}

/** Byte in a block of its first bits. */
export function bitsAtInBlock(block: number): number {
  return block === 0 ? MIRR_BITS_AT : 0;
}

/** What a header says: a number of regions, `blank` for no header, or a version that only others understand. */
export type MirrHeader = { readonly regions: number } | 'blank' | { readonly version: number };

/** Reads the header. Version 1 is version 2 in the byte order of little-endian machines, on which the kernel takes it too. */
export function readMirrHeader(view: DataView): MirrHeader {
  if (view.getUint32(0, true) !== MIRR_MAGIC) return 'blank';
  const version = view.getUint32(4, true);
  if (version !== 1 && version !== MIRR_VERSION) return { version };
  // More regions than a number holds exactly are more than any log has.
  return { regions: view.getUint32(12, true) * 2 ** 32 + view.getUint32(8, true) };
}

/** Writes the header; the sector's other bytes stay. */
export function writeMirrHeader(view: DataView, regions: number): void {
  view.setUint32(0, MIRR_MAGIC, true);
  view.setUint32(4, MIRR_VERSION, true);
  view.setUint32(8, regions, true);
  view.setUint32(12, 0, true);
}
