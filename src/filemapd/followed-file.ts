import type { FileFacts, FileView } from '../filemap/file-view.ts';
import type { Space } from '../filemap/lookahead/geometry.ts';
import type { RawExtent } from '../system/fiemap.ts';

/** The seam between filemapd's monitor and the file that it follows: real (`followFile`) or the simulator's. */
export interface FollowedFile extends FileView {
  /** The facts of what the path names now; undefined when nothing is there. */
  factsAtPath(): Promise<FileFacts | undefined>;
  /** Follows what the path names now instead; false when nothing is there. The watch moves along. */
  reopen(): Promise<boolean>;
  /** Whether no other open description of the file exists on the machine. */
  isSoleHolder(): boolean;
  /** Extents from the one that holds the file's end on; what the file system keeps there on its own account is left out. */
  extentsPastEnd(): Promise<readonly RawExtent[]>;
  /**
   * Reserves bytes past the file's end; its size stays.
   * @throws UsageError when it would take more than half of what is free; the file system's refusals
   */
  reserve(bytes: bigint): Promise<void>;
  /** Frees what lies past the file's end and past byte `keepTo`; false: it stays, since others have the file open. */
  freePastEnd(keepTo: bigint): Promise<boolean>;
  /** The blocks of its file system and the size of its device. */
  space(): Space;
  /** Completed writes of the file's device since it was set up (`/sys/dev/block/…/stat`): any change means activity. */
  deviceWrites(): bigint;
  /** Has the watch wake for closes too (IN_CLOSE_*), of interest once the file has no name left. */
  watchCloses(): void;
  /**
   * Takes what inotify has reported since the last call, and asks for the next wake-up: true when the file was written,
   * truncated or allocated into (IN_MODIFY), or when notices were lost (IN_Q_OVERFLOW). Renames, links and closes wake
   * only: the next look sees what they did.
   */
  takeModified(): boolean;
}
