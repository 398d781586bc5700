import type { DeviceInfo } from '../../mapper/device-info.ts';
import { DmError } from '../../mapper/errors.ts';
import type { NamedDevice } from '../../mapper/nodes.ts';
import type { TableLine } from '../../mapper/table-line.ts';
import { withChanges } from '../changes.ts';
import type { Host } from '../host.ts';
import { Journal, twice } from '../journal.ts';
import { applySwap, sameText } from './apply-swap.ts';
import type { SwapState, WantedTable } from './plan-swap.ts';
import { prepareSwap, swapState, swapTable } from './swap.ts';
import { SwapError } from './swap-error.ts';

/**
 * Gives a device that another stands on a new table, and then the other one: the upper one is held still meanwhile, so
 * that it never finds the lower one to have changed under it.
 *
 * Nothing of it is left when it fails: the lower device has its old table and both run.
 *
 * @param tableAbove the upper device's table once the lower one has changed
 * @throws UsageError, SwapError; RollbackError when the lower device keeps its new table, or the
 *   upper one stays suspended
 */
export async function swapUnder(
  host: Host,
  above: NamedDevice,
  below: NamedDevice,
  { wantedBelow, tableAbove }: { readonly wantedBelow: WantedTable; readonly tableAbove: readonly TableLine[] },
): Promise<DeviceInfo> {
  const before = await swapState(host.dm, below.number);
  const beforeAbove = await swapState(host.dm, above.number);
  const lower = await prepareSwap(host.dm, below.number, wantedBelow, host.options);
  // What is begun is ended or undone.
  const { signal, ...options } = host.options;
  const steady: Host = { ...host, options };
  signal?.throwIfAborted();
  const journal = new Journal();
  journal.record(`${above.name}, suspended`, () => ensureRunning(steady, beforeAbove));
  try {
    await host.dm.suspend(above.number);
    await applySwap(host.dm, lower, options);
    journal.record(`${below.name} with its new table`, async () => {
      await host.dm.suspend(above.number);
      const { table, readOnly } = before;
      await swapTable(host.dm, below.number, { table, readOnly, secure: true }, { ...options, check: false });
    });
    // Planned now: the sizes below are those of the new table.
    const upper = await prepareSwap(host.dm, above.number, { table: tableAbove }, options);
    return await applySwap(host.dm, upper, options);
  } catch (error) {
    const failure = await journal.rollBack(error);
    // It tells what state the upper device was in before the lower one had its old table again.
    throw failure === error && error instanceof SwapError && error.device === above.name
      ? new SwapError(error, above.name, 'runs-old')
      : failure;
  }
}

/** Has a device run with the table that it had: over the lower one's new table it may not have gone back to it. */
async function ensureRunning(host: Host, before: SwapState): Promise<void> {
  const { suspended, table } = await twice(() => swapState(host.dm, before.number));
  if (!suspended) return;
  if (sameText(table, before.table)) await withChanges(host, (changes) => changes.resume(before));
  else {
    const saved = { table: before.table, readOnly: before.readOnly, secure: true };
    await swapTable(host.dm, before.number, saved, { ...host.options, check: false });
  }
}

/** A device under another, as one of device-mapper's. @returns undefined when it is none */
export async function mappedDevice({ dm }: Host, number: NamedDevice['number']): Promise<NamedDevice | undefined> {
  try {
    const { name } = await dm.info(number);
    return { name, number };
  } catch (error) {
    if (DmError.is(error, 'ENXIO')) return undefined;
    throw error;
  }
}
