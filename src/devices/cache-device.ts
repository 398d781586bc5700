import type { DeviceInfo } from '../mapper/device-info.ts';
import { type DeviceRef, numberIn } from '../mapper/device-ref.ts';
import { UsageError } from '../mapper/errors.ts';
import type { NamedDevice } from '../mapper/nodes.ts';
import type { StatusOptions, WaitOptions } from '../mapper/options.ts';
import type { TableLine } from '../mapper/table-line.ts';
import { sectors } from '../mapper/units.ts';
import { deviceText } from '../targets/device.ts';
import { cache } from '../targets/index.ts';
import {
  type CacheMode,
  type CachePolicy,
  type CacheSettings,
  type CacheStatus,
  cacheTable,
  changedCacheTable,
  dirtyBlocks,
  policyOf,
} from './cache-table.ts';
import { deviceExists } from './exists.ts';
import { activate } from './graph/activate.ts';
import { type DesiredDevice, sizeOfTable } from './graph/desired.ts';
import { nodePath } from './graph/names.ts';
import type { ActivationChecks } from './graph/plan-activation.ts';
import { type DeviceOptions, type Host, hostOf } from './host.ts';
import { ManagedDevice, onlyLine } from './managed-device.ts';
import type { Mapper } from './mapper.ts';
import type { SwapOptions } from './swap/apply-swap.ts';
import { mappedDevice, swapUnder } from './swap/swap-under.ts';

/** A cache and the three devices under it, which are made and removed with it. */
export interface DesiredCache extends CacheSettings {
  readonly name: string;
  readonly uuid?: string;
  /** Where it is kept which blocks are cached. For a new cache its first 4096 bytes must be zeros. */
  readonly metadata: DesiredDevice;
  /** The fast device. */
  readonly cache: DesiredDevice;
  /** The slow device; its size is the cache's. */
  readonly origin: DesiredDevice;
}

const FIRST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 500;

/** A slow device with blocks of it kept on a fast one (drivers/md/dm-cache-target.c). */
export class CacheDevice extends ManagedDevice {
  readonly #made: readonly string[];

  /**
   * Makes the cache and the devices under it, or takes those that have these names, uuids and tables already.
   *
   * @throws UsageError when a device of these names is another; UsageError, RangeError for words and numbers that no cache
   *   can have; as `activate`
   */
  static async setup(dm: Mapper, desired: DesiredCache, options: DeviceOptions = {}): Promise<CacheDevice> {
    return CacheDevice.#activate(dm, desired, options);
  }

  /** Makes a cache and the devices under it, none of which is there. @throws UsageError when one is; and as `setup` */
  static async create(dm: Mapper, desired: DesiredCache, options: DeviceOptions = {}): Promise<CacheDevice> {
    return CacheDevice.#activate(dm, desired, { ...options, existing: 'refuse' });
  }

