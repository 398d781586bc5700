import { ERRNO } from '../kernel/errno.ts';
import { DmError } from './errors.ts';
import { type DeviceEvent, type DeviceTable, deviceTable, diffDevices } from './event-diff.ts';
import { EventStream } from './event-stream.ts';
import type { ListedDevice } from './listing.ts';

/** What the poller asks of device-mapper. */
export interface EventSource {
  /** Resolves when something happened since `arm`. */
  pending(signal: AbortSignal): Promise<void>;
  /** Forgets what happened so far (`DM_DEV_ARM_POLL`). */
  arm(): void;
  list(): ListedDevice[];
}

/** Who gets the poller's events. */
export interface EventListener {
  tell(events: readonly DeviceEvent[]): void;
  /** No more will come. */
  fail(error: unknown): void;
}

/**
 * Looks at the list of devices whenever the kernel says that something happened, for all listeners at once. It waits
 * only while somebody listens.
 */
export class EventPoller {
  readonly #source: EventSource;
  readonly #listeners = new Set<EventListener>();
  #latest: DeviceTable = new Map();
  #run: AbortController | undefined;

  constructor(source: EventSource) {
    this.#source = source;
  }

  /** A new stream of what happens from now on. */
  listen(signal: AbortSignal | undefined): EventStream {
    this.look();
    return new EventStream(this, this.#latest, signal);
  }

  /** Looks now, and tells the listeners what happened. */
  look(): void {
    // Arm, then list: what happens between the two is in the list already, or is asked for once more in vain.
    this.#source.arm();
    const before = this.#latest;
    this.#latest = deviceTable(this.#source.list());
    if (this.#listeners.size === 0) return;
    const events = diffDevices(before, this.#latest);
    if (events.length > 0) for (const listener of [...this.#listeners]) listener.tell(events);
  }

  /** Forgets what happened so far, for a waiter of the caller's own; the listeners are told of it first. */
  arm(): void {
    if (this.#listeners.size === 0) this.#source.arm();
    else this.look();
  }

  /** Adds a listener and tells it what happened since it knew `known`. */
  join(listener: EventListener, known: DeviceTable): void {
    this.look();
    listener.tell(diffDevices(known, this.#latest));
    this.#listeners.add(listener);
    if (this.#run !== undefined) return;
    this.#run = new AbortController();
    void this.#follow(this.#run.signal);
  }

  /** Takes a listener away; the last one stops the poller. */
  leave(listener: EventListener): void {
    if (this.#listeners.delete(listener) && this.#listeners.size === 0) this.#stop();
  }

  /** Ends everybody's listening, because there will be no more events. */
  close(): void {
    const reason = 'the DeviceMapper was disposed of';
    this.#fail(new DmError({ op: 'DM_DEV_ARM_POLL', errno: ERRNO.EBADF, reason }));
  }

  #fail(error: unknown): void {
    const listeners = [...this.#listeners];
    this.#listeners.clear();
    this.#stop();
    for (const listener of listeners) listener.fail(error);
  }

  #stop(): void {
    this.#run?.abort();
    this.#run = undefined;
  }

  async #follow(signal: AbortSignal): Promise<void> {
    try {
      for (;;) {
        await this.#source.pending(signal);
        if (signal.aborted) return;
        this.look();
      }
    } catch (error) {
      // One that was stopped has nobody to tell, and another may be on its way.
      if (!signal.aborted) this.#fail(error);
    }
  }
}
