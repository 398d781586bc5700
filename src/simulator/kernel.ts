import type { DeviceNumber, DmCommand } from '../kernel/dm-ioctl.ts';
import { ERRNO } from '../kernel/errno.ts';
import { SystemError } from '../system/errors.ts';
import { deviceText, type SimulatedDisk } from './block-device.ts';
import { SimulatedClock } from './clock.ts';
import { type ContentOptions, moveContent } from './content.ts';
import { SimulatedControlNode } from './control-node.ts';
import { SimulatedDevice } from './device.ts';
import { DeviceRegistry } from './device-registry.ts';
import { DeviceStats, type StatsMemory } from './device-stats.ts';
import { Refusal, SimulatorError } from './errors.ts';
import { EventCounter } from './event-counter.ts';
import { type FaultRule, Faults, type IoctlCall } from './faults.ts';
import type { IoRequest, SimulatedIo } from './io.ts';
import { IoPath } from './io-path.ts';
import type { DiskOptions, KernelOptions } from './kernel-options.ts';
import { FileMedium, MemoryMedium, SECTOR_BYTES } from './medium.ts';
import { runMessage } from './messages.ts';
import { MetadataStore } from './metadata-store.ts';
import { type KernelRelease, RELEASES, type ReleaseFacts } from './release.ts';
import type { Instant } from './stats-region.ts';
import { makeTarget, Table, type TableContext } from './table.ts';
import { cookieWords, diskUevent, type Uevent, type UeventWords, writeBackUevent } from './uevent.ts';
import { toByteString } from './words.ts';
import { runNow } from './work.ts';

/**
 * A kernel's device-mapper with its devices, disks and statistics, driven by a test: time moves when the test moves
 * the clock, I/O happens when the test issues it, and any ioctl can be made to fail.
 */
export class SimulatedKernel {
  readonly clock: SimulatedClock;
  readonly release: KernelRelease;
  /** The DM interface's version. */
  readonly version: readonly [number, number, number];
  /** The memory that statistics take. */
  readonly statsMemory: StatsMemory;
  /** Ioctls so far, of all control nodes. */
  ioctlCount = 0;
  /**
   * Asked before every ioctl. A number is the errno with which it fails, without any effect; undefined lets it pass.
   * It may act on the kernel (`message`, `removeDevice`): what it does happens just before the call.
   */
  onIoctl: ((call: IoctlCall) => number | undefined) | undefined;
  /** Called with every uevent, at the moment it is sent. */
  onUevent: ((event: Uevent) => void) | undefined;
  /** For commands: the devices, and who holds them. */
  readonly registry: DeviceRegistry;
  /** For commands: what this kernel is like. */
  readonly facts: ReleaseFacts;
  /** For control nodes: the events that a poll of the control node tells of. */
  readonly globalEvents = new EventCounter();
  readonly #millisecondsPerJiffy: number;
  readonly #faults = new Faults();
  readonly #path: IoPath;
  readonly #metadata = new MetadataStore();

  constructor(options: KernelOptions = {}) {
    this.clock = options.clock ?? new SimulatedClock();
    this.release = options.kernel ?? '6.1';
    const facts = RELEASES[this.release];
    const { targets } = options;
    this.facts =
      targets === undefined ? facts : { ...facts, targets: facts.targets.filter(({ name }) => targets.includes(name)) };
    this.version = facts.version;
    this.registry = new DeviceRegistry(this.facts, options.major ?? 254);
    this.statsMemory = {
      usedBytes: 0,
      limitBytes: (options.memoryBytes ?? 4 * 2 ** 30) / 4,
      cpus: options.cpus ?? 2,
    };
    this.#millisecondsPerJiffy = 1000 / (options.hz ?? 250);
    this.#path = new IoPath(this.clock, this.#millisecondsPerJiffy);
  }

  /** The present instant as statistics see it. */
  instant(): Instant {
    return this.#path.instant();
  }

  /** All device-mapper devices, in the order of their names' bytes. */
  get devices(): readonly SimulatedDevice[] {
    return this.registry.byNames;
  }

