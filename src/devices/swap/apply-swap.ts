import type { DeviceInfo } from '../../mapper/device-info.ts';
import { DmError } from '../../mapper/errors.ts';
import type { SuspendOptions } from '../../mapper/options.ts';
import type { TableLine } from '../../mapper/table-line.ts';
import { type Changes, withChanges } from '../changes.ts';
import { type DeviceOptions, hostOf } from '../host.ts';
import { twice } from '../journal.ts';
import type { Mapper } from '../mapper.ts';
import type { SwapPlan } from './plan-swap.ts';
import { type StateAfterSwap, SwapError } from './swap-error.ts';

/** How a table is swapped. */
export interface SwapOptions extends DeviceOptions, Omit<SuspendOptions, 'signal'> {
  /** Whether the table is compared with the devices under it first, see `planSwap`; true when not given. */
  readonly check?: boolean;
}

/**
 * Does what `planSwap` says. When the new table does not start, the old one is live again: put back, where the kernel
 * has thrown it away already (it does not restore by itself, drivers/md/dm-ioctl.c, `do_resume`).
 *
 * @throws SwapError what the kernel refused and what state the device is in; the signal's reason, with the old table
 *   unless it fires while udev is waited for; then, and when that wait fails, the new table is live
 */
export async function applySwap(dm: Mapper, plan: SwapPlan, options: SwapOptions = {}): Promise<DeviceInfo> {
  const { signal, ...unbroken } = options;
  signal?.throwIfAborted();
  // The signal is not handed down: what has begun ends by itself, one way or the other.
  return withChanges(hostOf(dm, options), async (changes) => {
    let device: DeviceInfo | undefined;
    try {
      for (const step of plan.steps) {
        if (step.step === 'load') {
          await dm.load(plan.before.number, step.table, step);
          signal?.throwIfAborted();
        } else {
          device = await changes.resume(plan.before, unbroken);
        }
      }
    } catch (error) {
      const state = await settle(dm, changes, plan);
      throw error instanceof DmError ? new SwapError(error, plan.before.name, state) : error;
    }
    return device ?? dm.info(plan.before.number);
  });
}

/** Gets a device going again. */
async function settle(dm: Mapper, changes: Changes, plan: SwapPlan): Promise<StateAfterSwap> {
  try {
    return await twice(() => settleOnce(dm, changes, plan));
  } catch (error) {
    if (!(error instanceof DmError)) throw error;
    return stateOf(dm, plan);
  }
}

async function settleOnce(dm: Mapper, changes: Changes, { before, saved }: SwapPlan): Promise<StateAfterSwap> {
  const { number } = before;
  const { inactive, active, suspended } = await dm.info(number);
  // Not resumed: nobody else's resume is to make it live by surprise.
  if (inactive) await dm.clear(number);
  if (!active) return 'without-table';
  const live = await dm.table(number, { secure: true });
  const isOld = sameText(live, before.table);
  if (isOld && !suspended) return 'runs-old';
  if (!isOld) {
    if (saved === undefined) return 'suspended-new';
    await dm.load(number, saved.table, { readOnly: saved.readOnly, secure: true });
  }
  // Also when it was suspended before: that is what a swap is for.
  await changes.resume(before);
  return 'runs-old';
}

async function stateOf(dm: Mapper, { before }: SwapPlan): Promise<StateAfterSwap> {
  try {
    const { suspended, inactive, active } = await twice(() => dm.info(before.number));
    if (inactive) await twice(() => dm.clear(before.number));
    if (!active) return 'without-table';
    const isOld = sameText(await twice(() => dm.table(before.number, { secure: true })), before.table);
    if (!suspended) return isOld ? 'runs-old' : 'unknown';
    return isOld ? 'suspended-old' : 'suspended-new';
  } catch (error) {
    if (error instanceof DmError) return 'unknown';
    throw error;
  }
}

/** Whether two texts of the same kernel are one table. */
export function sameText(one: readonly TableLine[], other: readonly TableLine[]): boolean {
  return (
    one.length === other.length &&
    one.every(({ start, length, type, params }, index) => {
      const line = other[index];
      return line?.start === start && line.length === length && line.type === type && line.params === params;
    })
  );
}
