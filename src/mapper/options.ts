import type { KernelLog } from '../system/kernel-log.ts';
import type { Sectors } from './units.ts';

/** How a `DeviceMapper` calls the kernel. */
export interface DeviceMapperOptions {
  /**
   * Make also the calls that may wait in the kernel on this thread: 3 to 5 times faster each, for programs that have
   * nothing else to do meanwhile.
   */
  readonly blocking?: boolean;
  /** Opens the log in which the kernel says why it refused a table; `DeviceMapper.open` reads `/dev/kmsg`. */
  readonly kernelLog?: () => KernelLog | undefined;
}

/** A call that may wait. A signal keeps it from beginning; the kernel's own waits end when they end. */
export interface WaitOptions {
  readonly signal?: AbortSignal | undefined;
}

/** A call of which the kernel may tell udev. */
export interface UeventOptions {
  /** What the uevent carries as `DM_COOKIE`: 32 bits, 0 for none. */
  readonly cookie?: number;
}

/** How to create a device. */
export interface CreateOptions {
  readonly uuid?: string;
  /** The minor number to have, 0 to 2^20-1; else the lowest that is free. */
  readonly minor?: number;
}

/** How to load a table. */
export interface LoadOptions extends WaitOptions {
  readonly readOnly?: boolean;
  /** There are keys in it: the kernel's copies and this library's are wiped. The strings stay until collected. */
  readonly secure?: boolean;
}

/** How to suspend; for a resume that brings a new table, how to suspend before it. */
export interface SuspendOptions extends WaitOptions {
  /** Do not flush: I/O that waits in a target stays there, or fails if the target says so. */
  readonly noflush?: boolean;
  /** Do not freeze the file system on it. */
  readonly skipLockfs?: boolean;
}

/** Which of a device's tables is meant. */
export interface TableSlot {
  /** The loaded table that waits for a resume, instead of the live one. */
  readonly inactive?: boolean;
}

/** What is to be known of a device's table. */
export interface TableOptions extends TableSlot {
  /** There are keys in it: the kernel's copies and the buffer are wiped. */
  readonly secure?: boolean;
}

/** What is to be known of a device's targets. */
export interface StatusOptions extends TableSlot, WaitOptions {
  /** Do not let thin pools and caches write their metadata first: the figures may be a second old. */
  readonly noflush?: boolean;
}

/** How to remove all devices. */
export interface RemoveAllOptions extends WaitOptions {
  /** Let one that is open go as soon as its last user closes it. */
  readonly deferred?: boolean;
}

/** How to remove a device. */
export interface RemoveOptions extends RemoveAllOptions, UeventOptions {}

/** What a removal came to. */
export interface Removal {
  /** Whether it is still there, until its last user closes it. */
  readonly deferred: boolean;
  /** Whether the kernel sent a uevent: never for a device that had no table. */
  readonly uevent: boolean;
}

/** The geometry that `HDIO_GETGEO` tells of a device. */
export interface Geometry {
  /** 0 to 65535. */
  readonly cylinders: number;
  /** 0 to 255. */
  readonly heads: number;
  /** 0 to 255. */
  readonly sectorsPerTrack: number;
  /** Where the device begins on its disk, at most `cylinders * heads * sectorsPerTrack`. */
  readonly start: Sectors;
}
