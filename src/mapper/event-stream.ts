import type { DeviceEvents } from './device-events.ts';
import type { DeviceEvent, DeviceTable } from './event-diff.ts';
import type { EventListener } from './event-poller.ts';

interface Waiter {
  readonly resolve: (result: IteratorResult<DeviceEvent, undefined>) => void;
  readonly reject: (error: unknown) => void;
}

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined };

/**
 * The events of one listener, in order. It listens from the first `next()` on, and then is told first what happened
 * since it was made: one that nobody reads costs nothing. It ends with its loop, `return()`, or its signal, whose reason
 * the loop throws. While it listens, the process stays alive.
 */
export class EventStream implements AsyncIterableIterator<DeviceEvent, undefined>, AsyncDisposable {
  readonly #events: DeviceEvents;
  readonly #signal: AbortSignal | undefined;
  readonly #listener: EventListener = {
    tell: (events) => this.#tell(events),
    fail: (error) => this.#fail(error),
  };
  #known: DeviceTable | undefined;
  #queue: DeviceEvent[] = [];
  #taken = 0;
  #waiters: Waiter[] = [];
  #failure: { readonly error: unknown } | undefined;
  #ended = false;

  /** Use `DeviceMapper.events`. */
  constructor(events: DeviceEvents, known: DeviceTable, signal: AbortSignal | undefined) {
    this.#events = events;
    this.#known = known;
    this.#signal = signal;
  }

  async next(): Promise<IteratorResult<DeviceEvent, undefined>> {
    if (this.#known !== undefined && !this.#ended) this.#begin(this.#known);
    const event = this.#queue[this.#taken];
    if (event !== undefined) {
      // Not shift(): a flood would be moved once for each event.
      if (++this.#taken === this.#queue.length) {
        this.#queue = [];
        this.#taken = 0;
      }
      return { done: false, value: event };
    }
    if (this.#failure !== undefined) {
      const { error } = this.#failure;
      this.#failure = undefined;
      throw error;
    }
    if (this.#ended) return DONE;
    return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }));
  }

  async return(): Promise<IteratorReturnResult<undefined>> {
    this.#end();
    this.#queue = [];
    this.#failure = undefined;
    return DONE;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #tell(events: readonly DeviceEvent[]): void {
    for (const event of events) {
      const waiter = this.#waiters.shift();
      if (waiter === undefined) this.#queue.push(event);
      else waiter.resolve({ done: false, value: event });
    }
  }

  /** The first reader is told, after what came before. */
  #fail(error: unknown): void {
    if (this.#ended) return;
    const waiter = this.#waiters.shift();
    if (waiter === undefined) this.#failure = { error };
    else waiter.reject(error);
    this.#end();
  }

  #begin(known: DeviceTable): void {
    this.#known = undefined;
    try {
      this.#signal?.throwIfAborted();
      this.#events.join(this.#listener, known);
    } catch (error) {
      this.#fail(error);
      return;
    }
    this.#signal?.addEventListener('abort', this.#onAbort, { once: true });
  }

  readonly #onAbort = (): void => {
    this.#queue = [];
    this.#fail(this.#signal?.reason);
  };

  #end(): void {
    this.#ended = true;
    this.#signal?.removeEventListener('abort', this.#onAbort);
    this.#events.leave(this.#listener);
    for (const waiter of this.#waiters) waiter.resolve(DONE);
    this.#waiters = [];
  }
}
