import { readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { hasCode } from './errors.ts';

/** A block device's number, `major:minor`. */
export type BlockNumber = `${number}:${number}`;

/** What the kernel tells of block devices besides device-mapper's own answers. */
export interface BlockDevices {
  /** The kernel's name of a device, such as `dm-0` or `vda1`; undefined when there is none. */
  name(number: BlockNumber): string | undefined;
  /** How many sectors of 512 bytes are read ahead. */
  readAheadSectors(number: BlockNumber): number | undefined;
  /** The devices that are made of it, by number. */
  holders(number: BlockNumber): readonly BlockNumber[];
}

const SECTORS_PER_KIB = 2;

/** Block devices as sysfs shows them. Source: Documentation/ABI/stable/sysfs-block. */
export function sysBlockDevices(root = '/sys'): BlockDevices {
  const folder = (number: BlockNumber): string => join(root, 'dev/block', number);
  const holders = (number: BlockNumber): BlockNumber[] => {
    const names = unlessMissing(() => readdirSync(join(folder(number), 'holders'))) ?? [];
    const numbers = names.flatMap((name) => readNumber(join(folder(number), 'holders', name, 'dev')) ?? []);
    return numbers.sort(byNumber);
  };
  return {
    name: (number) => unlessMissing(() => basename(readlinkSync(folder(number)))),
    readAheadSectors(number) {
      const text = unlessMissing(() => readFileSync(join(folder(number), 'queue/read_ahead_kb'), 'utf8'));
      return text === undefined ? undefined : Number(text) * SECTORS_PER_KIB;
    },
    holders,
  };
}

function readNumber(path: string): BlockNumber | undefined {
  const text = unlessMissing(() => readFileSync(path, 'utf8'));
  const [, major, minor] = /^(\d+):(\d+)\n?$/.exec(text ?? '') ?? [];
  return major === undefined || minor === undefined ? undefined : `${Number(major)}:${Number(minor)}`;
}

function byNumber(a: BlockNumber, b: BlockNumber): number {
  const [majorA = 0, minorA = 0] = a.split(':').map(Number);
  const [majorB = 0, minorB = 0] = b.split(':').map(Number);
  return majorA - majorB || minorA - minorB;
}

/** What is read of a device that may be removed while it is. */
function unlessMissing<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR', 'ENODEV', 'EINVAL')) return undefined;
    throw error;
  }
}

/** Sets how many sectors of 512 bytes are read ahead; odd ones are rounded up. @throws an error of the file's */
export function setReadAhead(
  { major, minor }: { readonly major: number; readonly minor: number },
  sectors: number,
): void {
  writeFileSync(`/sys/dev/block/${major}:${minor}/queue/read_ahead_kb`, `${Math.ceil(sectors / SECTORS_PER_KIB)}`);
}
