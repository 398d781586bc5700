import { type DeviceNumber, type DmCommand, decodeDeviceNumber } from '../kernel/dm-ioctl.ts';
import { ERRNO } from '../kernel/errno.ts';
import { SystemError } from '../system/errors.ts';
import { type BlockDevice, deviceKey, deviceText, SimulatedDisk } from './block-device.ts';
import { SimulatedClock } from './clock.ts';
import { SimulatedControlNode } from './control-node.ts';
import { SimulatedDevice } from './device.ts';
import { DeviceStats, type StatsLimits, type StatsMemory } from './device-stats.ts';
import { Refusal, SimulatorError } from './errors.ts';
import { type FaultRule, Faults, type IoctlCall } from './faults.ts';
import type { IoRequest, SimulatedIo } from './io.ts';
import { IoPath } from './io-path.ts';
import { runMessage } from './messages.ts';
import type { Instant } from './stats-region.ts';
import { Table } from './table.ts';
import { toByteString } from './words.ts';
import { runNow } from './work.ts';

/** The kernels whose differences are modelled. */
export type KernelRelease = '6.1' | '6.12';

/** What a simulated kernel is like. */
export interface KernelOptions {
  readonly clock?: SimulatedClock;
  /** Default `6.1`. */
  readonly kernel?: KernelRelease;
  /** Timer interrupts a second, default 250: statistics that are not precise see time in steps of 1000 / hz ms. */
  readonly hz?: 100 | 250 | 1000;
  /** Possible CPUs, default 2: each has counters of its own, which cost memory. */
  readonly cpus?: number;
  /** The machine's memory, default 4 GiB: statistics may take a quarter. */
  readonly memoryBytes?: number;
}

