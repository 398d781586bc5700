import { ERRNO } from '../kernel/errno.ts';
import { POLLIN, PollFd } from '../kernel/netlink.ts';
import { SystemError } from './errors.ts';
import { bindCall, errno } from './libc.ts';

/** Place of `revents` among the 16-bit words of an entry. */
const RESULT_AT = PollFd.offsets.revents / 2;

/** Blocks this thread until a descriptor is readable: for workers only. Source: poll(2). */
export class Poll {
  readonly #bytes: Uint8Array;
  readonly #results: Int16Array;
  readonly #count: number;
  readonly #poll = bindCall('poll', ['void *', 'unsigned long', 'int']);

  constructor(fds: readonly number[]) {
    this.#count = fds.length;
    this.#bytes = new Uint8Array(fds.length * PollFd.size);
    this.#results = new Int16Array(this.#bytes.buffer);
    for (const [index, fd] of fds.entries()) {
      const entry = PollFd.at(this.#bytes, index * PollFd.size);
      entry.fd = fd;
      entry.events = POLLIN;
    }
  }

  /**
   * Waits until one is readable, has failed, or the time is over; a signal ends it early, too.
   *
   * @returns whether one was readable or has failed
   */
  wait(timeoutMs: number): boolean {
    const count = this.#poll(this.#bytes, this.#count, timeoutMs);
    if (count !== -1) return count > 0;
    const reason = errno();
    if (reason !== ERRNO.EINTR) throw new SystemError('poll', reason);
    return false;
  }

  /** Whether a descriptor, by its place among those given, was readable or had failed when `wait()` returned true. */
  isReady(index: number): boolean {
    return this.#results[index * (PollFd.size / 2) + RESULT_AT] !== 0;
  }
}
