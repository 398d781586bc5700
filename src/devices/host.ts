import type { NodeOptions } from '../mapper/node-folder.ts';
import type { WaitOptions } from '../mapper/options.ts';
import { type Machine, systemMachine } from './machine.ts';
import type { Mapper } from './mapper.ts';

/** How devices are changed. */
export interface DeviceOptions extends WaitOptions {
  /** Milliseconds for udev to handle the changes; 180 000 when not given. */
  readonly udevDeadlineMs?: number;
  /** Milliseconds in which a removal is tried again while somebody holds the device; 5 000 when not given. */
  readonly removeDeadlineMs?: number;
  /** Of the nodes that are made where udev does not make them; false: none are made. */
  readonly nodes?: NodeOptions | false;
  /** What stands around device-mapper; the machine's own where not given. */
  readonly machine?: Partial<Machine>;
}

/** Device-mapper with what stands around it. */
export interface Host {
  readonly dm: Mapper;
  readonly machine: Machine;
  readonly options: DeviceOptions;
}

export function hostOf(dm: Mapper, options: DeviceOptions = {}): Host {
  return { dm, machine: { ...systemMachine, ...options.machine }, options };
}
