/** What the tests of devices share: places where they stand, and calls that fail one after the other. */

import type { DeviceOptions, Machine } from '../../src/devices/index.ts';
import type { DeviceNumber } from '../../src/kernel/dm-ioctl.ts';
import { ERRNO } from '../../src/kernel/errno.ts';
import { DeviceMapper } from '../../src/mapper/device-mapper.ts';
import type { TableLine } from '../../src/mapper/table-line.ts';
import { type Sectors, sectors } from '../../src/mapper/units.ts';
import { SimulatedKernel, simulatedMachine } from '../../src/simulator/index.ts';
import type { Clock } from '../../src/system/clock.ts';
import { FakeMapper } from './fake-mapper.ts';

export function line(length: number, type: string, params = '', start = 0): TableLine {
  return { start: sectors(start), length: sectors(length), type, params };
}

/** Time that passes as soon as somebody waits for it. */
function impatientClock(): Clock {
  let now = 0;
  return {
    now: () => now,
    async sleep(ms) {
      now += ms;
    },
  };
}

/** A machine without udev, of which the nodes are only noted down. */
function machine(sizeOf: Machine['sizeOf'], nodes: string[]): Machine {
  return {
    numberOf: () => undefined,
    sizeOf,
    holders: async () => [],
    updateNodes(devices, names) {
      for (const name of names) nodes.push(`${devices.some((one) => one.name === name) ? '+' : '-'}${name}`);
    },
    udev: { state: () => 'absent' },
    clock: impatientClock(),
  };
}

export interface Place {
  readonly options: DeviceOptions;
  /** What became of nodes, such as `+vol`. */
  readonly nodes: readonly string[];
}

/** A simulated kernel with a disk 8:0. */
export function simulated(diskSectors = 1000): Place & { readonly kernel: SimulatedKernel; readonly dm: DeviceMapper } {
  const kernel = new SimulatedKernel();
  kernel.addDisk({ sectors: diskSectors });
  const nodes: string[] = [];
  const { sizeOf } = simulatedMachine(kernel);
  return { kernel, dm: new DeviceMapper(kernel.openControl()), nodes, options: { machine: machine(sizeOf, nodes) } };
}

/** All that can be seen of a simulated kernel's devices, to be compared. */
export function seen(kernel: SimulatedKernel): unknown {
  const text = (table: SimulatedKernel['devices'][number]['live']): unknown =>
    table?.targets.map((target) => `${target.start} ${target.length} ${target.type} ${target.text('table')}`.trimEnd());
  return kernel.devices.map(({ name, uuid, live, inactive, suspended, readOnly }) => ({
    name,
    uuid,
    live: text(live),
    inactive: text(inactive),
    suspended,
    readOnly,
  }));
}

/** Device-mapper in memory, over disks 8:0 and 8:16 of 100 000 sectors. */
export function faked(): Place & { readonly dm: FakeMapper } {
  const dm = new FakeMapper();
  const nodes: string[] = [];
  const sizeOf = ({ major, minor }: DeviceNumber): Sectors | undefined => {
    if (major === 8) return sectors(100_000);
    const device = [...dm.devices.values()].find(({ number }) => number.minor === minor);
    const last = device?.live?.lines.at(-1);
    return last === undefined ? undefined : sectors(last.start + last.length);
  };
  return { dm, nodes, options: { machine: machine(sizeOf, nodes) } };
}

/**
 * Does something again and again, each time with another one of its calls failing, until it ends without reaching the
 * one that is to fail.
 *
 * @param check is told of each failure
 * @returns how many calls the operation makes
 */
export async function failEach<P>(
  make: () => Promise<P>,
  failNth: (place: P, n: number) => { reached(): boolean },
  operation: (place: P) => Promise<unknown>,
  check: (place: P, error: unknown, n: number) => void | Promise<void>,
): Promise<number> {
  for (let n = 1; ; n++) {
    const place = await make();
    const fault = failNth(place, n);
    let error: unknown;
    try {
      await operation(place);
    } catch (failure) {
      error = failure;
    }
    if (!fault.reached()) {
      if (error !== undefined) throw error;
      return n - 1;
    }
    await check(place, error, n);
  }
}

/** Lets the n-th ioctl from now on fail. */
export function failNthIoctl({ kernel }: { readonly kernel: SimulatedKernel }, n: number): { reached(): boolean } {
  let count = 0;
  kernel.onIoctl = () => (++count === n ? ERRNO.EIO : undefined);
  return { reached: () => count >= n };
}

/** Lets the n-th call from now on fail. */
export function failNthCall({ dm }: { readonly dm: FakeMapper }, n: number): { reached(): boolean } {
  let count = 0;
  dm.fail = () => (++count === n ? ERRNO.EIO : undefined);
  return { reached: () => count >= n };
}
