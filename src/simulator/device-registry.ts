import { type DeviceNumber, decodeDeviceNumber } from '../kernel/dm-ioctl.ts';
import { ERRNO } from '../kernel/errno.ts';
import { type BlockDevice, deviceKey, deviceText, SimulatedDisk } from './block-device.ts';
import type { SimulatedDevice } from './device.ts';
import { Refusal, SimulatorError } from './errors.ts';
import type { Model } from './mapping.ts';
import type { Medium } from './medium.ts';
import type { ReleaseFacts } from './release.ts';
import type { TableContext } from './table.ts';

const DISK_MAJOR = 8;
const MAX_MINORS = 2 ** 20;

/** The block devices of a kernel: which there are, how they are found, who holds them open. */
export class DeviceRegistry {
  readonly #facts: ReleaseFacts;
  readonly #major: number;
  readonly #devices = new Map<number, SimulatedDevice>();
  readonly #disks = new Map<number, SimulatedDisk>();
  readonly #paths = new Map<string, SimulatedDisk>();

  /** @param major device-mapper's own */
  constructor(facts: ReleaseFacts, major: number) {
    this.#facts = facts;
    this.#major = major;
  }

  /** All device-mapper devices, in the order of their names' bytes. */
  get byNames(): SimulatedDevice[] {
    return [...this.#devices.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
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
    return major === this.#major ? this.#devices.get(minor) : undefined;
  }

  /** The device of a packed number. */
  byPackedNumber(dev: bigint): SimulatedDevice | undefined {
    return this.byNumber(decodeDeviceNumber(dev));
  }

  /** Adds a disk; without a number it is the next `8:n`. */
  addDisk(
    sectors: bigint,
    number: DeviceNumber | undefined,
    path: string | undefined,
    discards: boolean,
    medium: Medium,
  ): SimulatedDisk {
    let free = number ?? { major: DISK_MAJOR, minor: 0 };
    while (this.#disks.has(deviceKey(free))) {
      if (number !== undefined) throw new SimulatorError(`there is a disk ${deviceText(number)} already`);
      free = { major: DISK_MAJOR, minor: free.minor + 16 };
    }
    const disk = new SimulatedDisk(free, sectors, discards, medium);
    this.#disks.set(deviceKey(free), disk);
    if (path !== undefined) this.#paths.set(path, disk);
    return disk;
  }

  /** @throws Refusal EINVAL for what the kernel does not take as a name */
  checkName(name: string): void {
    if (name.includes('/') || this.#facts.reservedNames.includes(name)) throw new Refusal(ERRNO.EINVAL);
  }

  /**
   * Makes a device.
   *
   * @param minor the one to have; undefined is the lowest free one
   * @throws Refusal EINVAL the name, ENXIO the number is taken, EBUSY the name or uuid is
   */
  create(
    name: string,
    uuid: string,
    minor: number | undefined,
    make: (number: DeviceNumber) => SimulatedDevice,
  ): SimulatedDevice {
    this.checkName(name);
    let free = minor ?? 0;
    if (minor === undefined) while (this.#devices.has(free)) free++;
    if (free >= MAX_MINORS || this.#devices.has(free)) throw new Refusal(ERRNO.ENXIO);
    if (this.byName(name) !== undefined) throw new Refusal(ERRNO.EBUSY);
    if (uuid !== '' && this.byUuid(uuid) !== undefined) throw new Refusal(ERRNO.EBUSY);
    const device = make({ major: this.#major, minor: free });
    this.#devices.set(free, device);
    return device;
  }

  /** Takes a device out of all indices. */
  delete(device: SimulatedDevice): void {
    this.#devices.delete(device.number.minor);
  }

  /** A block device that a table may be put on. @throws Refusal ENXIO when there is none with a disk */
  blockDevice(number: DeviceNumber): BlockDevice {
    const device = this.byNumber(number);
    const found = device?.diskAdded === true ? device : this.#disks.get(deviceKey(number));
    if (found === undefined) throw new Refusal(ERRNO.ENXIO);
    return found;
  }

  /** A block device by a disk's path, or `/dev/dm-N`. @throws Refusal that nothing is there */
  blockDeviceAt(path: string): BlockDevice {
    const disk = this.#paths.get(path);
    if (disk !== undefined) return disk;
    const minor = /^\/dev\/dm-(\d+)$/.exec(path)?.[1];
    const device = minor === undefined ? undefined : this.#devices.get(Number(minor));
    if (device?.diskAdded !== true) throw new Refusal(this.#facts.missingPathErrno);
    return device;
  }

  /** The models of all tables that there are. */
  *models(): Generator<Model> {
    for (const { live, inactive, dying } of this.#devices.values()) {
      for (const table of [live, inactive, dying]) for (const { model } of table?.targets ?? []) yield model;
    }
  }

  /** What the table of a device may be put on. */
  deviceLookup(device: SimulatedDevice): Pick<TableContext, 'deviceAt' | 'deviceAtPath'> {
    const { refusesSelf } = this.#facts;
    const unlessSelf = (found: BlockDevice): BlockDevice => {
      if (refusesSelf && found === device) throw new Refusal(ERRNO.EINVAL);
      return found;
    };
    return {
      deviceAt: (number) => {
        // Before it looks for a disk: this one may have none yet.
        const asked = this.byNumber(number);
        if (asked !== undefined) unlessSelf(asked);
        return this.blockDevice(number);
      },
      deviceAtPath: (path) => unlessSelf(this.blockDeviceAt(path)),
    };
  }

  /** How many hold the device open: each device on top counts once for its read-only and once for its other tables. */
  openCount(device: SimulatedDevice): number {
    let count = device.openers;
    for (const { live, inactive, dying } of this.#devices.values()) {
      const modes = new Set<boolean>();
      for (const table of [live, inactive, dying]) {
        const readOnly = table?.opensReadOnly(device);
        if (readOnly !== undefined) modes.add(readOnly);
      }
      count += modes.size;
    }
    return count;
  }
}
