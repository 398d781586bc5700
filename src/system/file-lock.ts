import { ERRNO } from '../kernel/errno.ts';
import { SystemError } from './errors.ts';
import { bindCall, errno } from './libc.ts';

/** `LOCK_EX | LOCK_NB`. */
const EXCLUSIVE_AT_ONCE = 2 | 4;

/**
 * Locks an open file for as long as the descriptor lives; the kernel ends the lock with the process. Source: flock(2).
 *
 * @returns false when another process has it
 */
export function lockFile(fd: number): boolean {
  if (bindCall('flock', ['int', 'int'])(fd, EXCLUSIVE_AT_ONCE) === 0) return true;
  const reason = errno();
  if (reason === ERRNO.EAGAIN) return false;
  throw new SystemError('flock', reason);
}
