import type { Machine } from '../devices/machine.ts';
import { sectors } from '../mapper/units.ts';
import { Refusal } from './errors.ts';
import type { SimulatedKernel } from './kernel.ts';

/**
 * What stands around a simulated kernel, for `devicemapper/devices`: its devices' sizes and its clock. There are no
 * paths, no nodes and no udev, and who holds a device is not known.
 */
export function simulatedMachine(kernel: SimulatedKernel): Machine {
  return {
    numberOf: () => undefined,
    sizeOf(number) {
      try {
        return sectors(kernel.registry.blockDevice(number).sizeSectors);
      } catch (error) {
        if (error instanceof Refusal) return undefined;
        throw error;
      }
    },
    holders: async () => [],
    updateNodes: () => undefined,
    udev: { state: () => 'absent' },
    clock: kernel.clock,
  };
}
