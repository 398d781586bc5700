import { closeSync, writeSync } from 'node:fs';
import { ERRNO } from '../kernel/errno.ts';
import { littleEndian } from '../kernel/struct.ts';
import { SystemError } from './errors.ts';
import { bindCall, checked, errno } from './libc.ts';

/** `EFD_NONBLOCK | EFD_CLOEXEC`. */
const FLAGS = 0o4000 | 0o2000000;

/** A descriptor that is readable from `signal()` until `clear()`: wakes a thread that waits for it. Source: eventfd(2). */
export class EventFd implements Disposable {
  readonly fd: number;
  readonly #one = new Uint8Array(8);
  readonly #count = new Uint8Array(8);
  readonly #read = bindCall('read', ['int', 'void *', 'size_t'], 'long');

  /** @param fd one of another thread's, which keeps and closes it; a new one without */
  constructor(fd: number = checked(bindCall('eventfd', ['uint32_t', 'int'])(0, FLAGS), 'eventfd')) {
    this.fd = fd;
    this.#one[littleEndian ? 0 : 7] = 1;
  }

  signal(): void {
    writeSync(this.fd, this.#one);
  }

  clear(): void {
    if (this.#read(this.fd, this.#count, this.#count.length) !== -1) return;
    // Not by readSync(): that it was clear already is no error, and an Error costs as much as ten calls.
    const reason = errno();
    if (reason !== ERRNO.EAGAIN) throw new SystemError('read', reason);
  }

  [Symbol.dispose](): void {
    closeSync(this.fd);
  }
}
