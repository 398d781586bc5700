import { i32, struct, u32 } from './struct.ts';

/** The fixed part of `struct inotify_event`; `length` bytes of name follow. Source: include/uapi/linux/inotify.h. */
export const InotifyEvent = struct('inotify_event', { watch: i32, mask: u32, cookie: u32, length: u32 });

/** Bits of `inotify_event.mask` and of a watch's mask. */
export const IN = {
  ACCESS: 0x1,
  MODIFY: 0x2,
  ATTRIB: 0x4,
  CLOSE_WRITE: 0x8,
  CLOSE_NOWRITE: 0x10,
  OPEN: 0x20,
  MOVED_FROM: 0x40,
  MOVED_TO: 0x80,
  CREATE: 0x100,
  DELETE: 0x200,
  DELETE_SELF: 0x400,
  MOVE_SELF: 0x800,
  UNMOUNT: 0x2000,
  Q_OVERFLOW: 0x4000,
  IGNORED: 0x8000,
  MASK_ADD: 0x20000000,
} as const;

/** Flags of `inotify_init1`: `O_NONBLOCK | O_CLOEXEC`. */
export const INOTIFY_INIT_FLAGS = 0o4000 | 0o2000000;