  static async #activate(
    dm: Mapper,
    desired: DesiredCache,
    options: DeviceOptions & ActivationChecks,
  ): Promise<CacheDevice> {
    const { name, uuid, metadata, cache: fast, origin } = desired;
    const paths = { metadata: nodePath(metadata.name), cache: nodePath(fast.name), origin: nodePath(origin.name) };
    const table = cacheTable(desired, paths, sectors(sizeOfTable(origin.table)));
    const top: DesiredDevice = uuid === undefined ? { name, table } : { name, uuid, table };
    const number = (await activate(dm, [metadata, fast, origin, top], options)).numberOf(name);
    return new CacheDevice(hostOf(dm, options), { name, number }, [metadata.name, fast.name, origin.name]);
  }

  /** A cache that is there. Its teardown leaves the devices under it. @throws DmError ENXIO; DmParseError for no cache */
  static async open(dm: Mapper, ref: DeviceRef, options: DeviceOptions = {}): Promise<CacheDevice> {
    const device = await dm.info(ref);
    onlyLine(await dm.table(device.number), 'cache', device.name);
    return new CacheDevice(hostOf(dm, options), device, []);
  }

  private constructor(host: Host, { name, number }: NamedDevice, made: readonly string[]) {
    super(host, name, number);
    this.#made = made;
  }

  /** What the cache says of itself; it writes its metadata first unless `noflush`. */
  async status(options: StatusOptions = {}): Promise<CacheStatus> {
    const lines = await this.host.dm.status({ name: this.name }, options);
    return cache.status(onlyLine(lines, 'cache', this.name).params);
  }

  /** Changes where writes go. For `passthrough`, `clean` first. */
  async setMode(mode: CacheMode, options: SwapOptions = {}): Promise<DeviceInfo> {
    return this.swap({ table: changedCacheTable(await this.table(), this.name, { mode }) }, options);
  }

  /** Changes which blocks are cached. */
  async setPolicy(policy: CachePolicy, options: SwapOptions = {}): Promise<DeviceInfo> {
    return this.swap({ table: changedCacheTable(await this.table(), this.name, { policy }) }, options);
  }

  /**
   * Gives the slow device another table, and the cache its size.
   *
   * @throws UsageError when the slow device is none of device-mapper's; and as `swapUnder`
   */
  async setOriginTable(table: readonly TableLine[]): Promise<DeviceInfo> {
    return this.#setUnder('origin', table, { length: sectors(sizeOfTable(table)) });
  }

  /** Gives the fast device another table; see `setOriginTable`. */
  async setCacheTable(table: readonly TableLine[]): Promise<DeviceInfo> {
    return this.#setUnder('cache', table);
  }

  /**
   * Gives the metadata device another table; see `setOriginTable`. Of a longer one the kernel uses no more than before
   * (drivers/md/dm-cache-metadata.c has no resize of it).
   */
  async setMetadataTable(table: readonly TableLine[]): Promise<DeviceInfo> {
    return this.#setUnder('metadata', table);
  }

  async #setUnder(
    part: 'origin' | 'cache' | 'metadata',
    table: readonly TableLine[],
    change: Parameters<typeof changedCacheTable>[2] = {},
  ): Promise<DeviceInfo> {
    const now = await this.table();
    const text = deviceText(cache.parse(onlyLine(now, 'cache', this.name).params).values[part]);
    const number = numberIn(text);
    const below = number && (await mappedDevice(this.host, number));
    if (below === undefined) {
      throw new UsageError(`The ${part} device ${text} of ${this.name} is none of device-mapper's: it has no table`);
    }
    const tableAbove = changedCacheTable(now, this.name, change);
    return swapUnder(this.host, this, below, { wantedBelow: { table }, tableAbove });
  }

  /**
   * Writes everything that only the cache has to the origin: with the policy `cleaner`, until no block is dirty. The
   * policy stays `cleaner`, with which no block becomes dirty again; `setPolicy` gives it another.
   *
   * @throws DmParseError when the cache has failed; the signal's reason, with the policy as it was
   */
  async clean({ signal = this.host.options.signal }: WaitOptions = {}): Promise<void> {
    signal?.throwIfAborted();
    const before = policyOf(await this.table(), this.name);
    if (before.policy !== 'cleaner') await this.setPolicy({ policy: 'cleaner' });
    try {
      const { clock } = this.host.machine;
      for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
        if (dirtyBlocks(await this.status(), this.name) === 0n) return;
        await clock.sleep(pause, signal);
        signal?.throwIfAborted();
      }
    } catch (error) {
      if (before.policy !== 'cleaner') await this.setPolicy(before);
      throw error;
    }
  }

  /**
   * Removes the cache and the devices that were made for it. What only the cache has is written to the origin first,
   * which may take as long as the cache is large; `clean: false` leaves it to the next who makes the cache of these devices.
   *
   * @throws as `clean` and `deactivate`
   */
  override async teardown({
    clean = true,
    ...options
  }: DeviceOptions & { readonly clean?: boolean } = {}): Promise<void> {
    if (clean && (await this.#isDirty())) await this.clean(options);
    await super.teardown(options);
  }

  async #isDirty(): Promise<boolean> {
    return (await deviceExists(this.host.dm, this.name)) && dirtyBlocks(await this.status(), this.name) > 0n;
  }

  protected override madeNames(): string[] {
    return [this.name, ...this.#made];
  }
}
