import type { DeviceNumber } from '../../kernel/dm-ioctl.ts';
import { UsageError } from '../../mapper/errors.ts';
import type { NamedDevice } from '../../mapper/nodes.ts';
import { checkTable, type TableLine } from '../../mapper/table-line.ts';
import { sectors } from '../../mapper/units.ts';
import { alreadyThere } from '../exists.ts';
import { sameTable } from '../same-table.ts';
import type { Survey } from '../survey.ts';
import { areaProblems, typeProblems } from '../table-problems.ts';
import { setOf, tableText } from '../text.ts';
import { type DesiredDevice, sizeOfTable } from './desired.ts';
import { byPath, namedIn, nodePath, withNumbers } from './names.ts';

/** A device that is there already. */
export interface ExistingDevice extends NamedDevice {
  readonly uuid: string;
  /** Its live table; empty when it has none. */
  readonly table: readonly TableLine[];
  readonly readOnly: boolean;
  readonly suspended: boolean;
}

/** One device of a plan: made, or left as it is. */
export type ActivationStep =
  | { readonly step: 'create'; readonly device: DesiredDevice }
  | { readonly step: 'keep'; readonly device: DesiredDevice; readonly number: DeviceNumber };

/** What will be done to have some devices, those that are used before those that use them. */
export class ActivationPlan {
  readonly steps: readonly ActivationStep[];

  constructor(steps: readonly ActivationStep[]) {
    this.steps = steps;
  }

  /** The plan in lines for people, without keys. */
  toString(): string {
    return this.steps
      .map(({ step, device: { name, uuid, table, readOnly } }) => {
        if (step === 'keep') return `keep ${name}: it has this table\n`;
        const facts = [...(uuid === undefined ? [] : [`uuid ${uuid}`]), ...(readOnly === true ? ['read-only'] : [])];
        return `create ${name}${facts.length === 0 ? '' : ` (${facts.join(', ')})`}, load and resume\n${tableText(table)}`;
      })
      .join('');
  }
}

/** What is to become of devices that are there already. */
export interface ActivationChecks {
  /** `keep` those that have the wanted table, or `refuse` all; `keep` when not given. */
  readonly existing?: 'keep' | 'refuse';
}

/**
 * Orders devices so that each comes after those that it uses.
 *
 * @param existing the devices that have one of the names already
 * @param found what `survey` says of the devices under them that are not of the graph; undefined leaves areas and types
 *   to the kernel, and takes no device that is there for the one that is wanted
 * @throws UsageError for tables that `checkTable` refuses, a name or uuid that comes twice, devices in a circle, areas
 *   beyond the end of a device, and a device that is there and another than is wanted
 */
export function planActivation(
  desired: readonly DesiredDevice[],
  existing: readonly ExistingDevice[],
  found: Survey | undefined,
  { existing: policy = 'keep' }: ActivationChecks = {},
): ActivationPlan {
  const paths = byPath(desired);
  checkUnique(desired);
  for (const device of desired) {
    checkTable(device.table);
    if (found === undefined) continue;
    const problems = [
      ...typeProblems(device.table, []),
      ...areaProblems(device.table, (used) => {
        const own = typeof used === 'string' ? paths.get(used) : undefined;
        return own === undefined ? found.sizeOf(used) : sectors(sizeOfTable(own.table));
      }),
    ];
    if (problems.length > 0) throw new UsageError(`The table is not for ${device.name}: ${setOf(problems)}`);
  }
  const there = new Map(existing.map((device) => [device.name, device]));
  const numbers = new Map<string, DeviceNumber>();
  return new ActivationPlan(
    ordered(desired, paths).map((device) => {
      const now = there.get(device.name);
      if (now === undefined) return { step: 'create', device };
      if (policy === 'refuse' || found === undefined) throw alreadyThere(device.name);
      const fault = difference(device, now, withNumbers(device.table, numbers), found);
      if (fault !== undefined) throw new UsageError(`There is a device ${device.name} already, and ${fault}`);
      numbers.set(nodePath(device.name), now.number);
      return { step: 'keep', device, number: now.number };
    }),
  );
}

function difference(
  { uuid, readOnly = false }: DesiredDevice,
  now: ExistingDevice,
  table: readonly TableLine[],
  found: Survey,
): string | undefined {
  if (now.table.length === 0) return 'it has no live table';
  if (uuid !== undefined && uuid !== now.uuid) return `its uuid is ${JSON.stringify(now.uuid)}`;
  if (readOnly !== now.readOnly) return now.readOnly ? 'it is read-only' : 'it is not read-only';
  if (!sameTable(now.table, table, (path) => found.numberOf(path)))
    return `its table is another:\n${tableText(now.table)}`;
  return now.suspended ? 'it is suspended' : undefined;
}

function checkUnique(desired: readonly DesiredDevice[]): void {
  for (const [what, values] of [
    ['name', desired.map(({ name }) => name)],
    ['uuid', desired.flatMap(({ uuid }) => (uuid === undefined ? [] : [uuid]))],
  ] as const) {
    const twice = values.find((value, index) => values.indexOf(value) !== index);
    if (twice !== undefined) throw new UsageError(`Two devices of the graph have the ${what} ${JSON.stringify(twice)}`);
  }
}

/** Each device after those that it names. @throws UsageError for a circle */
function ordered(desired: readonly DesiredDevice[], paths: ReadonlyMap<string, DesiredDevice>): DesiredDevice[] {
  const done = new Set<DesiredDevice>();
  const open: DesiredDevice[] = [];
  const visit = (device: DesiredDevice): void => {
    if (done.has(device)) return;
    const from = open.indexOf(device);
    if (from >= 0) {
      const names = [...open.slice(from), device].map(({ name }) => name);
      throw new UsageError(`The devices stand on each other in a circle: ${names.join(' on ')}`);
    }
    open.push(device);
    for (const path of namedIn(device.table, paths)) {
      const used = paths.get(path);
      if (used !== undefined) visit(used);
    }
    open.pop();
    done.add(device);
  };
  for (const device of desired) visit(device);
  return [...done];
}
