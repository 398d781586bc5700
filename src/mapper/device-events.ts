import { ERRNO } from '../kernel/errno.ts';
import type { ControlNode } from './control-node.ts';
import { DmError } from './errors.ts';
import type { DeviceTable } from './event-diff.ts';
import { type EventListener, EventPoller } from './event-poller.ts';

/** Those who listen through one `DeviceMapper`, which ends it for them when it is disposed of. */
export class DeviceEvents {
  readonly #node: ControlNode;
  readonly #pollers = new Map<EventListener, EventPoller>();
  #closed = false;

  constructor(node: ControlNode) {
    this.#node = node;
  }

  /** Tells a listener what happened since it knew `known`, and from now on. */
  join(listener: EventListener, known: DeviceTable): void {
    if (this.#closed) throw closed();
    this.#pollers.set(listener, EventPoller.join(this.#node, listener, known));
  }

  /** Takes a listener away. */
  leave(listener: EventListener): void {
    this.#pollers.get(listener)?.leave(listener);
    this.#pollers.delete(listener);
  }

  /** Ends the listening of all, because there will be no more events. */
  close(): void {
    this.#closed = true;
    for (const listener of [...this.#pollers.keys()]) {
      this.leave(listener);
      listener.fail(closed());
    }
  }
}

const closed = (): DmError =>
  new DmError({ op: 'DM_DEV_ARM_POLL', errno: ERRNO.EBADF, reason: 'the DeviceMapper was disposed of' });
