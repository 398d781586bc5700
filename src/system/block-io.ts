import { close, constants, fdatasync, open } from 'node:fs';
import { promisify } from 'node:util';
import { littleEndian } from '../kernel/struct.ts';
import { ioctl, ioctlAsync } from './libc.ts';

const BLKSSZGET = 0x1268;
const BLKFLSBUF = 0x1261;
/** `_IOR(0x12, 114, size_t)`, on machines of 64 bits. */
const BLKGETSIZE64 = 0x80081272;

const openAsync = promisify(open);
const closeAsync = promisify(close);
const syncAsync = promisify(fdatasync);

/** Bytes of a block device. */
export function blockDeviceSize(fd: number): number {
  const buffer = new Uint8Array(8);
  ioctl(fd, BLKGETSIZE64, buffer, 'BLKGETSIZE64');
  return Number(new DataView(buffer.buffer).getBigUint64(0, littleEndian));
}

/** Bytes that a block device reads or writes at once. */
export function blockSectorBytes(fd: number): number {
  const buffer = new Uint8Array(4);
  ioctl(fd, BLKSSZGET, buffer, 'BLKSSZGET');
  return new DataView(buffer.buffer).getUint32(0, littleEndian);
}

/** Writes a block device's page cache back and forgets it: what others wrote past it is read then. */
export async function dropBlockCache(fd: number): Promise<void> {
  await ioctlAsync(fd, BLKFLSBUF, new Uint8Array(8), 'BLKFLSBUF');
}

/** Has a device write its volatile cache to the medium. */
export async function flushDevice(path: string): Promise<void> {
  // Not opened for writing: udev would look at the device anew at each close.
  const fd = await openAsync(path, constants.O_RDONLY);
  try {
    await syncAsync(fd);
  } finally {
    await closeAsync(fd);
  }
}
