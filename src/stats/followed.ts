/**
 * What dmfilemapd keeps in a group's tag of the file that it follows, for the one that comes after it was killed: there it
 * lives as long as the group, and goes with it from device to device.
 */
import type { DeviceNumber } from '../kernel/dm-ioctl.ts';
import { numberIn, refText } from '../mapper/device-ref.ts';

/** Space that a daemon has reserved past a file's end, or was about to. */
export interface Reserved {
  /** The device of the file's file system (`st_dev`): with `inode` it tells the file from all others. */
  readonly home: DeviceNumber;
  readonly inode: bigint;
  /** Where what others had reserved before ends; bytes. */
  readonly foreignEnd: bigint;
}

/** What a group's tag says of the file. */
export interface FollowedData {
  /** The mark of the path that is followed; absent when the file cannot go to another device. */
  readonly pathMark?: string;
  /** Absent when nothing is. */
  readonly reserved?: Reserved;
}

const PATH = /\|path=([0-9a-f]{16})$/;
const RESERVED = /\|reserved=(\d+:\d+),(\d+),(\d+)$/;

/**
 * A path as a tag can hold it: 64 bits by FNV-1a. Paths are too long for a line that lvm2's tools shall read.
 */
export function pathMark(path: string): string {
  let hash = 0xcbf29ce484222325n;
  for (const byte of new TextEncoder().encode(path)) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return hash.toString(16).padStart(16, '0');
}

/** User data with what is kept of the file behind it. */
export function joinFollowed(userData: string, { pathMark: mark, reserved }: FollowedData): string {
  const path = mark === undefined ? '' : `|path=${mark}`;
  if (reserved === undefined) return `${userData}${path}`;
  const { home, inode, foreignEnd } = reserved;
  return `${userData}${path}|reserved=${refText(home)},${inode},${foreignEnd}`;
}

/** Takes apart what `joinFollowed` joined. Text that only looks like it stays user data. */
export function splitFollowed(text: string): FollowedData & { readonly userData: string } {
  const [whole = '', device = '', inode = '', foreignEnd = ''] = RESERVED.exec(text) ?? [];
  const home = numberIn(device);
  const rest = text.slice(0, text.length - whole.length);
  const path = PATH.exec(rest);
  return {
    userData: rest.slice(0, path?.index),
    ...(path?.[1] !== undefined && { pathMark: path[1] }),
    ...(home !== undefined && { reserved: { home, inode: BigInt(inode), foreignEnd: BigInt(foreignEnd) } }),
  };
}
