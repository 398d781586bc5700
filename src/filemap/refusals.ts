/** Why files cannot be mapped. */
import type { DeviceNumber } from '../kernel/dm-ioctl.ts';
import { UsageError } from '../mapper/errors.ts';

const BTRFS_MAGIC = 0x9123683e;
/** `OVERLAYFS_SUPER_MAGIC` of include/uapi/linux/magic.h. */
export const OVERLAYFS_MAGIC = 0x794c7630;
export const XFS_MAGIC = 0x58465342;

/** Why a file on this device cannot be mapped. */
export function notOnDeviceMapper({ major, minor }: DeviceNumber, name?: string): UsageError {
  const where = name === undefined ? `${major}:${minor}` : `${name}, ${major}:${minor}`;
  return new UsageError(
    `Cannot map file: not a device-mapper device (its file system is on ${where}); ` +
      'the file system must lie on a device-mapper volume, directly or by way of loop devices and partitions',
  );
}

/** Why a file cannot be mapped whose file system has no FIEMAP. */
export function withoutFiemap(): UsageError {
  return new UsageError('Cannot map file: its file system does not tell where data lies (FIEMAP)');
}

/**
 * Checks what a file system tells of where data lies.
 *
 * @param isRealtime only asked on XFS
 * @throws UsageError when it is not the place on the device of the file system
 */
export function checkFileSystem(magic: number, isRealtime: () => boolean): void {
  if (magic === BTRFS_MAGIC) {
    throw new UsageError(
      'Cannot map file: btrfs does not provide physical FIEMAP extent data; use ext4 or xfs, or count the whole device',
    );
  }
  if (magic === OVERLAYFS_MAGIC) {
    throw new UsageError(
      'Cannot map file: it lies on an overlay; map the file in the upper or lower folder that holds its data',
    );
  }
  if (magic === XFS_MAGIC && isRealtime()) {
    throw new UsageError(
      'Cannot map file: its data lies on the realtime device of its XFS file system, and its extents on none that stat ' +
        'names; count that device as a whole',
    );
  }
}