  /** Opens the control node. Not `privileged` is without CAP_SYS_ADMIN: every call is EACCES. */
  openControl({ privileged = true }: { readonly privileged?: boolean } = {}): SimulatedControlNode {
    return new SimulatedControlNode(this, privileged);
  }

  /** Adds a disk; without a number it is the next `8:n`. Tables may name it by its path too, if it has one. */
  addDisk({ sectors, number, path, file, discards = true }: DiskOptions): SimulatedDisk {
    const medium = file === undefined ? new MemoryMedium() : new FileMedium(file, sectors * SECTOR_BYTES);
    return this.registry.addDisk(BigInt(sectors), number, path, discards, medium);
  }

  /** Adds a device with a live linear table onto a disk of its own, as if it had always been there: without events. */
  addDevice(
    name: string,
    { sectors, uuid = '' }: { readonly sectors: number; readonly uuid?: string },
  ): SimulatedDevice {
    const disk = this.addDisk({ sectors });
    const device = this.create(toByteString(name), toByteString(uuid), undefined);
    const context = this.tableContext(device);
    const words = { start: 0n, length: disk.sizeSectors, type: 'linear', params: `${deviceText(disk.number)} 0` };
    const target = makeTarget(words, [], false, context);
    device.live = new Table([target], false);
    device.diskAdded = true;
    return device;
  }

  /** A device by name or number. @throws SimulatorError when there is none */
  device(ref: string | DeviceNumber): SimulatedDevice {
    const { registry } = this;
    const device = typeof ref === 'string' ? registry.byName(toByteString(ref)) : registry.byNumber(ref);
    if (device === undefined) {
      throw new SimulatorError(`no device ${typeof ref === 'string' ? ref : deviceText(ref)}`);
    }
    return device;
  }

  /** Removes a device whoever holds it, as if its medium were pulled. */
  removeDevice(ref: string | DeviceNumber): void {
    this.#takeOut(this.device(ref), undefined);
  }

  /** Opens a device as a program or a mount does: until it is disposed of, the device cannot be removed. */
  hold(ref: string | DeviceNumber): Disposable {
    const device = this.device(ref);
    if (!device.diskAdded) throw new SimulatorError(`${device.name} has no disk before its first table`);
    device.openers++;
    let held = true;
    return {
      [Symbol.dispose]: () => {
        if (held) device.openers--;
        held = false;
        this.removeDeferred();
      },
    };
  }

  /** Issues an I/O to a device-mapper device. It begins at once unless the device holds I/O back. */
  io(request: IoRequest): SimulatedIo {
    return this.#path.issue(this.device(request.device), request);
  }

  /**
   * Writes whole sectors through the live table of a device, as one I/O that the statistics count. Waits while the
   * device, or one below it, is suspended, and for the test to move the clock where a target or the disk takes time.
   *
   * @throws SystemError EIO, or what else a target fails with; SimulatorError for bytes that are not whole sectors
   */
  async write(
    ref: string | DeviceNumber,
    sector: number,
    bytes: Uint8Array,
    options: ContentOptions = {},
  ): Promise<void> {
    // What it has to wait for may take long: the caller's bytes are its own again at once.
    await moveContent(this, { device: ref, direction: 'write', sector, bytes: bytes.slice(), ...options });
  }

  /** Reads `sectors` sectors through the live table of a device; waits and fails as `write` does. */
  async read(
    ref: string | DeviceNumber,
    sector: number,
    sectors: number,
    options: ContentOptions = {},
  ): Promise<Uint8Array> {
    const bytes = new Uint8Array(sectors * SECTOR_BYTES);
    await moveContent(this, { device: ref, direction: 'read', sector, bytes, ...options });
    return bytes;
  }

