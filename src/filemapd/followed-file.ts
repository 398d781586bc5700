import type { FileFacts, FileView } from '../filemap/file-view.ts';

/** What inotify said of the followed file since the last `takeNotices()`. */
export interface Notices {
  /** Written, truncated or allocated into (IN_MODIFY), or notices were lost (IN_Q_OVERFLOW). */
  readonly modified: boolean;
  /** Renamed, replaced, linked or unlinked, or its attributes changed (IN_MOVE_SELF, IN_ATTRIB, IN_DELETE_SELF). */
  readonly moved: boolean;
  /** Somebody closed it (IN_CLOSE_*): only asked for once the file is unlinked. */
  readonly closed: boolean;
}

/** The seam between filemapd's monitor and the file that it follows: real (`followFile`) or the simulator's. */
export interface FollowedFile extends FileView {
  /** The facts of what the path names now; undefined when nothing is there. */
  factsAtPath(): FileFacts | undefined;
  /** Follows what the path names now instead; false when nothing is there. The watch moves along. */
  reopen(): boolean;
  /** Whether no other open description of the file exists on the machine. */
  isSoleHolder(): boolean;
  /** Completed writes of the file's device since it was set up (`/sys/dev/block/…/stat`): any change means activity. */
  deviceWrites(): bigint;
  /** Whether the watch also reports closes (see `Notices.closed`). */
  watchCloses(): void;
  /** Takes what has been reported and asks for the next wake-up. */
  takeNotices(): Notices;
}
