import type { DeviceInfo } from '../mapper/device-info.ts';
import type { NamedDevice } from '../mapper/nodes.ts';
import type { StatusOptions } from '../mapper/options.ts';
import { suspendGuarded } from '../mapper/suspend-guard.ts';
import type { TableLine } from '../mapper/table-line.ts';
import type { Sectors } from '../mapper/units.ts';
import { type Device, thin } from '../targets/index.ts';
import { alreadyThere, deviceExists } from './exists.ts';
import { activate, activateNew } from './graph/activate.ts';
import { type DeviceOptions, type Host, hostOf } from './host.ts';
import { Journal } from './journal.ts';
import { ManagedDevice, onlyLine } from './managed-device.ts';
import type { Mapper } from './mapper.ts';
import type { SwapOptions } from './swap/apply-swap.ts';
import type { ThinDevId } from './thin-dev-id.ts';
import type { ThinPool } from './thin-pool-device.ts';
import { externalOriginOf, type ThinStatus, thinTable } from './thin-table.ts';

/** A thin device that is to be. */
export interface DesiredThin {
  readonly name: string;
  readonly uuid?: string;
  readonly pool: ThinPool;
  readonly id: ThinDevId;
  /** It may be larger than the pool. */
  readonly size: Sectors;
  /** Read where nothing was written yet; nobody may change it meanwhile. */
  readonly externalOrigin?: Device;
}

/** A snapshot that is to be; of the same pool and, when not given, of its source's size. */
export type DesiredSnapshot = Omit<DesiredThin, 'pool' | 'size' | 'externalOrigin'> & { readonly size?: Sectors };

/**
 * A device that takes blocks from a pool as it is written (drivers/md/dm-thin.c). Disposal deactivates it: its contents
 * stay in the pool until `destroy`.
 */
export class ThinDevice extends ManagedDevice {
  readonly pool: ThinPool;
  readonly id: ThinDevId;

  /**
   * Makes a thin device with a new entry in the pool; when that fails, neither is left.
   *
   * @throws UsageError when there is a device of this name; DmError EEXIST when the pool has this number already; as
   *   `activate`
   */
  static async create(dm: Mapper, desired: DesiredThin, options: DeviceOptions = {}): Promise<ThinDevice> {
    const { pool, id } = desired;
    return ThinDevice.#withEntry(dm, desired, options, async (made) => {
      await pool.createThin(id);
      made();
    });
  }

  /**
   * Activates a thin device that the pool has, or takes the device that has this name, uuid and table already.
   *
   * @throws DmError ENODATA when the pool has no such number; UsageError when a device of this name is another
   */
  static async setup(dm: Mapper, desired: DesiredThin, options: DeviceOptions = {}): Promise<ThinDevice> {
    return ThinDevice.#activate(dm, desired, options, 'keep');
  }

  static async #withEntry(
    dm: Mapper,
    desired: DesiredThin,
    options: DeviceOptions,
    makeEntry: (made: () => void) => Promise<void>,
  ): Promise<ThinDevice> {
    const { pool, id } = desired;
    // First: a name that is taken must not cost the pool a number.
    if (await deviceExists(dm, desired.name)) throw alreadyThere(desired.name);
    const journal = new Journal();
    try {
      await makeEntry(() => journal.record(`thin device ${id} of ${pool.name}`, () => pool.deleteThin(id)));
      return await ThinDevice.#activate(dm, desired, options, 'refuse');
    } catch (error) {
      throw await journal.rollBack(error);
    }
  }

  static async #activate(
    dm: Mapper,
    { name, uuid, pool, id, size, externalOrigin }: DesiredThin,
    options: DeviceOptions,
    existing: 'keep' | 'refuse',
  ): Promise<ThinDevice> {
    const table = thinTable(pool.number, id, size, externalOrigin);
    const device = uuid === undefined ? { name, table } : { name, uuid, table };
    const number =
      existing === 'refuse'
        ? await activateNew(dm, device, options)
        : (await activate(dm, [device], options)).numberOf(name);
    return new ThinDevice(hostOf(dm, options), { name, number }, pool, id);
  }

  private constructor(host: Host, { name, number }: NamedDevice, pool: ThinPool, id: ThinDevId) {
    super(host, name, number);
    this.pool = pool;
    this.id = id;
  }

  /** What the device says of itself; the pool writes its metadata first unless `noflush`. */
  async status(options: StatusOptions = {}): Promise<ThinStatus> {
    const lines = await this.host.dm.status({ name: this.name }, options);
    return thin.status(onlyLine(lines, 'thin', this.name).params);
  }

  /** Gives it another table, such as one of another size; see `swapTable`. */
  async setTable(table: readonly TableLine[], options: SwapOptions = {}): Promise<DeviceInfo> {
    return this.swap({ table }, options);
  }

  /** Gives it another size. @throws DmParseError when its pool has failed; and as `swapTable` */
  async resize(size: Sectors, options: SwapOptions = {}): Promise<DeviceInfo> {
    const origin = externalOriginOf(await this.table(), this.name);
    return this.setTable(thinTable(this.pool.number, this.id, size, origin), options);
  }

  /**
   * Makes a snapshot, and activates it. The device is suspended for the moment, and runs again whatever becomes of it;
   * when the snapshot fails, nothing is left of it.
   *
   * @throws UsageError when there is a device of this name; DmError EEXIST when the pool has this number already; as
   *   `activate`
   */
  async snapshot(desired: DesiredSnapshot, options: DeviceOptions = {}): Promise<ThinDevice> {
    const { dm } = this.host;
    const whole: DesiredThin = { pool: this.pool, size: await this.size(), ...desired };
    const origin = externalOriginOf(await this.table(), this.name);
    const snapshot = origin === undefined ? whole : { ...whole, externalOrigin: origin };
    return ThinDevice.#withEntry(dm, snapshot, { ...this.host.options, ...options }, async (made) => {
      await using _ = await suspendGuarded(dm, { name: this.name }, {});
      await this.pool.createSnapshot(desired.id, this.id);
      // At once: the resume may fail, too.
      made();
    });
  }

  /**
   * Removes the device, and its contents from the pool.
   *
   * @throws as `deactivate`; DmError EBUSY when another device has its number too: then it is removed, its contents stay
   */
  async destroy(options: DeviceOptions = {}): Promise<void> {
    await this.teardown(options);
    this.keep();
    await this.pool.deleteThin(this.id);
  }
}