const DM_MAJOR = 254;
const MAX_MINORS = 2 ** 20;
const DISK_MAJOR = 8;
const UNLIMITED = 2n ** 64n;

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
  readonly #millisecondsPerJiffy: number;
  readonly #limits: StatsLimits;
  readonly #devices = new Map<number, SimulatedDevice>();
  readonly #disks = new Map<number, SimulatedDisk>();
  readonly #faults = new Faults();
  readonly #path: IoPath;

  constructor(options: KernelOptions = {}) {
    this.clock = options.clock ?? new SimulatedClock();
    this.release = options.kernel ?? '6.1';
    this.version = this.release === '6.1' ? [4, 47, 0] : [4, 48, 0];
    this.statsMemory = {
      usedBytes: 0,
      limitBytes: (options.memoryBytes ?? 4 * 2 ** 30) / 4,
      cpus: options.cpus ?? 2,
    };
    this.#millisecondsPerJiffy = 1000 / (options.hz ?? 250);
    this.#limits =
      this.release === '6.1' ? { areas: UNLIMITED, bins: UNLIMITED } : { areas: 8_388_608n, bins: 134_217_728n };
    this.#path = new IoPath(this.clock, this.#millisecondsPerJiffy);
  }

  /** The present instant as statistics see it. */
  instant(): Instant {
    return this.#path.instant();
  }

  /** All device-mapper devices, in the order of their names' bytes. */
  get devices(): readonly SimulatedDevice[] {
    return [...this.#devices.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Opens the control node. Not `privileged` is without CAP_SYS_ADMIN: every call is EACCES. */
  openControl({ privileged = true }: { readonly privileged?: boolean } = {}): SimulatedControlNode {
    return new SimulatedControlNode(this, privileged);
  }

  /** Adds a disk; without a number it is the next `8:n`. */
  addDisk({ sectors, number }: { readonly sectors: number; readonly number?: DeviceNumber }): SimulatedDisk {
    let free = number ?? { major: DISK_MAJOR, minor: 0 };
    while (this.#disks.has(deviceKey(free))) {
      if (number !== undefined) throw new SimulatorError(`there is a disk ${deviceText(number)} already`);
      free = { major: DISK_MAJOR, minor: free.minor + 16 };
    }
    const disk = new SimulatedDisk(free, BigInt(sectors));
    this.#disks.set(deviceKey(free), disk);
    return disk;
  }

  /** Adds a device with a live linear table onto a disk of its own, as `dmsetup create` would. */
  addDevice(
    name: string,
    { sectors, uuid = '' }: { readonly sectors: number; readonly uuid?: string },
  ): SimulatedDevice {
    const disk = this.addDisk({ sectors });
    const device = this.create(toByteString(name), toByteString(uuid), undefined);
    const target = {
      start: 0n,
      length: disk.sizeSectors,
      type: 'linear',
      params: `${deviceText(disk.number)} 0`,
      lower: { device: disk, offset: 0n },
    };
    device.live = new Table([target], false);
    device.diskAdded = true;
    return device;
  }

  /** A device by name or number. @throws SimulatorError when there is none */
  device(ref: string | DeviceNumber): SimulatedDevice {
    const device = typeof ref === 'string' ? this.byName(toByteString(ref)) : this.byNumber(ref);
    if (device === undefined) {
      throw new SimulatorError(`no device ${typeof ref === 'string' ? ref : deviceText(ref)}`);
    }
    return device;
  }

  /** Removes a device whoever holds it, as if its medium were pulled. */
  removeDevice(ref: string | DeviceNumber): void {
    this.forget(this.device(ref));
  }

  /** Issues an I/O to a device-mapper device. It begins at once unless the device holds I/O back. */
  io(request: IoRequest): SimulatedIo {
    return this.#path.issue(this.device(request.device), request);
  }

  /**
   * Sends a message as another program would, past the count of ioctls, the hook and the injected faults.
   *
   * @returns the answer; undefined where the message has none
   * @throws SystemError as the kernel refuses; SimulatorError when it would have to wait for I/O in flight
   */
  message(ref: string | DeviceNumber, text: string): string | undefined {
    try {
      const work = runMessage(this, this.device(ref), toByteString(text), Number.MAX_SAFE_INTEGER);
      const result = runNow(work, text);
      return result === 'full' ? undefined : result.answer;
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

  /** For control nodes: makes a device. @throws Refusal EBUSY, ENXIO, EINVAL */
  create(name: string, uuid: string, minor: number | undefined): SimulatedDevice {
    const newer = this.release !== '6.1';
    if (name.includes('/') || (newer && ['.', '..', 'control'].includes(name))) throw new Refusal(ERRNO.EINVAL);
    let free = minor ?? 0;
    if (minor === undefined) while (this.#devices.has(free)) free++;
    if (free >= MAX_MINORS || this.#devices.has(free)) throw new Refusal(ERRNO.ENXIO);
    if (this.byName(name) !== undefined) throw new Refusal(ERRNO.EBUSY);
    if (uuid !== '' && this.byUuid(uuid) !== undefined) throw new Refusal(ERRNO.EBUSY);
    const stats = new DeviceStats(this.statsMemory, this.#limits, this.#millisecondsPerJiffy);
    const number = { major: DM_MAJOR, minor: free };
    const device = new SimulatedDevice(number, name, uuid, stats, (io) => this.#path.retry(io));
    this.#devices.set(free, device);
    return device;
  }

  /** For control nodes: takes a device out, and those below it that only waited to be let go. */
  forget(device: SimulatedDevice): void {
    this.#devices.delete(device.number.minor);
    device.stats.destroy();
    for (const other of this.devices) {
      if (other.deferredRemove && this.openCount(other) === 0) this.forget(other);
    }
  }

  byName(name: string): SimulatedDevice | undefined {
    for (const device of this.#devices.values()) if (device.name === name) return device;
    return undefined;
  }

  byUuid(uuid: string): SimulatedDevice | undefined {
    for (const device of this.#devices.values()) if (device.uuid === uuid) return device;
    return undefined;
  }

  byNumber({ major, minor }: DeviceNumber): SimulatedDevice | undefined {
    return major === DM_MAJOR ? this.#devices.get(minor) : undefined;
  }

  /** For control nodes: the device of a packed number. */
  byPackedNumber(dev: bigint): SimulatedDevice | undefined {
    return this.byNumber(decodeDeviceNumber(dev));
  }

  /** Any block device that a table may be put on. @throws Refusal ENXIO when there is none with a disk */
  blockDevice(major: number, minor: number): BlockDevice {
    const device = this.byNumber({ major, minor });
    const found = device?.diskAdded === true ? device : this.#disks.get(deviceKey({ major, minor }));
    if (found === undefined) throw new Refusal(ERRNO.ENXIO);
    return found;
  }

  /** How many hold the device open: each device on top counts once for its read-only and once for its other tables. */
  openCount(device: SimulatedDevice): number {
    let count = device.openers;
    for (const holder of this.#devices.values()) {
      const holds = [holder.live, holder.inactive].filter((table) => table?.devices.includes(device));
      count += new Set(holds.map((table) => table?.readOnly)).size;
    }
    return count;
  }
}
