import { readFileSync } from 'node:fs';
import type { DeviceNumber } from '../kernel/dm-ioctl.ts';
import { ERRNO } from '../kernel/errno.ts';
import { blockNumber } from '../mapper/block-number.ts';
import { DmError } from '../mapper/errors.ts';
import { findHolders } from '../mapper/holders/find.ts';
import type { Holder } from '../mapper/holders/holder.ts';
import { type NodeOptions, updateNodes } from '../mapper/node-folder.ts';
import type { NamedDevice } from '../mapper/nodes.ts';
import type { UdevWorld } from '../mapper/udev/cookie.ts';
import { type Sectors, sectors } from '../mapper/units.ts';
import { type Clock, systemClock } from '../system/clock.ts';
import { hasCode } from '../system/errors.ts';

/** What devices stand among, beside device-mapper itself. */
export interface Machine {
  /** The block device at a path; undefined when there is none. */
  numberOf(path: string): DeviceNumber | undefined;
  /** A block device's size; undefined when it is not known, and then it is not checked. */
  sizeOf(number: DeviceNumber): Sectors | undefined;
  /** Who holds a device. */
  holders(number: DeviceNumber): Promise<readonly Holder[]>;
  /** Makes the nodes of `devices` right, and removes those of `names` that no device has; for where udev does not. */
  updateNodes(devices: readonly NamedDevice[], names: readonly string[], options: NodeOptions): void;
  readonly udev: UdevWorld;
  readonly clock: Clock;
}

/** The size in `/sys` (Documentation/ABI/stable/sysfs-block: always in sectors of 512 bytes). */
function sizeInSysfs({ major, minor }: DeviceNumber): Sectors | undefined {
  try {
    return sectors(BigInt(readFileSync(`/sys/dev/block/${major}:${minor}/size`, 'utf8').trim()));
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR', 'EACCES')) return undefined;
    throw error;
  }
}

/** The machine that the process runs on. */
export const systemMachine: Machine = {
  numberOf: blockNumber,
  sizeOf: sizeInSysfs,
  holders: findHolders,
  updateNodes: (devices, names, options) => void updateNodes(devices, { names, ...options }),
  udev: {},
  clock: systemClock,
};

/** The size of the block device at a path. @throws DmError ENOTBLK when there is none */
export function deviceSize(path: string): Sectors {
  const number = blockNumber(path);
  const size = number && sizeInSysfs(number);
  if (size !== undefined) return size;
  throw new DmError({
    op: 'stat',
    errno: ERRNO.ENOTBLK,
    device: path,
    reason: 'there is no block device at this path',
  });
}
