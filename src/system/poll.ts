import { ERRNO } from '../kernel/errno.ts';
import { POLLIN, PollFd } from '../kernel/netlink.ts';
import { SystemError } from './errors.ts';
import { bindCall, errno } from './libc.ts';

/** Blocks this thread until a descriptor is readable: for workers only. Source: poll(2). */
export class Poll {
  readonly #bytes: Uint8Array;
  readonly #count: number;
  readonly #poll = bindCall('poll', ['void *', 'unsigned long', 'int']);

  constructor(fds: readonly number[]) {
    this.#count = fds.length;
    this.#bytes = new Uint8Array(fds.length * PollFd.size);
    for (const [index, fd] of fds.entries()) {
      const entry = PollFd.at(this.#bytes, index * PollFd.size);
      entry.fd = fd;
      entry.events = POLLIN;
    }
  }

  /** Waits until one is readable, has failed, or the time is over; a signal ends it early, too. */
  wait(timeoutMs: number): void {
    if (this.#poll(this.#bytes, this.#count, timeoutMs) !== -1) return;
    const reason = errno();
    if (reason !== ERRNO.EINTR) throw new SystemError('poll', reason);
  }
}
