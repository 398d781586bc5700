import type { ControlNode } from '../../src/mapper/control-node.ts';
import { type KernelRelease, SimulatedKernel } from '../../src/simulator/index.ts';
import { DISK_MAJOR, DISK_SECTORS, DISKS } from './generator.ts';

/** The targets that the lab's kernel has loaded when the tests begin, the last one first. */
export const LOADED_TARGETS = [
  'thin-pool',
  'thin',
  'mirror',
  'snapshot',
  'snapshot-origin',
  'flakey',
  'delay',
  'zero',
  'striped',
  'linear',
  'error',
];

/** A kernel that one sequence is run against, without any device of device-mapper at first, and none left at the end. */
export interface World extends AsyncDisposable {
  openControl(): ControlNode;
  /** Opens a device-mapper device's node. @throws when there is none */
  hold(minor: number): Disposable;
  /** Waits for what the kernel does behind the back of a deferred removal. */
  settle(): Promise<void>;
}

/** What a kernel of the lab is like: its release, device-mapper's major number, the targets that are loaded. */
export interface Surroundings {
  readonly kernel: KernelRelease;
  readonly major: number;
  readonly targets: readonly string[];
}

/** A simulated kernel in the same surroundings. */
export function simulatedWorld(surroundings: Surroundings): World {
  const simulated = new SimulatedKernel(surroundings);
  // Ram disks take discards since 6.12.
  const discards = surroundings.kernel === '6.12';
  for (let minor = 0; minor < DISKS; minor++) {
    simulated.addDisk({ sectors: DISK_SECTORS, number: { major: DISK_MAJOR, minor }, discards });
  }
  return {
    openControl: () => simulated.openControl(),
    hold: (minor) => simulated.hold({ major: surroundings.major, minor }),
    async settle() {},
    async [Symbol.asyncDispose]() {},
  };
}
