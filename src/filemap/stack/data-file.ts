import { fstatSync, statfsSync } from 'node:fs';
import { type DeviceNumber, decodeDeviceNumber } from '../../kernel/dm-ioctl.ts';
import { OVERLAYFS_MAGIC } from '../refusals.ts';

/** The open file whose extents are a file's data: another one where that is on an overlay. */
export interface DataFile extends Disposable {
  readonly fd: number;
  /** The device of its file system. */
  readonly device: DeviceNumber;
  /** Its file system's magic number. */
  readonly magic: number;
  /** Its name; undefined for the file that was given. */
  readonly path: string | undefined;
  /** Whether nothing says that the data is elsewhere by now. */
  isStill(): boolean;
}

/**
 * Finds the file that holds the data of an open one, which stays its caller's.
 *
 * @throws UsageError for a file on an overlay when it cannot be told on which device its data is
 */
export async function dataFileOf(fd: number): Promise<DataFile> {
  const magic = statfsSync(`/proc/self/fd/${fd}`).type;
  // Only then: a command that maps a file is as fast as it loads.
  if (magic === OVERLAYFS_MAGIC) return (await import('./overlaid-file.ts')).overlaidFile(fd);
  const device = decodeDeviceNumber(fstatSync(fd, { bigint: true }).dev);
  return { fd, device, magic, path: undefined, isStill: () => true, [Symbol.dispose]() {} };
}
