import type { DeviceNumber } from '../kernel/dm-ioctl.ts';
import type { RawExtent } from '../system/fiemap.ts';
import type { Extents } from './extents.ts';

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
  readonly modifiedNs: bigint;
  readonly changedNs: bigint;
}

/** The seam to an open file: the real one (`openFile`) or the simulator's. */
export interface FileView extends Disposable {
  facts(): FileFacts;
  /** The file system's magic number (`statfs`, include/uapi/linux/magic.h). */
  fileSystem(): number;
  /** Whether the data is on the realtime device of an XFS file system; only asked there. Absent: never. */
  isRealtime?(): boolean;
  /**
   * All extents in logical order. Without `sync`, data that has no blocks yet shows as DELALLOC.
   * @throws an error with code EOPNOTSUPP where the file system has no FIEMAP
   */
  extents(options?: { readonly sync?: boolean }): Promise<readonly RawExtent[]>;
  /** The same as runs of sectors, where there is a faster way than by way of `extents()`. */
  mapped?(options?: { readonly sync?: boolean }): Promise<Extents>;
}
