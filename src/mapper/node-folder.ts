import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { decodeDeviceNumber, encodeDeviceNumber } from '../kernel/dm-ioctl.ts';
import { ERRNO } from '../kernel/errno.ts';
import { hasCode } from '../system/errors.ts';
import { mknod } from '../system/libc.ts';
import { blockNumber } from './block-number.ts';
import { deviceFolder } from './control-node.ts';
import { DmError } from './errors.ts';
import { mangledName } from './mangle.ts';
import { deviceMapperMajor, type FoundNode, type NamedDevice, type NodeAction, planNodes } from './nodes.ts';

/** How nodes are made. */
export interface NodeOptions {
  /** Default `$DM_DEV_DIR/mapper`, that is `/dev/mapper`. */
  readonly folder?: string;
  /** Of new nodes; default root's, mode 0600. Who is to reach the disk's contents without being root? */
  readonly uid?: number;
  readonly gid?: number;
  readonly mode?: number;
}

const S_IFBLK = 0o060000;

function readNode(folder: string, file: string): FoundNode | undefined {
  const path = join(folder, file);
  const stat = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  if (stat === undefined) return undefined;
  if (stat.isSymbolicLink()) {
    const kind = /^dm-\d+$/.test(basename(readlinkSync(path))) ? 'dm-link' : 'link';
    return { file, kind, number: blockNumber(path) };
  }
  return stat.isBlockDevice() ? { file, kind: 'node', number: decodeDeviceNumber(stat.rdev) } : { file, kind: 'other' };
}

/** What there is in the folder; of these names only, when given. */
export function readNodes(folder: string, files?: readonly string[]): FoundNode[] {
  let all = files;
  try {
    all ??= readdirSync(folder);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return [];
    throw error;
  }
  return all.map((file) => readNode(folder, file)).filter((node) => node !== undefined);
}

/**
 * Does what `planNodes()` says. A node is made under another name and moved into place, so that its name never leads to
 * nothing or to a node of other rights.
 *
 * @throws DmError EEXIST, after all else is done, when something that is no node stands in a device's place
 */
export function applyNodes(actions: readonly NodeAction[], folder: string, options: NodeOptions = {}): void {
  const { uid = 0, gid = 0, mode = 0o600 } = options;
  const place = (file: string): string => join(folder, file);
  for (const step of actions) {
    if (step.action === 'remove') rmSync(place(step.file), { force: true });
    else if (step.action === 'rename') renameSync(place(step.from), place(step.file));
    else if (step.action !== 'refuse') {
      mkdirSync(folder, { recursive: true });
      const made = place(`.${process.pid}-${step.number.major}-${step.number.minor}`);
      rmSync(made, { force: true });
      try {
        mknod(made, S_IFBLK | 0o600, encodeDeviceNumber(step.number));
        chownSync(made, uid, gid);
        chmodSync(made, mode);
        renameSync(made, place(step.file));
      } finally {
        rmSync(made, { force: true });
      }
    }
  }
  const refused = actions.filter(({ action }) => action === 'refuse').map(({ file }) => place(file));
  if (refused.length === 0) return;
  throw new DmError({
    op: 'mknod',
    errno: ERRNO.EEXIST,
    device: refused.join(', '),
    reason: 'something that is no device node has this name',
    remedy: 'move it away or rename the device',
  });
}

/**
 * Makes the nodes of these devices right, where no udev does it. With `names` nothing but these is looked at: after a
 * resume the device's name, after a rename the old and the new one, after a removal its name (with no device). Without,
 * `devices` are all there are, and the whole folder is made right (`dmsetup mknodes`).
 *
 * @returns what was done
 * @throws DmError EEXIST when something else has a device's name; SystemError EPERM and others of mknod(2), Node's of
 * the folder
 */
export function updateNodes(
  devices: readonly NamedDevice[],
  {
    names,
    environment = process.env,
    folder = join(deviceFolder(environment), 'mapper'),
    ...options
  }: NodeOptions & { readonly names?: readonly string[]; readonly environment?: NodeJS.ProcessEnv } = {},
): NodeAction[] {
  const files = names?.map((name) => mangledName(name, environment));
  const dmMajor = deviceMapperMajor(readFileSync('/proc/devices', 'utf8'));
  if (dmMajor === undefined) return [];
  const actions = planNodes(devices, readNodes(folder, files), { dmMajor, environment });
  applyNodes(actions, folder, options);
  return actions;
}
