import { closeSync, openSync, readFileSync, realpathSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { type DeviceNumber, decodeDeviceNumber } from '../kernel/dm-ioctl.ts';
import { LOOP_GET_STATUS64, LoopInfo64 } from '../kernel/loop.ts';
import { hasCode } from './errors.ts';
import { ioctl } from './libc.ts';

/** A partition: sectors of another device. */
export interface Partition {
  readonly disk: DeviceNumber;
  /** Its first sector there. */
  readonly start: number;
}

/** What a loop device is made of. */
export interface LoopBacking {
  /** As the kernel shows it: for people, and to be checked by `device` and `inode`. */
  readonly path: string;
  /** `stat` of the file: the device of its file system, and its inode. */
  readonly device: DeviceNumber;
  readonly inode: bigint;
  /** The block device itself, where it is no file. */
  readonly block: DeviceNumber | undefined;
  /** Bytes before the loop device's first. */
  readonly offset: bigint;
}

/** What block devices are made of that are not device-mapper's. */
export interface BlockLayers {
  /** The kernel's name of a device, such as `sda1`; undefined when there is none. */
  name(number: DeviceNumber): string | undefined;
  /** Undefined for what is no partition. */
  partition(number: DeviceNumber): Partition | undefined;
  /**
   * Undefined for what is no loop device, or one without a file.
   *
   * @throws Node's errors when its node in /dev cannot be opened
   */
  loop(number: DeviceNumber): LoopBacking | undefined;
}

/** The devices that `/sys` shows. Source: Documentation/ABI/stable/sysfs-block, drivers/block/loop.c. */
export const systemBlockLayers: BlockLayers = {
  name: (number) => unlessMissing(() => basename(folderOf(number))),
  partition(number) {
    const start = unlessMissing(() => {
      const folder = folderOf(number);
      readFileSync(`${folder}/partition`);
      return { folder, text: readFileSync(`${folder}/start`, 'latin1') };
    });
    if (start === undefined) return undefined;
    const [major = 0, minor = 0] = readFileSync(`${dirname(start.folder)}/dev`, 'latin1')
      .split(':')
      .map(Number);
    return { disk: { major, minor }, start: Number(start.text) };
  },
  loop(number) {
    const found = unlessMissing(() => {
      const folder = folderOf(number);
      return { name: basename(folder), path: readFileSync(`${folder}/loop/backing_file`, 'utf8') };
    });
    if (found === undefined) return undefined;
    const fd = openSync(`/dev/${found.name}`, 'r');
    try {
      return backingOf(found.path.replace(/\n$/, ''), fd);
    } finally {
      closeSync(fd);
    }
  },
};

/** The device's folder: of a partition inside that of its disk. */
function folderOf({ major, minor }: DeviceNumber): string {
  return realpathSync(`/sys/dev/block/${major}:${minor}`);
}

function backingOf(path: string, fd: number): LoopBacking {
  const buffer = new Uint8Array(LoopInfo64.size);
  ioctl(fd, LOOP_GET_STATUS64, buffer, 'LOOP_GET_STATUS64');
  const { device, inode, rdevice, offset } = LoopInfo64.at(buffer);
  return {
    path,
    device: decodeDeviceNumber(device),
    inode,
    block: rdevice === 0n ? undefined : decodeDeviceNumber(rdevice),
    offset,
  };
}

function unlessMissing<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR', 'ENODEV', 'EINVAL')) return undefined;
    throw error;
  }
}
