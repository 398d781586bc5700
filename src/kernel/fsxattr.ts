import { struct, u32 } from './struct.ts';

/** `struct fsxattr` up to its padding. Source: include/uapi/linux/fs.h. */
export const Fsxattr = struct('fsxattr', {
  xflags: u32,
  extsize: u32,
  nextents: u32,
  projid: u32,
  cowextsize: u32,
  pad0: u32,
  pad1: u32,
});

/** `FS_IOC_FSGETXATTR`: `_IOR('X', 31, struct fsxattr)`. */
export const FS_IOC_FSGETXATTR = 0x801c581f;

/** `FS_XFLAG_REALTIME`: the file's data is on the realtime device of its XFS file system. */
export const FS_XFLAG_REALTIME = 0x1;

/** `FS_XFLAG_PREALLOC`: space was reserved with fallocate(2). */
export const FS_XFLAG_PREALLOC = 0x2;
