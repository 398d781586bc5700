import type { ControlNode } from './control-node.ts';
import { listOnce } from './device-list.ts';
import { type DeviceEvent, type DeviceTable, deviceTable, diffDevices } from './event-diff.ts';
import { armCall, versionCall } from './list-calls.ts';
import type { DmVersion } from './listing.ts';
import { Requester } from './requester.ts';

/** Who gets events. */
export interface EventListener {
  tell(events: readonly DeviceEvent[]): void;
  /** No more will come. */
  fail(error: unknown): void;
}

/** Those that poll now, by what they poll: one in the process for each. */
const running = new Map<unknown, EventPoller>();

/**
 * Looks at the list of devices whenever the kernel says that something happened, for all listeners of the process at
 * once, through an opening of its own: what others arm or close takes nothing from it. It begins with the first
 * listener and ends with the last.
 */
export class EventPoller {
  readonly #kernel: unknown;
  readonly #node: ControlNode;
  readonly #requester: Requester;
  readonly #listeners = new Set<EventListener>();
  readonly #run = new AbortController();
  #version: DmVersion | undefined;
  #latest: DeviceTable = new Map();

  /** Adds a listener and tells it what happened since it knew `known`. @returns the poller that it is to leave again */
  static join(node: ControlNode, listener: EventListener, known: DeviceTable): EventPoller {
    const poller = running.get(node.kernel) ?? new EventPoller(node);
    poller.#join(listener, known);
    return poller;
  }

  private constructor(node: ControlNode) {
    this.#kernel = node.kernel;
    this.#node = node.reopen();
    this.#requester = new Requester(this.#node, false);
  }

  #join(listener: EventListener, known: DeviceTable): void {
    try {
      this.#look();
    } catch (error) {
      if (this.#listeners.size === 0) this.#stop();
      throw error;
    }
    listener.tell(diffDevices(known, this.#latest));
    this.#listeners.add(listener);
    if (this.#listeners.size > 1) return;
    running.set(this.#kernel, this);
    void this.#follow();
  }

  /** Takes a listener away; the last one stops the poller. */
  leave(listener: EventListener): void {
    if (this.#listeners.delete(listener) && this.#listeners.size === 0) this.#stop();
  }

  /** Looks now, and tells the listeners what happened. */
  #look(): void {
    // Arm, then list: what happens between the two is in the list already, or is asked for once more in vain.
    this.#requester.now(armCall());
    const before = this.#latest;
    this.#version ??= this.#requester.now(versionCall());
    this.#latest = deviceTable(listOnce(this.#requester, this.#version));
    if (this.#listeners.size === 0) return;
    const events = diffDevices(before, this.#latest);
    if (events.length > 0) for (const listener of [...this.#listeners]) listener.tell(events);
  }

  #stop(): void {
    if (running.get(this.#kernel) === this) running.delete(this.#kernel);
    this.#run.abort();
    this.#node[Symbol.dispose]();
  }

  async #follow(): Promise<void> {
    const { signal } = this.#run;
    try {
      for (;;) {
        await this.#node.eventsPending(signal);
        if (signal.aborted) return;
        this.#look();
      }
    } catch (error) {
      // One that was stopped has nobody to tell, and another may be on its way.
      if (signal.aborted) return;
      const listeners = [...this.#listeners];
      this.#listeners.clear();
      this.#stop();
      for (const listener of listeners) listener.fail(error);
    }
  }
}
