import { basename } from 'node:path';
import type { DeviceNumber } from '../../kernel/dm-ioctl.ts';
import type { DeviceInfo } from '../../mapper/device-info.ts';
import type { DeviceRef } from '../../mapper/device-ref.ts';
import { DmError, UsageError } from '../../mapper/errors.ts';
import { candidates } from '../device-words.ts';
import type { Context } from './context.ts';
import { CommandFailure } from './failure.ts';

/** The device that is asked about, and what messages say of it. */
export interface Subject {
  readonly ref: DeviceRef;
  readonly uuid?: string;
  readonly number?: DeviceNumber;
}

/** A device of a word: a name, mangled or not, or a path. @throws CommandFailure for a path that leads to none */
export async function subjectOfWord(context: Context, word: string): Promise<Subject> {
  const refs = candidates(word, context.env);
  const [first, ...others] = refs;
  if (first === undefined) throw new CommandFailure(`Device ${word} not found`);
  if (others.length === 0 && 'name' in first) return { ref: first };
  for (const ref of refs) {
    const info = await infoIfThere(context, ref);
    if (info !== undefined) return { ref: { name: info.name } };
  }
  if (!('name' in first)) throw new CommandFailure(`Device ${basename(word)} not found`);
  return { ref: first };
}

async function infoIfThere({ dm }: Context, ref: DeviceRef): Promise<DeviceInfo | undefined> {
  try {
    return await dm.info(ref);
  } catch (error) {
    if (DmError.is(error, 'ENXIO')) return undefined;
    throw error;
  }
}

/** The device that `--uuid`, or `--major` and `--minor` name. @throws UsageError for both of them */
export function subjectOfOptions(context: Context): Subject | undefined {
  const { options } = context;
  const uuid = options.text('uuid');
  const major = options.integer('major');
  const minor = options.integer('minor');
  if (uuid !== undefined && major !== undefined) throw new UsageError('Please name the device in one way.');
  if (uuid !== undefined) return { ref: { uuid: context.mangled(uuid) } };
  return major === undefined || minor === undefined ? undefined : { ref: { major, minor } };
}

/** The one device that comes first, and the words behind it. @throws CommandFailure without any */
export async function firstSubject(
  context: Context,
): Promise<{ readonly subject: Subject; readonly words: readonly string[] }> {
  const given = subjectOfOptions(context);
  if (given !== undefined) return { subject: given, words: context.words };
  const [word, ...words] = context.words;
  if (word === undefined) throw new CommandFailure('No device specified.');
  return { subject: await subjectOfWord(context, word), words };
}

/** Does something to the devices that are named, one after the other, until one fails. @throws CommandFailure without any */
export async function forEachNamed(context: Context, action: (subject: Subject) => Promise<void>): Promise<void> {
  const given = subjectOfOptions(context);
  if (given !== undefined && context.words.length > 0) throw new UsageError('Please name devices in one way.');
  if (given !== undefined) await action(given);
  else if (context.words.length === 0) throw new CommandFailure('No device specified.');
  for (const word of context.words) await action(await subjectOfWord(context, word));
}

/**
 * Does something to the devices that are named, or to all; a device of a list may go meanwhile.
 *
 * @param action `isOneOfMany` when its output must name the device
 */
export async function forEachOrAll(
  context: Context,
  action: (subject: Subject, isOneOfMany: boolean) => Promise<void>,
): Promise<void> {
  if (context.words.length > 0 || subjectOfOptions(context) !== undefined) {
    return forEachNamed(context, (subject) => action(subject, context.words.length > 1));
  }
  const devices = await context.dm.list();
  if (devices.length === 0 && !context.isForPrograms) context.print('No devices found\n');
  for (const { name } of devices) await action({ ref: { name } }, true);
}
