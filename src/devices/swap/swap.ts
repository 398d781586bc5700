import type { DeviceInfo } from '../../mapper/device-info.ts';
import type { DeviceRef } from '../../mapper/device-ref.ts';
import { hostOf } from '../host.ts';
import type { Mapper } from '../mapper.ts';
import { deepSurvey } from '../survey.ts';
import { applySwap, type SwapOptions } from './apply-swap.ts';
import { planSwap, type SwapPlan, type SwapState, type WantedTable } from './plan-swap.ts';

/** What a swap needs to know of a device. */
export async function swapState(dm: Mapper, ref: DeviceRef): Promise<SwapState> {
  const { name, number, suspended, inactive, readOnly } = await dm.info(ref);
  return { name, number, suspended, inactive, readOnly, table: await dm.table(number, { secure: true }) };
}

/**
 * Looks at a device and plans another table for it; nothing is changed. `plan.toString()` is for people, `applySwap` does
 * it.
 *
 * @throws as `planSwap`
 */
export async function prepareSwap(
  dm: Mapper,
  ref: DeviceRef,
  wanted: WantedTable,
  { check = true, ...options }: SwapOptions = {},
): Promise<SwapPlan> {
  const host = hostOf(dm, options);
  const before = await swapState(dm, ref);
  const found = check ? await deepSurvey(host, wanted.table) : undefined;
  return planSwap(before, wanted, found);
}

/**
 * Gives a device another table, or says why not and leaves it running with the old one. A device that was suspended runs
 * afterwards, whatever becomes of the swap.
 *
 * @example
 * await swapTable(dm, { name: 'vol' }, { table: parseTable('0 2048 linear /dev/sdb 0') });
 *
 * @throws UsageError before anything is done, see `planSwap`; SwapError, see `applySwap`
 */
export async function swapTable(
  dm: Mapper,
  ref: DeviceRef,
  wanted: WantedTable,
  options: SwapOptions = {},
): Promise<DeviceInfo> {
  return applySwap(dm, await prepareSwap(dm, ref, wanted, options), options);
}
