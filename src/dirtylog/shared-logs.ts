import type { HeldPool } from './held.ts';
import { UnusableStore } from './logs/bit-image.ts';
import { mirrBytes } from './logs/mirr.ts';
import type { ServerPorts } from './ports.ts';
import { RUN_PAGE_BYTES, type ServedLog, SharedLog } from './shared-log.ts';

/** The label of what a core log shares: it has no device. */
const CORE = 'core';

/** Which tables share their bits: those of one uuid on one log device. */
export class SharedLogs {
  readonly #shared = new Map<string, SharedLog>();
  /** Stores being let go: opened again only afterwards, or what is in flight would overwrite what is newer. */
  readonly #closing = new Map<string, Promise<void>>();
  /** The last opening of each uuid: one at a time, or two tables would each open their own. */
  readonly #opening = new Map<string, Promise<unknown>>();
  readonly #pool: HeldPool;
  readonly #ports: ServerPorts;

  constructor(pool: HeldPool, ports: ServerPorts) {
    this.#pool = pool;
    this.#ports = ports;
  }

  [Symbol.iterator](): IterableIterator<SharedLog> {
    return this.#shared.values();
  }

  /**
   * Opens what a log needs, or joins those that have it open.
   *
   * @throws UnusableStore when the log device is too small, or what opening it rejects with
   */
  async join(served: ServedLog): Promise<SharedLog> {
    const before = this.#opening.get(served.uuid) ?? Promise.resolve();
    const opening = before.then(() => this.#join(served));
    const ended = opening.catch(() => {});
    this.#opening.set(served.uuid, ended);
    try {
      return await opening;
    } finally {
      if (this.#opening.get(served.uuid) === ended) this.#opening.delete(served.uuid);
    }
  }

  async #join(served: ServedLog): Promise<SharedLog> {
    const { device: name, regionCount } = served.arguments;
    const device = name === undefined ? undefined : await this.#ports.openDevice(name);
    const label = device?.label ?? CORE;
    const key = `${served.uuid} ${label}`;
    const needed = device === undefined ? 0 : mirrBytes(regionCount, device.sectorBytes);
    if (device !== undefined && needed > device.size) {
      device.close();
      throw new UnusableStore(`${name} holds ${device.size} bytes, a log of ${regionCount} regions takes ${needed}`);
    }
    await this.#closing.get(key);
    let shared = this.#shared.get(key);
    if (shared === undefined) {
      const run = await this.#ports.openRun(
        served.uuid,
        label,
        mirrBytes(regionCount, RUN_PAGE_BYTES),
        !served.isInherited,
      );
      shared = new SharedLog(served.uuid, label, { device, run }, this.#pool, this.#ports);
      this.#shared.set(key, shared);
    } else {
      device?.close();
    }
    shared.users.add(served);
    return shared;
  }

  /** A log needs it no more; the last one closes it. */
  leave(served: ServedLog, shared: SharedLog): void {
    shared.disown(served);
    if (shared.users.size > 0) return;
    const key = `${shared.uuid} ${shared.label}`;
    this.#shared.delete(key);
    this.#closing.set(
      key,
      shared.close().finally(() => this.#closing.delete(key)),
    );
  }
}
