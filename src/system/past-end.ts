/** Space that an open file has past its end: reserved, and freed without ever cutting what somebody appends. */
import { closeSync, fstatSync, ftruncateSync } from 'node:fs';
import { holdLease } from './lease.ts';
import { bindCall, checked, fallocate } from './libc.ts';

// Source: fanotify_init(2), fanotify_mark(2), include/uapi/linux/fanotify.h; falloc.h.
const FAN_CLOEXEC = 1;
const FAN_CLASS_CONTENT = 4;
const FAN_MARK_ADD = 1;
const FAN_OPEN_PERM = 0x10000n;
const AT_FDCWD = -100;
const FALLOC_FL_KEEP_SIZE = 1;

/**
 * Reserves bytes behind the end that the file has now; its size stays. What is written meanwhile is not touched.
 *
 * @param fd open for writing
 * @throws SystemError ENOSPC, EOPNOTSUPP where the file system cannot, EFBIG
 */
export async function reservePastEnd(fd: number, bytes: bigint): Promise<void> {
  await fallocate(fd, FALLOC_FL_KEEP_SIZE, fstatSync(fd, { bigint: true }).size, bytes);
}

/** Has everybody wait who opens the file of a descriptor, however long it takes. */
function keepOthersWaiting(fd: number): Disposable {
  const group = checked(
    bindCall('fanotify_init', ['uint32_t', 'uint32_t'])(FAN_CLASS_CONTENT | FAN_CLOEXEC, 0),
    'fanotify_init',
  );
  // The kernel answers all who wait when the group is closed, also when this process is killed.
  const waiting = { [Symbol.dispose]: () => closeSync(group) };
  try {
    const mark = bindCall('fanotify_mark', ['int', 'uint32_t', 'uint64_t', 'int', 'str']);
    checked(mark(group, FAN_MARK_ADD, FAN_OPEN_PERM, AT_FDCWD, `/proc/self/fd/${fd}`), 'fanotify_mark');
    return waiting;
  } catch (error) {
    waiting[Symbol.dispose]();
    throw error;
  }
}

/**
 * Frees what the file has past its end, if nobody else has it open: no call of the kernel frees just that, and to
 * truncate a file to its size cuts what was appended since the size was read. So others are kept from opening it: by a
 * fanotify mark, since it lasts as long as it takes (a device may hang, this process may be stopped), and by a lease,
 * which ends after 45 s (`fs.lease-break-time`) but also stops truncate(2) and overlays. Only when both are in place and
 * the lease says that no other description of the file exists, the size is read.
 *
 * @param fd open for reading and writing, and the only description of the file that this process has
 * @param keepTo up to this byte everything stays
 * @returns false when it could not be: others have the file open
 * @throws SystemError where the kernel has no fanotify permissions; Node's errors
 */
export async function freePastEnd(fd: number, keepTo: bigint): Promise<boolean> {
  const size = cutPastEnd(fd);
  if (size !== undefined && keepTo > size) await fallocate(fd, FALLOC_FL_KEEP_SIZE, size, keepTo - size);
  return size !== undefined;
}

/** Without a turn of the event loop: this thread must not come to open the file while openers wait. */
function cutPastEnd(fd: number): bigint | undefined {
  using _waiting = keepOthersWaiting(fd);
  using lease = holdLease(fd);
  if (lease === undefined) return undefined;
  const { size } = fstatSync(fd, { bigint: true });
  ftruncateSync(fd, Number(size));
  return size;
}