  /**
   * Sends a message as another program would, past the count of ioctls, the hook and the injected faults.
   *
   * @returns the answer; undefined where the message has none
   * @throws SystemError as the kernel refuses; SimulatorError when it would have to wait for I/O in flight
   */
  message(ref: string | DeviceNumber, text: string): string | undefined {
    try {
      const work = runMessage(this, this.device(ref), 0n, toByteString(text), Number.MAX_SAFE_INTEGER);
      const result = runNow(work, text);
      return typeof result === 'string' ? undefined : result.answer;
    } catch (error) {
      throw error instanceof Refusal ? new SystemError('ioctl(DM_TARGET_MSG)', error.errno, text) : error;
    }
  }

  /** Makes a coming ioctl fail without effect. @param rule which one, and how; see `FaultRule` */
  failNext(rule: FaultRule): void {
    this.#faults.add(rule);
  }

  /** For control nodes: counts an ioctl. @returns the errno with which it has to fail */
  enterIoctl(command: DmCommand, device: string, text: string | undefined, mayWait: boolean): number | undefined {
    this.ioctlCount++;
    const call: IoctlCall = { index: this.ioctlCount, command, device, text, mayWait };
    return this.onIoctl?.(call) ?? this.#faults.take(call);
  }

  /** For commands: makes a device. @throws Refusal EINVAL, ENXIO, EBUSY */
  create(name: string, uuid: string, minor: number | undefined): SimulatedDevice {
    return this.registry.create(name, uuid, minor, (number) => {
      const stats = new DeviceStats(this.statsMemory, this.facts.statsLimits, this.#millisecondsPerJiffy);
      return new SimulatedDevice(number, name, uuid, stats);
    });
  }

  /** For commands: what the table of a device is made with. */
  tableContext(device: SimulatedDevice): TableContext {
    return {
      ...this.registry.deviceLookup(device),
      facts: this.facts,
      owner: device,
      clock: this.clock,
      metadata: this.#metadata,
      models: () => this.registry.models(),
      raiseEvent: () => this.tableEvent(device),
    };
  }

  /**
   * For commands: gives a device its disk, if this is its first table.
   * @throws Refusal EINVAL the first table does not fit
   */
  setUp(device: SimulatedDevice, table: Table): void {
    if (device.diskAdded) return;
    // Only the first table is looked at; whether a later one fits is seen by its resume.
    if (!table.fits) throw new Refusal(ERRNO.EINVAL);
    device.diskAdded = true;
    this.onUevent?.(writeBackUevent('add', device.number));
    this.onUevent?.(diskUevent('add', device.number));
  }

  /** For commands: whether somebody has the device open, whoever does I/O to it among them. */
  isBusy(device: SimulatedDevice): boolean {
    return this.registry.openCount(device) > 0 || device.hasIo;
  }

  /** For commands: tells udev of a change of a disk. */
  sendChange(number: DeviceNumber, words: UeventWords): void {
    this.onUevent?.(diskUevent('change', number, words));
  }

  /** For commands: what a live table's event does. Without one, nothing. */
  tableEvent(device: SimulatedDevice): void {
    if (device.live === undefined) return;
    device.events.raise();
    this.globalEvents.raise();
  }

  /** For commands: removes a device that is not busy. @param cookie undefined: no uevent but those of the disk going */
  remove(device: SimulatedDevice, cookie: number | undefined): void {
    // Whoever waits for its events is told of a suspended device: the kernel has stopped it by then.
    device.suspended = true;
    this.#takeOut(device, cookie);
  }

  #takeOut(device: SimulatedDevice, cookie: number | undefined): void {
    const { number, diskAdded } = device;
    this.registry.delete(device);
    this.tableEvent(device);
    device.stats.destroy();
    if (diskAdded) {
      if (cookie !== undefined) this.onUevent?.(diskUevent('remove', number, cookieWords(cookie)));
      this.onUevent?.(writeBackUevent('remove', number));
      this.onUevent?.(diskUevent('remove', number));
    }
    this.removeDeferred();
  }

  /** For commands: removes the devices that were only waiting for the last to let go of them. */
  removeDeferred(): void {
    const next = this.registry.byNames.find((device) => device.deferredRemove && !this.isBusy(device));
    // It takes its own place out, and then looks again.
    if (next !== undefined) this.remove(next, undefined);
  }
}
