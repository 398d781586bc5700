import { Datagram } from './protocol/datagram.ts';

/** The kernel gives a request up after 15 s and sends it again under another number (`DM_ULOG_RETRY_TIMEOUT`). */
const GIVEN_UP_AFTER_MS = 15_000;

/** A request that waits for its answer. */
export interface Held {
  readonly datagram: Datagram;
  arrivedMs: number;
  /** How often the kernel has sent it again. */
  resends: number;
  /** What the log device and the copy in /run must have reached. */
  mediumPoint: number;
  survivorPoint: number;
}

/** Buffers of answered requests, for the next ones: holding a request allocates nothing once there are enough. */
export class HeldPool {
  readonly #free: Held[] = [];

  take(datagram: Datagram, nowMs: number): Held {
    const held = this.#free.pop() ?? {
      datagram: new Datagram(),
      arrivedMs: 0,
      resends: 0,
      mediumPoint: 0,
      survivorPoint: 0,
    };
    held.datagram.copyFrom(datagram);
    held.arrivedMs = nowMs;
    held.resends = 0;
    held.mediumPoint = 0;
    held.survivorPoint = 0;
    return held;
  }

  release(held: Held): void {
    this.#free.push(held);
  }
}

/** Requests of one log that wait for the same kind of thing, in the order in which they came. */
export class HeldQueue {
  readonly #pool: HeldPool;
  #queue: Held[] = [];
  #spare: Held[] = [];

  constructor(pool: HeldPool) {
    this.#pool = pool;
  }

  get length(): number {
    return this.#queue.length;
  }

  /**
   * Holds a request. One that the kernel has given up and sends again takes the place of its former self, so that the
   * queue is as long as the kernel's threads are many, however long it lasts; one that only looks the same is another
   * thread's.
   */
  hold(datagram: Datagram, nowMs: number): Held {
    for (const held of this.#queue) {
      if (nowMs - held.arrivedMs >= GIVEN_UP_AFTER_MS && datagram.isResendOf(held.datagram)) {
        held.datagram.copyFrom(datagram);
        held.arrivedMs = nowMs;
        held.resends++;
        return held;
      }
    }
    const held = this.#pool.take(datagram, nowMs);
    this.#queue.push(held);
    return held;
  }

  /** Takes out those of which `answer` says that it has answered them. Others may be held meanwhile. */
  answer(answer: (held: Held) => boolean): void {
    const queue = this.#queue;
    if (queue.length === 0) return;
    this.#queue = this.#spare;
    for (const held of queue) {
      if (answer(held)) this.#pool.release(held);
      else this.#queue.push(held);
    }
    queue.length = 0;
    this.#spare = queue;
  }

  /** Empties the queue and hands out each, which may be held again, here or elsewhere, by what `run` does. */
  drain(run: (held: Held) => void): void {
    const queue = this.#queue;
    this.#queue = [];
    for (const held of queue) {
      run(held);
      this.#pool.release(held);
    }
  }
}
