import type { DeviceInfo } from '../../mapper/device-info.ts';
import { UsageError } from '../../mapper/errors.ts';
import type { NodeOptions } from '../../mapper/node-folder.ts';
import type { TableLine } from '../../mapper/table-line.ts';
import { Changes } from './changes.ts';
import { type ConciseDevice, parseConcise } from './concise.ts';
import type { Context } from './context.ts';
import { ask, CommandFailure } from './failure.ts';
import { tellIfVerbose } from './info-text.ts';
import { applyReadAhead, readAheadOf } from './read-ahead.ts';
import { hasKeys, tableOf } from './table-source.ts';

/** A device to be made; without a table it is made and left without one. */
interface Wanted {
  readonly name: string;
  readonly uuid: string;
  readonly major?: number | undefined;
  readonly minor?: number | undefined;
  readonly table: readonly TableLine[] | undefined;
  readonly readOnly: boolean;
}

/** `dmsetup create`. */
export async function create(context: Context): Promise<number> {
  const nodes = nodeOptions(context);
  readAheadOf(context.options);
  if (context.options.has('concise')) {
    for (const device of conciseDevices(context)) await createOne(context, device, nodes);
    return 0;
  }
  const { options, words } = context;
  const [name, file] = words;
  if (name === undefined) throw new CommandFailure('Please provide a name for the new device.');
  if (options.has('notable') && file !== undefined) throw new UsageError(`--notable takes no table, nor ${file}.`);
  const wanted: Wanted = {
    name,
    uuid: options.text('uuid') ?? '',
    major: options.integer('major'),
    minor: options.integer('minor'),
    table: options.has('notable') ? undefined : tableOf(context, file),
    readOnly: options.has('readonly'),
  };
  await createOne(context, wanted, nodes);
  return 0;
}

function conciseDevices(context: Context): ConciseDevice[] {
  const [text, extra] = context.words;
  if (extra !== undefined) throw new UsageError('dmsetup create --concise takes at most one argument.');
  return parseConcise(text ?? context.readFile(0));
}

/** Makes a device whole, or not at all. */
async function createOne(context: Context, wanted: Wanted, nodes: NodeOptions): Promise<void> {
  const { dm } = context;
  const { minor, major } = wanted;
  const name = context.newName(wanted.name);
  const uuid = wanted.uuid === '' ? '' : context.mangled(wanted.uuid);
  const created = await ask('create', { ref: { name }, uuid }, () =>
    dm.create(name, { uuid, ...(minor === undefined ? {} : { minor }) }),
  );
  const { number } = created;
  let made: DeviceInfo;
  try {
    if (major !== undefined && major !== number.major) {
      throw new UsageError(`The major number is ${number.major}, device-mapper's own: it cannot be ${major}`);
    }
    made = await fill(context, created, wanted, nodes);
  } catch (error) {
    await undo(context, name);
    throw error;
  }
  tellIfVerbose(context, made);
}

/** Gives a new device its table and its node. */
async function fill(
  context: Context,
  created: DeviceInfo,
  { table, readOnly }: Wanted,
  nodes: NodeOptions,
): Promise<DeviceInfo> {
  const { dm, options } = context;
  const { name, uuid, number } = created;
  const subject = { ref: { name }, uuid, number };
  using changes = new Changes(context);
  let info = created;
  if (table === undefined) {
    if (options.has('addnodeoncreate')) changes.node(info);
  } else {
    await ask('reload', subject, () => dm.load({ name }, table, { readOnly, secure: hasKeys(table) }));
    info = await changes.resume(subject);
    applyReadAhead(context, info);
  }
  await changes.end(nodes);
  return info;
}

/** Takes a device back that could not be made whole. */
async function undo(context: Context, name: string): Promise<void> {
  using changes = new Changes(context);
  try {
    await changes.remove(name, { deferred: false });
    await changes.end();
  } catch (error) {
    // What went wrong first is the one to be told as the failure.
    context.warn(`Failed to revert device creation: ${(error as Error).message}`);
  }
}

function nodeOptions({ options }: Context): NodeOptions {
  const mode = options.text('mode');
  if (mode !== undefined && !/^[0-7]{1,4}$/.test(mode)) {
    throw new UsageError(`Invalid argument for --mode: ${mode}: an octal number such as 660`);
  }
  const uid = options.integer('uid');
  const gid = options.integer('gid');
  return {
    ...(uid === undefined ? {} : { uid }),
    ...(gid === undefined ? {} : { gid }),
    ...(mode === undefined ? {} : { mode: Number.parseInt(mode, 8) }),
  };
}
