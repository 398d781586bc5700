import type { DeviceNumber } from '../kernel/dm-ioctl.ts';
import type { RawExtent } from '../system/fiemap.ts';
import type { Extents } from './extents.ts';
import type { WayMapper } from './stack/nodes.ts';
import type { Placement } from './stack/parts.ts';

/** What a file is and how much of it there is, as `fstat` tells. */
export interface FileFacts {
  /** The device that holds its file system (`st_dev`). */
  readonly device: DeviceNumber;
  readonly inode: bigint;
  readonly isRegular: boolean;
  /** Names in the file system; 0 when unlinked. */
  readonly links: number;
  /** Bytes. */
  readonly size: bigint;
  /** Allocated blocks of 512 bytes. */
  readonly blocks: bigint;
  /** These three in nanoseconds since 1970. */
  readonly modifiedNs: bigint;
  readonly changedNs: bigint;
  /** When the file came to be; 0 where the file system does not tell. */
  readonly bornNs: bigint;
}

/** Where a file's data lies. */
export interface Located {
  /** The device whose sectors its extents are. */
  readonly device: DeviceNumber;
  /** Other files that hold the data: of an overlay's layer, behind loop devices; the first one the uppermost. */
  readonly files: readonly string[];
}

/** The seam to an open file: the real one (`openFile`) or the simulator's. */
export interface FileView extends Disposable {
  facts(): FileFacts;
  /** The file system's magic number (`statfs`, include/uapi/linux/magic.h). */
  fileSystem(): number;
  /** Whether the data is on the realtime device of an XFS file system; only asked there. Absent: never. */
  isRealtime?(): boolean;
  /**
   * Finds where the data lies now: through an overlay, loop devices and partitions to the first device-mapper device, or
   * down to `level`. What `mapped()` tells is of this place until it is found anew. Absent: always on `facts().device`.
   *
   * @returns the device whose sectors are counted
   * @throws UsageError when there is none, saying why
   */
  locate?(dm: WayMapper, level: DeviceNumber | undefined): Promise<DeviceNumber>;
  /** What `locate()` has found; undefined before. */
  readonly located?: Located | undefined;
  /**
   * All extents in logical order, on the device of the file system that has the data. Without `sync`, data that has no
   * blocks yet shows as DELALLOC.
   * @throws an error with code EOPNOTSUPP where the file system has no FIEMAP
   */
  extents(options?: { readonly sync?: boolean }): Promise<readonly RawExtent[]>;
  /** The runs of sectors on the device that was located. Absent: those of `extents()`. */
  mapped?(options?: { readonly sync?: boolean }): Promise<Extents>;
  /** The file's own sectors with their places on the device that was located. Absent: those of `extents()`. */
  placed?(): Promise<Placement>;
}

/** The device whose sectors `mapped()` tells. */
export function deviceOf(file: Pick<FileView, 'located' | 'facts'>): DeviceNumber {
  return file.located?.device ?? file.facts().device;
}
