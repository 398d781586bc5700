import type { FileView } from '../../filemap/file-view.ts';
import type { DeviceNumber } from '../../kernel/dm-ioctl.ts';
import type { GroupTagForm } from '../../stats/group-tag.ts';
import type { Clock } from '../../system/clock.ts';
import type { FollowListener } from '../follow-file.ts';
import type { FollowedFile } from '../followed-file.ts';
import type { Log } from '../run-options.ts';
import type { WriteCounters } from '../write-counters.ts';
import type { SharedMapper } from './shared-mapper.ts';
import type { StateStore } from './state-file.ts';

/** A file that is open and not followed yet. Disposing of it closes it, unless it was followed. */
export interface OpenedFile extends Disposable {
  readonly view: FileView;
  /** Follows it from now on: what it returns owns the file. */
  follow(listener: FollowListener): FollowedFile;
}

/** The seam between the service and the machine: the real one (`serveFilemaps`) or the simulator's. */
export interface ServiceWorld {
  readonly dm: SharedMapper;
  readonly clock: Clock;
  /** Milliseconds since 1970. */
  readonly timeOfDay: () => number;
  readonly store: StateStore;
  readonly writes: WriteCounters;
  /** @throws Node's errors; may take as long as the file system wants */
  readonly open: (path: string) => Promise<OpenedFile>;
  /** A path without symbolic links. @throws Node's errors */
  readonly realPath: (path: string) => Promise<string>;
  /** The names in a folder. @throws Node's errors */
  readonly names: (folder: string) => Promise<readonly string[]>;
  /** Tells when names came to a folder, or the folder went; until it is disposed of. @throws Node's errors */
  readonly watchFolder: (folder: string, onChange: () => void) => Promise<Disposable>;
  /** See `FilemapdRun.claim`. */
  readonly claim: (device: DeviceNumber, groupId: number) => Promise<Disposable | undefined>;
  readonly tagForm: () => GroupTagForm;
  /** Possible CPUs. */
  readonly cpus: number;
  /** Tells this process's look-ahead regions from those of others; no blanks. */
  readonly word: string;
  /** Kernel memory for the look-ahead regions of all files, in bytes. */
  readonly lookAheadBytes: number;
  readonly log: Log;
}
