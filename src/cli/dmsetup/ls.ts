import { join } from 'node:path';
import { deviceFolder } from '../../mapper/control-node.ts';
import { UsageError } from '../../mapper/errors.ts';
import type { ListedDevice } from '../../mapper/listing.ts';
import { mangledName } from '../../mapper/mangle.ts';
import type { Context } from './context.ts';
import { deviceNamer, styleOf } from './deps.ts';
import { lsTree, treeWords } from './ls-tree.ts';

/** `dmsetup ls`. */
export async function ls(context: Context): Promise<number> {
  const { options, outcome } = context;
  if (options.has('tree') && options.has('exec')) throw new UsageError('--tree and --exec are incompatible.');
  if (options.has('tree')) return lsTree(context, treeWords(options), await listed(context));
  const style = styleOf(context);
  const devices = await listed(context);
  if (options.has('exec')) return execEach(context, devices);
  const nameOf = await deviceNamer(context, style);
  // Numbers are written otherwise when a target is asked for, as in the C tool.
  const between = options.has('target') ? ', ' : ':';
  for (const { name, uuid, number } of devices) {
    const shown = context.shown(name);
    outcome.tell(`${shown}\t(${nameOf(number, between)})\n`, { name: shown, uuid: context.shown(uuid), ...number });
  }
  return 0;
}

/** All devices, or those that have a target of the type asked for. */
async function listed(context: Context): Promise<readonly ListedDevice[]> {
  const { dm, options, slot } = context;
  const all = await dm.list();
  const type = options.text('target');
  if (all.length === 0 && !context.isForPrograms) context.print('No devices found\n');
  if (type === undefined) return all;
  const found: ListedDevice[] = [];
  for (const device of all) {
    const lines = await dm.table(device.number, { ...slot, secure: true });
    if (lines.some((line) => line.type === type)) found.push(device);
  }
  return found;
}

/** Runs a command with each device's path. @returns 1 when one of them failed */
function execEach(context: Context, devices: readonly ListedDevice[]): number {
  const [program, ...words] = (context.options.text('exec') ?? '').split(/\s+/).filter((word) => word !== '');
  if (program === undefined) throw new UsageError('--exec needs a command: --exec "blockdev --getsz"');
  const folder = join(deviceFolder(context.env), 'mapper');
  const failed = devices.filter(({ name }) => {
    const path = join(folder, mangledName(name, context.env));
    const status = context.run(program, [...words, path]);
    if (status !== 0) context.warn(`${program} ${path}: exit status ${status}`);
    return status !== 0;
  });
  return failed.length === 0 ? 0 : 1;
}
