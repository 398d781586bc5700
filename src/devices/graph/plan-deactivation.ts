import type { DeviceNumber } from '../../kernel/dm-ioctl.ts';
import type { NamedDevice } from '../../mapper/nodes.ts';
import { keyOf } from '../table-uses.ts';

/** A device and those that its tables use, the inactive one's too. */
export interface StackedDevice extends NamedDevice {
  readonly uses: readonly DeviceNumber[];
}

/** The devices in the order of their removal: each before those that it uses. */
export function planDeactivation(devices: readonly StackedDevice[]): StackedDevice[] {
  const byNumber = new Map(devices.map((device) => [keyOf(device.number), device]));
  const belowFirst = new Set<StackedDevice>();
  const seen = new Set<StackedDevice>();
  const visit = (device: StackedDevice): void => {
    // A circle is nothing to plan for: the kernel says who holds whom.
    if (seen.has(device)) return;
    seen.add(device);
    for (const number of device.uses) {
      const used = byNumber.get(keyOf(number));
      if (used !== undefined) visit(used);
    }
    belowFirst.add(device);
  };
  for (const device of devices) visit(device);
  return [...belowFirst].reverse();
}
