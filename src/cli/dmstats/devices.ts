import type { DeviceRef } from '../../mapper/device-ref.ts';
import { DmError, UsageError } from '../../mapper/errors.ts';
import { unmangledName } from '../../mapper/mangle.ts';
import { candidates } from '../device-words.ts';
import type { Context } from './context.ts';

/** A device that a command works on. */
export interface Device {
  readonly ref: DeviceRef;
  /** Its name as people know it: without libdevmapper's mangling. */
  readonly name: string;
  /** As the user wrote it; the name where there was no word for it. */
  readonly given: string;
}

function deviceOf({ world }: Context, kernelName: string, given?: string): Device {
  const name = unmangledName(kernelName, world.env);
  return { ref: { name: kernelName }, name, given: given ?? name };
}

/** A device's name as people know it. @throws DmError ENXIO when there is none */
export async function deviceName(context: Context, ref: DeviceRef): Promise<string> {
  return deviceOf(context, (await context.dm.info(ref)).name).name;
}

async function find(
  context: Context,
  refs: readonly DeviceRef[],
  given: string | undefined,
  text: string,
): Promise<Device> {
  for (const ref of refs) {
    try {
      const { name } = await context.dm.info(ref);
      return deviceOf(context, name, given);
    } catch (error) {
      if (!DmError.is(error, 'ENXIO')) throw error;
    }
  }
  throw new UsageError(`Device ${text} not found`);
}

/** The device that a word of the command line names. @throws UsageError when there is none */
export function findDevice(context: Context, word: string): Promise<Device> {
  return find(context, candidates(word, context.world.env), word, word);
}

/**
 * The devices that the command line names, by words, `--uuid`, or `--major` and `--minor`; all of them are looked up
 * before anything is done to one. Without any, all devices.
 *
 * @param explicit whether all devices must be asked for with `--alldevices`
 * @throws UsageError for a device that there is none of
 */
export async function devicesOf(context: Context, { explicit = false } = {}): Promise<Device[]> {
  const { options, words } = context;
  const uuid = options.text('uuid');
  const major = options.integer('major');
  const minor = options.integer('minor');
  if ((major === undefined) !== (minor === undefined)) {
    throw new UsageError('Please specify both major number and minor number.');
  }
  const ways = [words.length > 0, uuid !== undefined, major !== undefined].filter(Boolean).length;
  if (ways > 1)
    throw new UsageError('Please name devices in one way: by name, or by --uuid, or by --major and --minor.');
  if (ways === 1 && options.has('alldevices'))
    throw new UsageError('Please specify device(s) or use --alldevices, not both.');
  if (uuid !== undefined) return [await find(context, [{ uuid }], undefined, uuid)];
  if (major !== undefined && minor !== undefined) {
    return [await find(context, [{ major, minor }], undefined, `${major}:${minor}`)];
  }
  if (words.length === 0) {
    if (explicit && !options.has('alldevices')) throw new UsageError('Please specify device(s) or use --alldevices.');
    const all = await context.dm.list();
    if (all.length === 0 && !context.isForPrograms) context.print('No devices found\n');
    return all.map(({ name }) => deviceOf(context, name));
  }
  const devices: Device[] = [];
  for (const word of words) devices.push(await findDevice(context, word));
  return devices;
}
