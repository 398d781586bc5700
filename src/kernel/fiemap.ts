import { struct, u32, u64 } from './struct.ts';

/** `struct fiemap` without its extents. Source: include/uapi/linux/fiemap.h. */
export const Fiemap = struct('fiemap', {
  start: u64,
  length: u64,
  flags: u32,
  mappedExtents: u32,
  extentCount: u32,
  reserved: u32,
});

/** `struct fiemap_extent`; all positions and lengths in bytes. */
export const FiemapExtent = struct('fiemap_extent', {
  logical: u64,
  physical: u64,
  length: u64,
  reserved0: u64,
  reserved1: u64,
  flags: u32,
  reserved2: u32,
  reserved3: u32,
  reserved4: u32,
});

/** `FS_IOC_FIEMAP`: `_IOWR('f', 11, struct fiemap)`. */
export const FS_IOC_FIEMAP = 0xc020660b;

/** `FIEMAP_FLAG_SYNC`: write the file back before mapping it. */
export const FIEMAP_FLAG_SYNC = 1;

/** Bits of `fiemap_extent.fe_flags`. */
export const FIEMAP_EXTENT = {
  LAST: 0x1,
  UNKNOWN: 0x2,
  DELALLOC: 0x4,
  ENCODED: 0x8,
  DATA_ENCRYPTED: 0x80,
  NOT_ALIGNED: 0x100,
  DATA_INLINE: 0x200,
  DATA_TAIL: 0x400,
  UNWRITTEN: 0x800,
  MERGED: 0x1000,
  SHARED: 0x2000,
} as const;
