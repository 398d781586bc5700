import { hasCode } from './errors.ts';
import { fcntl } from './libc.ts';

const F_SETSIG = 10;
const F_SETLEASE = 1024;
const F_WRLCK = 1;
const F_UNLCK = 2;
/** Ignored unless somebody wants it; the default would end this process when somebody opens the file meanwhile. */
const SIGURG = 23;

/**
 * Takes a write lease, until it is disposed of: the kernel grants one only when this descriptor is the only open
 * description of its file on the machine (fs/locks.c, `check_conflicting_open`), whatever name space, chroot or name the
 * other holder uses, and a mapping without a descriptor counts as a holder too. Who opens or truncates the file then
 * waits, for `fs.lease-break-time` at most.
 *
 * The descriptor must not be shared by `dup` or `fork` with a process whose hold should count.
 *
 * @returns undefined when others hold the file, or when that cannot be known
 */
export function holdLease(fd: number): Disposable | undefined {
  try {
    fcntl(fd, F_SETSIG, SIGURG, 'F_SETSIG');
    fcntl(fd, F_SETLEASE, F_WRLCK, 'F_SETLEASE');
  } catch (error) {
    // EAGAIN: others hold it. Anything else means that it cannot be known: assume holders.
    if (hasCode(error, 'EAGAIN', 'EINVAL', 'EACCES', 'ENOLCK', 'EOPNOTSUPP')) return undefined;
    throw error;
  }
  return {
    [Symbol.dispose]() {
      try {
        fcntl(fd, F_SETLEASE, F_UNLCK, 'F_SETLEASE');
      } catch (error) {
        // EAGAIN: somebody has waited for so long that the kernel has taken it.
        if (!hasCode(error, 'EAGAIN')) throw error;
      }
    },
  };
}

/** Whether this descriptor is the only open description of its file on the machine; see `holdLease`. */
export function isSoleHolder(fd: number): boolean {
  using lease = holdLease(fd);
  return lease !== undefined;
}
