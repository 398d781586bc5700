import { ERRNO } from '../kernel/errno.ts';
import { SystemError } from './errors.ts';
import { bindCall, errno } from './libc.ts';

const PR_SET_IO_FLUSHER = 57;

/**
 * Marks this thread, and the threads that it starts from now on, as part of the way of I/O: the kernel then frees no
 * memory for them by writing to disks, which might wait for this program. Source: prctl(2), Linux 5.6.
 *
 * @returns false where the kernel is older or CAP_SYS_RESOURCE is missing
 */
export function becomeIoFlusher(): boolean {
  const word = 'unsigned long';
  if (bindCall('prctl', ['int', word, word, word, word])(PR_SET_IO_FLUSHER, 1, 0, 0, 0) === 0) return true;
  const reason = errno();
  if (reason === ERRNO.EINVAL || reason === ERRNO.EPERM) return false;
  throw new SystemError('prctl(PR_SET_IO_FLUSHER)', reason);
}
