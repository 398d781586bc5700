import { closeSync, readSync, writeSync } from 'node:fs';
import { littleEndian } from '../kernel/struct.ts';
import { hasCode } from './errors.ts';
import { bindCall, checked } from './libc.ts';

/** `EFD_NONBLOCK | EFD_CLOEXEC`. */
const FLAGS = 0o4000 | 0o2000000;

/** A descriptor that is readable from `signal()` until `clear()`: wakes a thread that waits for it. Source: eventfd(2). */
export class EventFd implements Disposable {
  readonly fd: number;
  readonly #one = new Uint8Array(8);
  readonly #count = new Uint8Array(8);

  /** @param fd one of another thread's, which keeps and closes it; a new one without */
  constructor(fd: number = checked(bindCall('eventfd', ['uint32_t', 'int'])(0, FLAGS), 'eventfd')) {
    this.fd = fd;
    this.#one[littleEndian ? 0 : 7] = 1;
  }

  signal(): void {
    writeSync(this.fd, this.#one);
  }

  clear(): void {
    try {
      readSync(this.fd, this.#count);
    } catch (error) {
      if (!hasCode(error, 'EAGAIN')) throw error;
    }
  }

  [Symbol.dispose](): void {
    closeSync(this.fd);
  }
}
