import type { DeviceNumber } from '../kernel/dm-ioctl.ts';
import { mangledName } from './mangle.ts';

/** What stands in the folder of nodes (`/dev/mapper`) under one name. `number`: the block device it is or leads to. */
export type FoundNode = { readonly file: string } & (
  | { readonly kind: 'node'; readonly number: DeviceNumber }
  /** A link to a `dm-N`, as udev makes them, or another one. */
  | { readonly kind: 'dm-link' | 'link'; readonly number?: DeviceNumber | undefined }
  /** Anything else, such as the control node. */
  | { readonly kind: 'other'; readonly number?: undefined }
);

/** One step that makes the folder right. */
export type NodeAction =
  | { readonly action: 'make' | 'replace'; readonly file: string; readonly number: DeviceNumber }
  | { readonly action: 'rename'; readonly from: string; readonly file: string; readonly number: DeviceNumber }
  | { readonly action: 'remove'; readonly file: string }
  /** Something that is no node, such as the control node or a folder, has the name; it is left alone. */
  | { readonly action: 'refuse'; readonly file: string };

/** What of a device its node needs. */
export interface NamedDevice {
  readonly name: string;
  readonly number: DeviceNumber;
}

const same = (one: DeviceNumber, other: DeviceNumber | undefined): boolean =>
  one.major === other?.major && one.minor === other.minor;

// The last two are not for a node, the first is the way to the kernel; Linux 6.1 takes all three for a device's name.
const RESERVED = ['control', '.', '..'];

/**
 * What is to do so that each device has its node, and no node or link of device-mapper's is without a device, as
 * `dmsetup mknodes` does. A link that leads to its device is right. Other people's files are left alone, where
 * `dmsetup mknodes` deletes all that no device is named by.
 *
 * @param devices those that are to have a node
 * @param found what there is, of these names and of names that have gone
 * @param dmMajor device-mapper's major number (`/proc/devices`)
 */
export function planNodes(
  devices: readonly NamedDevice[],
  found: readonly FoundNode[],
  { dmMajor, environment }: { readonly dmMajor: number; readonly environment?: NodeJS.ProcessEnv },
): NodeAction[] {
  const wanted = new Map<string, DeviceNumber>();
  for (const { name, number } of devices) {
    const file = mangledName(name, environment);
    // Where `a b` and `a\x20b` are two devices, the file is the one's that is named so.
    if (file === name || !wanted.has(file)) wanted.set(file, number);
  }
  const byFile = new Map(found.map((one) => [one.file, one]));
  const isOurs = (one: FoundNode): boolean =>
    one.kind === 'dm-link' || (one.kind === 'node' && one.number.major === dmMajor);
  const stale = found.filter((one) => !wanted.has(one.file) && isOurs(one));
  const actions: NodeAction[] = [];
  for (const [file, number] of wanted) {
    const now = byFile.get(file);
    if (RESERVED.includes(file) || now?.kind === 'other') {
      actions.push({ action: 'refuse', file });
      continue;
    }
    if (same(number, now?.number)) continue;
    // A renamed device's node keeps its owner and mode.
    const renamed = stale.findIndex((one) => one.kind === 'node' && same(number, one.number));
    const [from] = renamed < 0 ? [] : stale.splice(renamed, 1);
    if (from !== undefined) actions.push({ action: 'rename', from: from.file, file, number });
    else actions.push({ action: now === undefined ? 'make' : 'replace', file, number });
  }
  return [...actions, ...stale.map(({ file }) => ({ action: 'remove' as const, file }))];
}

/** Device-mapper's major number in the text of `/proc/devices`; undefined when it is not loaded. */
export function deviceMapperMajor(procDevices: string): number | undefined {
  const match = /^\s*(\d+) device-mapper$/m.exec(procDevices.slice(procDevices.indexOf('Block devices:')));
  return match === null ? undefined : Number(match[1]);
}
