import { hasCode } from './errors.ts';
import { fcntl } from './libc.ts';

const F_SETLEASE = 1024;
const F_WRLCK = 1;
const F_UNLCK = 2;

/**
 * Whether this descriptor is the only open description of its file on the machine: the kernel grants a write lease
 * only then (fs/locks.c, `check_conflicting_open`), whatever name space, chroot or name the other holder uses, and a
 * mapping without a descriptor counts as a holder too. The lease is given back at once.
 *
 * The descriptor must not be shared by `dup` or `fork` with a process whose hold should count.
 */
export function isSoleHolder(fd: number): boolean {
  try {
    fcntl(fd, F_SETLEASE, F_WRLCK, 'F_SETLEASE');
  } catch (error) {
    // EAGAIN: others hold it. Anything else means that it cannot be known: assume holders, never leave early.
    if (hasCode(error, 'EAGAIN', 'EINVAL', 'EACCES', 'ENOLCK', 'EOPNOTSUPP')) return false;
    throw error;
  }
  fcntl(fd, F_SETLEASE, F_UNLCK, 'F_SETLEASE');
  return true;
}
