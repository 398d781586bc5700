import type { DeviceInfo } from '../mapper/device-info.ts';
import type { DeviceRef } from '../mapper/device-ref.ts';
import type { TableLine } from '../mapper/table-line.ts';
import { sectors } from '../mapper/units.ts';
import type { Target } from '../targets/target.ts';
import { activate, activateNew } from './graph/activate.ts';
import { type DesiredDevice, sizeOfTable, tableOf } from './graph/desired.ts';
import { type DeviceOptions, hostOf } from './host.ts';
import { ManagedDevice } from './managed-device.ts';
import type { Mapper } from './mapper.ts';
import type { SwapOptions } from './swap/apply-swap.ts';

/** Targets one after another, each with its length in sectors. */
export type Segments = readonly (readonly [target: Pick<Target, 'tableLine'>, length: bigint | number])[];

/** A device of segments: areas of other devices (`linear`), and for tests `flakey`, `error`, `zero` and any other. */
export class LinearDevice extends ManagedDevice {
  /**
   * Makes the device, or takes the one that has this name, uuid and table already.
   *
   * @throws UsageError when a device of this name is another; and as `activate`
   */
  static async setup(dm: Mapper, device: DesiredDevice, options: DeviceOptions = {}): Promise<LinearDevice> {
    const number = (await activate(dm, [device], options)).numberOf(device.name);
    return new LinearDevice(hostOf(dm, options), device.name, number);
  }

  /** Makes a device that is not there. @throws UsageError when there is one of this name; and as `activate` */
  static async create(dm: Mapper, device: DesiredDevice, options: DeviceOptions = {}): Promise<LinearDevice> {
    return new LinearDevice(hostOf(dm, options), device.name, await activateNew(dm, device, options));
  }

  /** A device that is there. @throws DmError ENXIO when there is none */
  static async open(dm: Mapper, ref: DeviceRef, options: DeviceOptions = {}): Promise<LinearDevice> {
    const { name, number } = await dm.info(ref);
    return new LinearDevice(hostOf(dm, options), name, number);
  }

  /** Gives it another table, or leaves it running with the one it has; see `swapTable`. */
  async setTable(table: readonly TableLine[], options: SwapOptions = {}): Promise<DeviceInfo> {
    return this.swap({ table }, options);
  }

  /** Adds segments at its end; see `setTable`. */
  async extend(segments: Segments, options: SwapOptions = {}): Promise<DeviceInfo> {
    // There may be keys in it.
    const table = await this.host.dm.table({ name: this.name }, { secure: true });
    const end = sizeOfTable(table);
    const added = tableOf(...segments).map((line) => ({ ...line, start: sectors(end + line.start) }));
    return this.setTable([...table, ...added], options);
  }
}
