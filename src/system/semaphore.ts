import { readFileSync } from 'node:fs';
import { IPC, SEMCTL, SemBuf } from '../kernel/sem.ts';
import { hasCode } from './errors.ts';
import { semctl, semget, semop } from './libc.ts';

/**
 * System V semaphores, sets of one, as udev and libdevmapper wake each other with. They live in the kernel until
 * somebody removes them, whoever made them. No call here waits. Source: semget(2), semctl(2), semop(2).
 */
export interface Semaphores {
  /** Makes one for its owner only (mode 0600). @throws SystemError EEXIST the key is taken, ENOSPC there are no more */
  create(key: number, value: number): number;
  /** The number of the one with this key; undefined when there is none. */
  find(key: number): number | undefined;
  /** Its value; undefined when it has been removed. */
  value(id: number): number | undefined;
  /** Adds, or takes away; false when it has been removed. @throws SystemError EAGAIN its value would fall below 0 */
  add(id: number, amount: number): boolean;
  /** Removes it; false when somebody has. */
  remove(id: number): boolean;
  /** The text of `/proc/sysvipc/sem`: all semaphores of this IPC name space. */
  table(): string;
}

const MODE = 0o600;

/** What a call answers, or undefined when the semaphore is gone: its number is not known (EINVAL) or was removed. */
function unlessGone<T>(call: () => T): T | undefined {
  try {
    return call();
  } catch (error) {
    if (hasCode(error, 'EINVAL', 'EIDRM')) return undefined;
    throw error;
  }
}

/** This machine's semaphores. */
export const systemSemaphores: Semaphores = {
  create(key, value) {
    const id = semget(key, 1, IPC.CREAT | IPC.EXCL | MODE);
    try {
      semctl(id, 0, SEMCTL.SETVAL, value, 'SETVAL');
    } catch (error) {
      this.remove(id);
      throw error;
    }
    return id;
  },
  find(key) {
    try {
      return semget(key, 1, 0);
    } catch (error) {
      if (hasCode(error, 'ENOENT')) return undefined;
      throw error;
    }
  },
  value: (id) => unlessGone(() => semctl(id, 0, SEMCTL.GETVAL, 0, 'GETVAL')),
  add(id, amount) {
    const operation = new Uint8Array(SemBuf.size);
    const fields = SemBuf.at(operation);
    fields.op = amount;
    fields.flags = IPC.NOWAIT;
    return unlessGone(() => semop(id, operation, 1)) !== undefined;
  },
  remove: (id) => unlessGone(() => semctl(id, 0, SEMCTL.IPC_RMID, 0, 'IPC_RMID')) !== undefined,
  table: () => readFileSync('/proc/sysvipc/sem', 'utf8'),
};
