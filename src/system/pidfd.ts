import { closeSync } from 'node:fs';
import { SystemError } from './errors.ts';
import { bindCall, errno } from './libc.ts';

// The same on every machine: calls added since 2019 have one number (include/uapi/asm-generic/unistd.h).
const SYS_PIDFD_OPEN = 434;
const SYS_PIDFD_GETFD = 438;

/**
 * Copies a descriptor of another process: what is open there is open here too. Source: pidfd_getfd(2), Linux 5.6.
 *
 * @throws SystemError EPERM when this process may not trace the other, ESRCH, EBADF, ENOSYS
 */
export function copyDescriptor(pid: number, fd: number): number {
  // Variadic as ioctl is, and as fixed here for the same reason.
  const call = bindCall('syscall', ['long', 'long', 'long', 'long'], 'long');
  const pidfd = call(SYS_PIDFD_OPEN, pid, 0, 0);
  if (pidfd === -1) throw new SystemError('pidfd_open', errno());
  try {
    const copy = call(SYS_PIDFD_GETFD, pidfd, fd, 0);
    if (copy === -1) throw new SystemError('pidfd_getfd', errno());
    return copy;
  } finally {
    closeSync(pidfd);
  }
}
