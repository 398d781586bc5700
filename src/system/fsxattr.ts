import { FS_IOC_FSGETXATTR, FS_XFLAG_PREALLOC, FS_XFLAG_REALTIME, Fsxattr } from '../kernel/fsxattr.ts';
import { ioctl } from './libc.ts';

function xflags(fd: number): number {
  const buffer = new Uint8Array(Fsxattr.size);
  ioctl(fd, FS_IOC_FSGETXATTR, buffer, 'FS_IOC_FSGETXATTR');
  return Fsxattr.at(buffer).xflags;
}

/**
 * Whether an open file's data is on the realtime device of its XFS file system.
 *
 * @throws SystemError ENOTTY on a file system that has no such attributes
 */
export function isOnRealtimeDevice(fd: number): boolean {
  return (xflags(fd) & FS_XFLAG_REALTIME) !== 0;
}

/**
 * Whether space was reserved for an open file of an XFS file system: without that, what lies past its end is the file
 * system's own speculation, which it takes back.
 *
 * @throws SystemError ENOTTY on a file system that has no such attributes
 */
export function isPreallocated(fd: number): boolean {
  return (xflags(fd) & FS_XFLAG_PREALLOC) !== 0;
}
