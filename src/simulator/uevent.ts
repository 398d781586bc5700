import type { DeviceNumber } from '../kernel/dm-ioctl.ts';
import { deviceText } from './block-device.ts';

/** A message of the kernel to udev, as it goes out by netlink; what numbers every message (SEQNUM) is left out. */
export interface Uevent {
  readonly action: 'add' | 'change' | 'remove';
  readonly subsystem: 'block' | 'bdi';
  /** The last part of its path in sysfs: `dm-0`, or `254:0` for the disk's write-back. */
  readonly device: string;
  /** The variables as they are sent, in their order. */
  readonly keys: Readonly<Record<string, string>>;
}

/** What device-mapper adds to a change. */
export interface UeventWords {
  readonly DM_COOKIE?: string;
  readonly RESIZE?: '1';
  readonly DISK_RO?: '0' | '1';
}

/** A uevent of a device's disk. */
export function diskUevent(action: Uevent['action'], number: DeviceNumber, words: UeventWords = {}): Uevent {
  const device = `dm-${number.minor}`;
  const keys = {
    ACTION: action,
    SUBSYSTEM: 'block',
    ...words,
    MAJOR: String(number.major),
    MINOR: String(number.minor),
    DEVNAME: device,
    DEVTYPE: 'disk',
  };
  return { action, subsystem: 'block', device, keys };
}

/** A uevent of a disk's write-back. */
export function writeBackUevent(action: 'add' | 'remove', number: DeviceNumber): Uevent {
  return { action, subsystem: 'bdi', device: deviceText(number), keys: { ACTION: action, SUBSYSTEM: 'bdi' } };
}

/** The variable of a cookie; the cookie 0 is none. */
export function cookieWords(cookie: number): UeventWords {
  return cookie === 0 ? {} : { DM_COOKIE: String(cookie) };
}
