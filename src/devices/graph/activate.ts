import type { DeviceNumber } from '../../kernel/dm-ioctl.ts';
import { DmError } from '../../mapper/errors.ts';
import { type Changes, withChanges, withoutWaiting } from '../changes.ts';
import { alreadyThere, deviceExists } from '../exists.ts';
import { type DeviceOptions, type Host, hostOf } from '../host.ts';
import { Journal } from '../journal.ts';
import type { Mapper } from '../mapper.ts';
import { survey } from '../survey.ts';
import { deactivate } from './deactivate.ts';
import type { DesiredDevice } from './desired.ts';
import { nodePath, withNumbers } from './names.ts';
import { type ActivationChecks, type ActivationPlan, type ExistingDevice, planActivation } from './plan-activation.ts';

/** How devices are activated. */
export interface ActivationOptions extends DeviceOptions, ActivationChecks {}

/** Devices that were activated together. Disposal deactivates them all, also those that had been there. */
export class ActiveGraph implements AsyncDisposable {
  /** Their numbers by name, in the order of their making. */
  readonly numbers: ReadonlyMap<string, DeviceNumber>;
  readonly #host: Host;
  #kept = false;

  constructor(host: Host, numbers: ReadonlyMap<string, DeviceNumber>) {
    this.#host = host;
    this.numbers = numbers;
  }

  /** The number of one of them. @throws RangeError when there is no such device among them */
  numberOf(name: string): DeviceNumber {
    const number = this.numbers.get(name);
    if (number === undefined) throw new RangeError(`${JSON.stringify(name)} is none of these devices`);
    return number;
  }

  /** Lets the devices stay: disposal does nothing any more. */
  keep(): this {
    this.#kept = true;
    return this;
  }

  /** Removes the devices; see `deactivate`. */
  async deactivate(options: DeviceOptions = {}): Promise<void> {
    await deactivate(this.#host.dm, [...this.numbers.keys()], { ...this.#host.options, ...options });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#kept) await this.deactivate();
  }
}

/**
 * Looks at what there is and plans; nothing is changed. `plan.toString()` is for people, `applyActivation` does it.
 *
 * @throws UsageError, see `planActivation`
 */
export async function prepareActivation(
  dm: Mapper,
  desired: readonly DesiredDevice[],
  options: ActivationOptions = {},
): Promise<ActivationPlan> {
  const existing: ExistingDevice[] = [];
  for (const { name } of desired) {
    const found = await existingDevice(dm, name);
    if (found !== undefined) existing.push(found);
  }
  return planActivation(desired, existing, survey(hostOf(dm, options).machine), options);
}

async function existingDevice(dm: Mapper, name: string): Promise<ExistingDevice | undefined> {
  try {
    const { uuid, number, readOnly, suspended } = await dm.info({ name });
    return { name, uuid, number, readOnly, suspended, table: await dm.table(number, { secure: true }) };
  } catch (error) {
    if (DmError.is(error, 'ENXIO')) return undefined;
    throw error;
  }
}

/**
 * Creates devices, loads and resumes them, those that are used first. When one fails, those that were made are removed
 * again, the last first.
 *
 * @throws what failed; RollbackError when something could not be removed again
 */
export async function applyActivation(
  dm: Mapper,
  plan: ActivationPlan,
  options: DeviceOptions = {},
): Promise<ActiveGraph> {
  const host = hostOf(dm, options);
  const journal = new Journal();
  try {
    return await withChanges(host, (changes) => makeDevices(host, plan, changes, journal));
  } catch (error) {
    throw await journal.rollBack(error);
  }
}

async function makeDevices(
  host: Host,
  { steps }: ActivationPlan,
  changes: Changes,
  journal: Journal,
): Promise<ActiveGraph> {
  const { dm, options } = host;
  const numbers = new Map<string, DeviceNumber>();
  const paths = new Map<string, DeviceNumber>();
  for (const item of steps) {
    options.signal?.throwIfAborted();
    const { name, uuid, table, readOnly = false, secure = false } = item.device;
    let number: DeviceNumber;
    if (item.step === 'keep') number = item.number;
    else {
      ({ number } = await dm.create(name, uuid === undefined ? {} : { uuid }));
      journal.record(`the device ${name}`, () => withoutWaiting(host, (undoing) => undoing.remove({ name, number })));
      await dm.load(number, withNumbers(table, paths), { readOnly, secure });
      await changes.resume({ name, number });
    }
    numbers.set(name, number);
    paths.set(nodePath(name), number);
  }
  return new ActiveGraph(host, numbers);
}

/**
 * Has devices, whatever order they are given in: all of them, or, when something fails, none more than before. One wait
 * for udev covers all.
 *
 * @example
 * await using graph = await activate(dm, [
 *   { name: 'a', table: tableOf([linear({ device: '/dev/sdb', offset: sectors(0) }), 2048]) },
 *   { name: 'b', table: tableOf([linear({ device: '/dev/mapper/a', offset: sectors(0) }), 1024]) },
 * ]);
 *
 * @throws UsageError before anything is done, see `planActivation`; DmError what the kernel refuses; RollbackError
 */
export async function activate(
  dm: Mapper,
  desired: readonly DesiredDevice[],
  options: ActivationOptions = {},
): Promise<ActiveGraph> {
  return applyActivation(dm, await prepareActivation(dm, desired, options), options);
}

/**
 * Makes one device that is not there. The kernel itself refuses a name that is taken, and areas beyond the end of a
 * device in a first table (drivers/md/dm-table.c, `dm_calculate_queue_limits`): these are looked at here only to say
 * why it refused.
 *
 * @throws UsageError when there is one of this name; and as `activate`
 */
export async function activateNew(
  dm: Mapper,
  device: DesiredDevice,
  options: DeviceOptions = {},
): Promise<DeviceNumber> {
  const plan = planActivation([device], [], undefined);
  try {
    return (await applyActivation(dm, plan, options)).numberOf(device.name);
  } catch (error) {
    if (DmError.is(error, 'EBUSY') && (await deviceExists(dm, device.name))) throw alreadyThere(device.name);
    if (DmError.is(error)) planActivation([device], [], survey(hostOf(dm, options).machine));
    throw error;
  }
}
