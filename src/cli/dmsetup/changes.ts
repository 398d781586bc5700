import type { ChangedDevice, DeviceInfo } from '../../mapper/device-info.ts';
import type { NodeOptions } from '../../mapper/node-folder.ts';
import type { NamedDevice } from '../../mapper/nodes.ts';
import type { Removal, SuspendOptions } from '../../mapper/options.ts';
import { UdevCookie } from '../../mapper/udev/cookie.ts';
import { DM_UDEV_FLAGS, parseCookie } from '../../mapper/udev/flags.ts';
import type { Context } from './context.ts';
import { ask } from './failure.ts';
import type { Subject } from './subject.ts';

const NO_RULES = DM_UDEV_FLAGS.DISABLE_DM_RULES | DM_UDEV_FLAGS.DISABLE_SUBSYSTEM_RULES;

/**
 * The changes of one command: udev is told of each, waited for once, and where it makes no nodes they are made here.
 * Without `end()` nothing is waited for, and disposal removes the cookie.
 */
export class Changes implements Disposable {
  readonly #context: Context;
  readonly #cookie: UdevCookie;
  readonly #flags: number;
  readonly #makesNodes: boolean;
  readonly #devices: NamedDevice[] = [];
  readonly #names = new Set<string>();

  /** @throws UsageError for a word that is no cookie, DmError ENOENT for a cookie that does not exist */
  constructor(context: Context) {
    const { options, udev } = context;
    const state = udev.state();
    const rules = !options.has('noudevrules');
    this.#context = context;
    this.#flags = rules ? 0 : NO_RULES;
    this.#makesNodes = state !== 'running' || !rules || options.has('verifyudev');
    // Without the wait there is no semaphore, as where there is no udev.
    const own = options.has('noudevsync') && state === 'running' ? 'absent' : state;
    const shared = options.text('udevcookie') ?? context.env['DM_UDEV_COOKIE'];
    const world = { ...udev, state: () => own };
    this.#cookie = shared === undefined ? UdevCookie.open(world) : UdevCookie.join(parseCookie(shared), world);
  }

  /** Resumes a device. */
  async resume(subject: Subject, options: SuspendOptions = {}): Promise<ChangedDevice> {
    const call = (cookie: number) => this.#context.dm.resume(subject.ref, { ...options, cookie });
    const changed = await ask('resume', subject, () => this.#cookie.request(call, ({ uevent }) => uevent, this.#flags));
    this.node(changed);
    return changed;
  }

  /** Has the device's node made. */
  node({ name, number }: DeviceInfo): void {
    this.#names.add(name);
    this.#devices.push({ name, number });
  }

  /** Gives a device another name, or its uuid. */
  async rename(
    subject: Subject,
    info: DeviceInfo,
    { name, uuid = '' }: { name?: string; uuid?: string },
  ): Promise<void> {
    const { dm } = this.#context;
    const { ref } = subject;
    const call = (cookie: number) =>
      name === undefined ? dm.setUuid(ref, uuid, { cookie }) : dm.rename(ref, name, { cookie });
    await ask('rename', subject, () => this.#cookie.request(call, ({ uevent }) => uevent, this.#flags));
    if (name === undefined || !info.active) return;
    this.#names.add(info.name);
    this.node({ ...info, name });
  }

  /** Removes a device by its name. */
  async remove(name: string, { deferred }: { readonly deferred: boolean }): Promise<Removal> {
    const call = (cookie: number) => this.#context.dm.remove({ name }, { deferred, cookie });
    const removal = await this.#cookie.request(call, ({ uevent }) => uevent, this.#flags);
    if (!removal.deferred) this.#names.add(name);
    return removal;
  }

  /** Waits for udev and makes the nodes right. @throws DmError ETIMEDOUT; what making nodes throws */
  async end(options: NodeOptions = {}): Promise<void> {
    await this.#cookie.wait({ signal: this.#context.signal });
    if (!this.#makesNodes || this.#names.size === 0) return;
    this.#context.updateNodes(this.#devices, { names: [...this.#names], ...options });
  }

  /** Gives the cookie up. */
  [Symbol.dispose](): void {
    this.#cookie[Symbol.dispose]();
  }
}
