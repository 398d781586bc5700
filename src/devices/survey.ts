import type { DeviceNumber } from '../kernel/dm-ioctl.ts';
import { numberIn } from '../mapper/device-ref.ts';
import { DmError } from '../mapper/errors.ts';
import type { TableLine } from '../mapper/table-line.ts';
import type { Sectors } from '../mapper/units.ts';
import type { Device } from '../targets/device.ts';
import type { Host } from './host.ts';
import type { Machine } from './machine.ts';
import { keyOf, usesOf } from './table-uses.ts';

/** What is known of the devices that tables use. */
export interface Survey {
  numberOf(device: Device): DeviceNumber | undefined;
  sizeOf(device: Device): Sectors | undefined;
}

/** What is known of the devices that a table uses, and of those under them. */
export interface DeepSurvey extends Survey {
  /** What each device-mapper device under the table uses, by `major:minor`. */
  readonly below: ReadonlyMap<string, readonly DeviceNumber[]>;
}

/** Looks at each device that it is asked about, once. */
export function survey(machine: Pick<Machine, 'numberOf' | 'sizeOf'>): Survey {
  const known = new Map<Device, DeviceNumber | undefined>();
  const numberOf = (device: Device): DeviceNumber | undefined => {
    if (typeof device !== 'string') return device;
    if (!known.has(device)) known.set(device, numberIn(device) ?? machine.numberOf(device));
    return known.get(device);
  };
  const sizes = new Map<string, Sectors | undefined>();
  const sizeOf = (device: Device): Sectors | undefined => {
    const number = numberOf(device);
    if (number === undefined) return undefined;
    const key = keyOf(number);
    if (!sizes.has(key)) sizes.set(key, machine.sizeOf(number));
    return sizes.get(key);
  };
  return { numberOf, sizeOf };
}

/** Looks at the devices that a table uses, and at those under them. */
export async function deepSurvey({ dm, machine }: Host, table: readonly TableLine[]): Promise<DeepSurvey> {
  const found = survey(machine);
  const below = new Map<string, readonly DeviceNumber[]>();
  const look = async (number: DeviceNumber): Promise<void> => {
    if (below.has(keyOf(number))) return;
    const under = await dependenciesOf({ dm }, number);
    below.set(keyOf(number), under);
    for (const one of under) await look(one);
  };
  for (const { device } of table.flatMap(usesOf)) {
    const number = found.numberOf(device);
    if (number !== undefined) await look(number);
  }
  return { ...found, below };
}

/** What a block device uses: nothing when it is none of device-mapper's. */
async function dependenciesOf({ dm }: Pick<Host, 'dm'>, number: DeviceNumber): Promise<readonly DeviceNumber[]> {
  try {
    return await dm.dependencies(number);
  } catch (error) {
    if (DmError.is(error, 'ENXIO')) return [];
    throw error;
  }
}

/** The way down from `from` to `to`, both with it; undefined when there is none. */
export function pathBetween({ below }: DeepSurvey, from: DeviceNumber, to: DeviceNumber): DeviceNumber[] | undefined {
  const seen = new Set<string>();
  const walk = (at: DeviceNumber): DeviceNumber[] | undefined => {
    if (keyOf(at) === keyOf(to)) return [at];
    if (seen.has(keyOf(at))) return undefined;
    seen.add(keyOf(at));
    for (const next of below.get(keyOf(at)) ?? []) {
      const rest = walk(next);
      if (rest !== undefined) return [at, ...rest];
    }
    return undefined;
  };
  return walk(from);
}
