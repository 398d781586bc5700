import type { DeviceNumber } from '../kernel/dm-ioctl.ts';
import type { DeviceInfo } from '../mapper/device-info.ts';
import { DmParseError } from '../mapper/errors.ts';
import type { SuspendOptions } from '../mapper/options.ts';
import { type SuspendGuard, suspendGuarded } from '../mapper/suspend-guard.ts';
import type { TableLine } from '../mapper/table-line.ts';
import { type Sectors, sectors } from '../mapper/units.ts';
import { withChanges } from './changes.ts';
import { deactivate } from './graph/deactivate.ts';
import { sizeOfTable } from './graph/desired.ts';
import type { DeviceOptions, Host } from './host.ts';
import type { SwapOptions } from './swap/apply-swap.ts';
import type { SwapPlan, WantedTable } from './swap/plan-swap.ts';
import { prepareSwap, swapTable } from './swap/swap.ts';

/**
 * A device of the kernel's under its name. Nothing of its state is remembered here: tables, sizes and states are asked
 * for, so they cannot be out of date.
 *
 * Disposal (`await using`) removes the device and the devices that were made for it; after `keep()` it does nothing.
 */
export abstract class ManagedDevice implements AsyncDisposable {
  readonly number: DeviceNumber;
  /** For the classes of this room. */
  protected readonly host: Host;
  #name: string;
  #kept = false;

  protected constructor(host: Host, name: string, number: DeviceNumber) {
    this.host = host;
    this.#name = name;
    this.number = number;
  }

  get name(): string {
    return this.#name;
  }

  /** See `DeviceMapper.info`. */
  async info(): Promise<DeviceInfo> {
    return this.host.dm.info({ name: this.#name });
  }

  /** The live table; see `DeviceMapper.table`. */
  async table(): Promise<TableLine[]> {
    return this.host.dm.table({ name: this.#name });
  }

  /** The size of the live table. */
  async size(): Promise<Sectors> {
    return sectors(sizeOfTable(await this.table()));
  }

  /** See `DeviceMapper.suspend`. */
  async suspend(options: SuspendOptions = {}): Promise<DeviceInfo> {
    return this.host.dm.suspend({ name: this.#name }, options);
  }

  /** Lets I/O go on after `suspend`. A table that somebody else has loaded becomes live; see `DeviceMapper.resume`. */
  async resume(options: SuspendOptions = {}): Promise<DeviceInfo> {
    return withChanges(this.host, (changes) => changes.resume(this, options));
  }

  /** Suspends the device until the guard is disposed of; see `DeviceMapper.suspended`. */
  async suspended(options: SuspendOptions = {}): Promise<SuspendGuard> {
    return suspendGuarded(this.host.dm, { name: this.#name }, options);
  }

  /** Renames the device; nothing is done when it has that name. @throws DmError EBUSY when the name is taken */
  async rename(newName: string): Promise<void> {
    if (newName === this.#name) return;
    await withChanges(this.host, async (changes) => {
      await changes.rename(this, newName);
      // From here on, whatever becomes of the nodes.
      this.#name = newName;
    });
  }

  /**
   * Plans another table for the device, to be shown or given to `applySwap`; nothing is changed.
   *
   * @throws UsageError, see `planSwap`
   */
  async planTable(wanted: WantedTable, options: SwapOptions = {}): Promise<SwapPlan> {
    return prepareSwap(this.host.dm, { name: this.#name }, wanted, { ...this.host.options, ...options });
  }

  /** Lets the device and those under it stay: disposal does nothing any more. */
  keep(): this {
    this.#kept = true;
    return this;
  }

  /** Removes the device and those that were made for it, the last first; see `deactivate`. */
  async teardown(options: DeviceOptions = {}): Promise<void> {
    await deactivate(this.host.dm, this.madeNames(), { ...this.host.options, ...options });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#kept) await this.teardown();
  }

  /** The names of the device and of those that were made for it. */
  protected madeNames(): string[] {
    return [this.#name];
  }

  protected async swap(wanted: WantedTable, options: SwapOptions = {}): Promise<DeviceInfo> {
    return swapTable(this.host.dm, { name: this.#name }, wanted, { ...this.host.options, ...options });
  }
}

/** The only line of a table. @throws DmParseError when it is not of this type, or not alone */
export function onlyLine(table: readonly TableLine[], type: string, name: string): TableLine {
  const [line] = table;
  if (line === undefined || table.length !== 1 || line.type !== type) {
    throw new DmParseError(`${name} has no table of one ${type}`, table.map((each) => each.type).join(' '), 1);
  }
  return line;
}
