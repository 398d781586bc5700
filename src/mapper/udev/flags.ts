import { UsageError } from '../errors.ts';

/**
 * What udev's rules are told about a change: the high half of `dm_ioctl.event_nr`, which the kernel hands on as
 * `DM_COOKIE` and the rules read by `dmsetup udevflags`. Source: libdevmapper.h, `DM_UDEV_*_FLAG`.
 */
export const DM_UDEV_FLAGS = {
  /** No `/dev/mapper` link by device-mapper's own rules. */
  DISABLE_DM_RULES: 1 << 0,
  /** The rules of the subsystem that the uuid's prefix names (LVM, crypt, mpath) do nothing. */
  DISABLE_SUBSYSTEM_RULES: 1 << 1,
  /** No `/dev/disk` links, so no look for a file system. */
  DISABLE_DISK_RULES: 1 << 2,
  /** All other rules do nothing. */
  DISABLE_OTHER_RULES: 1 << 3,
  /** The links of another device with the same contents win. */
  LOW_PRIORITY: 1 << 4,
  /** The library makes no node where udev did not. */
  DISABLE_LIBRARY_FALLBACK: 1 << 5,
  /** The change was asked for by a library, not by a spurious event: set on every request. */
  PRIMARY_SOURCE: 1 << 6,
  FLAG7: 1 << 7,
  SUBSYSTEM_FLAG0: 1 << 8,
  SUBSYSTEM_FLAG1: 1 << 9,
  SUBSYSTEM_FLAG2: 1 << 10,
  SUBSYSTEM_FLAG3: 1 << 11,
  SUBSYSTEM_FLAG4: 1 << 12,
  SUBSYSTEM_FLAG5: 1 << 13,
  SUBSYSTEM_FLAG6: 1 << 14,
  SUBSYSTEM_FLAG7: 1 << 15,
} as const;

/** For devices that are only a part of something: no rules but those that make `/dev/mapper/NAME`. */
export const PRIVATE_UDEV_FLAGS: number =
  DM_UDEV_FLAGS.DISABLE_SUBSYSTEM_RULES | DM_UDEV_FLAGS.DISABLE_DISK_RULES | DM_UDEV_FLAGS.DISABLE_OTHER_RULES;

/** The high half of a cookie's key: "\rM". */
const MAGIC = 0x0d4d;
const HALF = 0x1_0000;

/** The semaphore's key of a cookie, whose flags, if any, are left out. */
export function keyOfCookie(cookie: number): number {
  return MAGIC * HALF + (cookie % HALF);
}

/** Whether a semaphore's key is a cookie's. */
export function isCookieKey(key: number): boolean {
  return Math.floor(key / HALF) === MAGIC;
}

/** A cookie as `dmsetup udevcreatecookie` writes it. */
export function cookieText(cookie: number): string {
  return `0x${cookie.toString(16).toUpperCase().padStart(8, '0')}`;
}

/** `dm_ioctl.event_nr` of a request: the cookie's low half (0: nobody waits) below the flags. */
export function eventNumber(cookie: number, flags: number): number {
  if (!Number.isInteger(flags) || flags < 0 || flags >= HALF) {
    throw new RangeError(`udev flags are bits of DM_UDEV_FLAGS, 0 to 0xffff, not ${flags}`);
  }
  return (flags | DM_UDEV_FLAGS.PRIMARY_SOURCE) * HALF + (cookie % HALF);
}

/**
 * A cookie in a word, as udev hands it to its rules: decimal, or hexadecimal after `0x`.
 *
 * @throws UsageError for anything else, 0 and what 32 bits do not hold
 */
export function parseCookie(text: string): number {
  const cookie = /^(\d+|0x[0-9a-f]+)$/i.test(text) ? Number(text) : 0;
  if (cookie >= 1 && cookie <= 0xffff_ffff) return cookie;
  throw new UsageError(`"${text}" is no cookie: it is a number from 1 to 0xFFFFFFFF, such as 0x0D4D1234`);
}

/** The names that the rules know the flags of a `DM_COOKIE` by, such as `DM_UDEV_DISABLE_DISK_RULES_FLAG`. */
export function udevFlagNames(cookie: number): string[] {
  const flags = Math.floor(cookie / HALF);
  return Object.entries(DM_UDEV_FLAGS)
    .filter(([, bit]) => (flags & bit) !== 0)
    .map(([name, bit]) => {
      if (bit >= DM_UDEV_FLAGS.SUBSYSTEM_FLAG0) return `DM_${name.replace('_', '_UDEV_')}`;
      return bit === DM_UDEV_FLAGS.FLAG7 ? `DM_UDEV_${name}` : `DM_UDEV_${name}_FLAG`;
    });
}
