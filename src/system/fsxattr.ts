import { FS_IOC_FSGETXATTR, FS_XFLAG_REALTIME, Fsxattr } from '../kernel/fsxattr.ts';
import { ioctl } from './libc.ts';

/**
 * Whether an open file's data is on the realtime device of its XFS file system.
 *
 * @throws SystemError ENOTTY on a file system that has no such attributes
 */
export function isOnRealtimeDevice(fd: number): boolean {
  const buffer = new Uint8Array(Fsxattr.size);
  ioctl(fd, FS_IOC_FSGETXATTR, buffer, 'FS_IOC_FSGETXATTR');
  return (Fsxattr.at(buffer).xflags & FS_XFLAG_REALTIME) !== 0;
}
