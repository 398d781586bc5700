import type { DeviceInfo } from '../mapper/device-info.ts';
import { type DeviceRef, numberIn } from '../mapper/device-ref.ts';
import { UsageError } from '../mapper/errors.ts';
import type { NamedDevice } from '../mapper/nodes.ts';
import type { StatusOptions } from '../mapper/options.ts';
import type { TableLine } from '../mapper/table-line.ts';
import { type DataBlocks, sectors } from '../mapper/units.ts';
import { deviceText } from '../targets/device.ts';
import { thinPool } from '../targets/index.ts';
import { activate } from './graph/activate.ts';
import { type DesiredDevice, sizeOfTable } from './graph/desired.ts';
import { nodePath } from './graph/names.ts';
import type { ActivationChecks } from './graph/plan-activation.ts';
import { type DeviceOptions, type Host, hostOf } from './host.ts';
import { ManagedDevice, onlyLine } from './managed-device.ts';
import type { Mapper } from './mapper.ts';
import {
  changedPoolTable,
  type PoolFeatures,
  type PoolSettings,
  type PoolState,
  type PoolStatus,
  poolState,
  poolTable,
} from './pool-table.ts';
import type { SwapOptions } from './swap/apply-swap.ts';
import { mappedDevice, swapUnder } from './swap/swap-under.ts';
import type { ThinDevId } from './thin-dev-id.ts';

/** A pool and the two devices under it, which are made and removed with it. */
export interface DesiredPool extends PoolSettings {
  readonly name: string;
  readonly uuid?: string;
  /** Where the mappings are kept. For a new pool its first 4096 bytes must be zeros. */
  readonly metadata: DesiredDevice;
  /** Where the blocks are; its size is the pool's. */
  readonly data: DesiredDevice;
}

/** A pool of blocks for thin devices (drivers/md/dm-thin.c). */
export class ThinPool extends ManagedDevice {
  readonly #made: readonly string[];

  /**
   * Makes the pool and the devices under it, or takes those that have these names, uuids and tables already; a pool of
   * other features or another low water mark is another one, see `open`.
   *
   * @throws UsageError when a device of these names is another; UsageError, RangeError for numbers that no pool can have;
   *   as `activate`
   */
  static async setup(dm: Mapper, pool: DesiredPool, options: DeviceOptions = {}): Promise<ThinPool> {
    return ThinPool.#activate(dm, pool, options);
  }

  /** Makes a pool and the devices under it, none of which is there. @throws UsageError when one is; and as `setup` */
  static async create(dm: Mapper, pool: DesiredPool, options: DeviceOptions = {}): Promise<ThinPool> {
    return ThinPool.#activate(dm, pool, { ...options, existing: 'refuse' });
  }

  static async #activate(dm: Mapper, pool: DesiredPool, options: DeviceOptions & ActivationChecks): Promise<ThinPool> {
    const { name, uuid, metadata, data } = pool;
    const length = sectors(sizeOfTable(data.table));
    const table = poolTable(pool, nodePath(metadata.name), nodePath(data.name), length);
    const top: DesiredDevice = uuid === undefined ? { name, table } : { name, uuid, table };
    const number = (await activate(dm, [metadata, data, top], options)).numberOf(name);
    return new ThinPool(hostOf(dm, options), name, number, [data.name, metadata.name]);
  }

  /** A pool that is there. Its teardown leaves the devices under it. @throws DmError ENXIO; DmParseError for no pool */
  static async open(dm: Mapper, ref: DeviceRef, options: DeviceOptions = {}): Promise<ThinPool> {
    const { name, number } = await dm.info(ref);
    onlyLine(await dm.table(number), 'thin-pool', name);
    return new ThinPool(hostOf(dm, options), name, number, []);
  }

  private constructor(host: Host, name: string, number: NamedDevice['number'], made: readonly string[]) {
    super(host, name, number);
    this.#made = made;
  }

  /** What the pool says of itself; it writes its metadata first unless `noflush`. */
  async status(options: StatusOptions = {}): Promise<PoolStatus> {
    const lines = await this.host.dm.status({ name: this.name }, options);
    return thinPool.status(onlyLine(lines, 'thin-pool', this.name).params);
  }

  /** What can be done with the pool now. */
  async state(options: StatusOptions = {}): Promise<PoolState> {
    return poolState(await this.status(options));
  }

  /** Changes features; those that are not given stay. */
  async setFeatures(features: PoolFeatures, options: SwapOptions = {}): Promise<DeviceInfo> {
    return this.swap({ table: changedPoolTable(await this.table(), this.name, { features }) }, options);
  }

  /** Sets below how many free blocks an event comes. */
  async setLowWaterMark(lowWaterMark: DataBlocks, options: SwapOptions = {}): Promise<DeviceInfo> {
    return this.swap({ table: changedPoolTable(await this.table(), this.name, { lowWaterMark }) }, options);
  }

  /**
   * Gives the data device another table, as a rule a longer one, and the pool its size.
   *
   * @throws UsageError when the data device is none of device-mapper's; and as `swapUnder`
   */
  async setDataTable(table: readonly TableLine[]): Promise<DeviceInfo> {
    const length = sectors(sizeOfTable(table));
    return this.#setUnder('data', table, changedPoolTable(await this.table(), this.name, { length }));
  }

  /** Gives the metadata device another table, as a rule a longer one; see `setDataTable`. */
  async setMetadataTable(table: readonly TableLine[]): Promise<DeviceInfo> {
    return this.#setUnder('metadata', table, await this.table());
  }

  async #setUnder(
    part: 'data' | 'metadata',
    table: readonly TableLine[],
    tableAbove: readonly TableLine[],
  ): Promise<DeviceInfo> {
    const below = await this.deviceUnder(part);
    return swapUnder(this.host, this, below, { wantedBelow: { table }, tableAbove });
  }

  /** The device under the pool that has its data, or its metadata. @throws UsageError when it is none of device-mapper's */
  async deviceUnder(part: 'data' | 'metadata'): Promise<NamedDevice> {
    const line = onlyLine(await this.table(), 'thin-pool', this.name);
    const text = deviceText(thinPool.parse(line.params).values[part]);
    const number = numberIn(text);
    const device = number && (await mappedDevice(this.host, number));
    if (device === undefined) {
      throw new UsageError(`The ${part} device ${text} of ${this.name} is none of device-mapper's: it has no table`);
    }
    return device;
  }

  /** Makes a thin device's entry in the pool; `ThinDevice.create` does it. @throws DmError EEXIST, EOPNOTSUPP */
  async createThin(id: ThinDevId): Promise<void> {
    await this.#message(thinPool.messages.create_thin({ id }));
  }

  /**
   * Makes the entry of a snapshot. The origin must be suspended if it is active; `ThinDevice.snapshot` does that.
   *
   * @throws DmError EEXIST, ENODATA for an origin that the pool does not have
   */
  async createSnapshot(id: ThinDevId, origin: ThinDevId): Promise<void> {
    await this.#message(thinPool.messages.create_snap({ id, origin }));
  }

  /** Frees a thin device's blocks and forgets it. @throws DmError ENODATA; EBUSY while it is active */
  async deleteThin(id: ThinDevId): Promise<void> {
    await this.#message(thinPool.messages.delete({ id }));
  }

  async #message(text: string): Promise<void> {
    // Messages commit the metadata: they wait for the disk.
    await this.host.dm.message({ name: this.name }, text, { mayWait: true });
  }

  protected override madeNames(): string[] {
    return [this.name, ...this.#made];
  }
}
