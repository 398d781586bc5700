import type { DeviceNumber } from '../kernel/dm-ioctl.ts';
import type { ChangedDevice } from '../mapper/device-info.ts';
import { DmError } from '../mapper/errors.ts';
import { removeWithRetry } from '../mapper/holders/remove.ts';
import type { NamedDevice } from '../mapper/nodes.ts';
import type { SuspendOptions } from '../mapper/options.ts';
import { UdevCookie } from '../mapper/udev/cookie.ts';
import type { Host } from './host.ts';

/** Changes of devices' tables and names that udev is told of under one cookie. Use `withChanges`. */
export class Changes {
  readonly #host: Host;
  readonly #cookie: UdevCookie;
  /** What became of each name: the device that has it now, or none. */
  readonly #names = new Map<string, DeviceNumber | undefined>();

  constructor(host: Host, cookie: UdevCookie) {
    this.#host = host;
    this.#cookie = cookie;
  }

  /** See `DeviceMapper.resume`. */
  async resume({ name, number }: NamedDevice, options: SuspendOptions = {}): Promise<ChangedDevice> {
    const device = await this.#cookie.request(
      (cookie) => this.#host.dm.resume(number, { ...options, cookie }),
      ({ uevent }) => uevent,
    );
    this.#names.set(name, number);
    return device;
  }

  /**
   * Removes a device, the one of the number where it is given; tries again while it is held. One that is gone already is
   * nothing to complain of.
   */
  async remove({ name, number }: { readonly name: string; readonly number?: DeviceNumber }): Promise<void> {
    const { dm, machine, options } = this.#host;
    const remove = () =>
      this.#cookie.request(
        (cookie) => dm.remove(number ?? { name }, { cookie }),
        ({ uevent }) => uevent,
      );
    try {
      await removeWithRetry({
        remove,
        holders: async () => machine.holders(number ?? (await dm.info({ name })).number),
        deadlineMs: options.removeDeadlineMs,
        signal: options.signal,
        clock: machine.clock,
      });
    } catch (error) {
      if (!DmError.is(error, 'ENXIO')) throw error;
    }
    this.#names.set(name, undefined);
  }

  /** See `DeviceMapper.rename`. */
  async rename({ name, number }: NamedDevice, newName: string): Promise<void> {
    await this.#cookie.request(
      (cookie) => this.#host.dm.rename({ name }, newName, { cookie }),
      ({ uevent }) => uevent,
    );
    this.#names.set(name, undefined).set(newName, number);
  }

  /** Makes the nodes right, where udev does not. */
  updateNodes(): void {
    const { machine, options } = this.#host;
    const { nodes = {} } = options;
    if (this.#cookie.state === 'running' || nodes === false || this.#names.size === 0) return;
    const devices = [...this.#names].flatMap(([name, number]) => (number === undefined ? [] : [{ name, number }]));
    machine.updateNodes(devices, [...this.#names.keys()], nodes);
  }
}

/**
 * Makes changes under one cookie, makes nodes where udev does not, and waits for udev. When `work` fails, nothing is
 * waited for, but the nodes are those of the devices that there are.
 *
 * @throws what `work` throws, and what `UdevCookie.wait` and `updateNodes` do
 */
export async function withChanges<T>(host: Host, work: (changes: Changes) => Promise<T>): Promise<T> {
  const { udevDeadlineMs, signal } = host.options;
  using cookie = UdevCookie.open(host.machine.udev);
  const changes = new Changes(host, cookie);
  let result: T;
  try {
    result = await work(changes);
  } catch (error) {
    // What went wrong first is what is told.
    quietly(() => changes.updateNodes());
    throw error;
  }
  changes.updateNodes();
  await cookie.wait({ deadlineMs: udevDeadlineMs, signal });
  return result;
}

/** Undoes changes: udev is told, but not waited for, as it may be what failed. */
export async function withoutWaiting(host: Host, work: (changes: Changes) => Promise<void>): Promise<void> {
  const { signal: _, ...options } = host.options;
  using cookie = UdevCookie.open(host.machine.udev);
  const changes = new Changes({ ...host, options }, cookie);
  await work(changes);
  changes.updateNodes();
}

function quietly(action: () => void): void {
  try {
    action();
  } catch {
    // Told already.
  }
}
