import { DmError } from '../../mapper/errors.ts';
import { withChanges } from '../changes.ts';
import { type DeviceOptions, type Host, hostOf } from '../host.ts';
import type { Mapper } from '../mapper.ts';
import { planDeactivation, type StackedDevice } from './plan-deactivation.ts';

/**
 * Removes devices, those on top first; tries again while somebody who will let go, such as udev, has one open. Names
 * that no device has are nothing to complain of.
 *
 * @throws DeviceBusyError who holds a device; it and those under it are still there, those above are gone. The signal's
 *   reason
 */
export async function deactivate(dm: Mapper, names: readonly string[], options: DeviceOptions = {}): Promise<void> {
  const host = hostOf(dm, options);
  // One alone has no order to be asked for.
  const devices = names.length > 1 ? planDeactivation(await allStacked(host, names)) : names.map((name) => ({ name }));
  await withChanges(host, async (changes) => {
    for (const device of devices) await changes.remove(device);
  });
}

async function allStacked(host: Host, names: readonly string[]): Promise<StackedDevice[]> {
  const devices: StackedDevice[] = [];
  for (const name of names) {
    const device = await stacked(host, name);
    if (device !== undefined) devices.push(device);
  }
  return devices;
}

async function stacked({ dm }: Host, name: string): Promise<StackedDevice | undefined> {
  try {
    const { number, inactive } = await dm.info({ name });
    const waiting = inactive ? await dm.dependencies(number, { inactive: true }) : [];
    return { name, number, uses: [...(await dm.dependencies(number)), ...waiting] };
  } catch (error) {
    if (DmError.is(error, 'ENXIO')) return undefined;
    throw error;
  }
}
