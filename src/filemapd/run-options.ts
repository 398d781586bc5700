import type { FileFacts } from '../filemap/file-view.ts';
import type { LookAheadOptions, QuietWrites } from '../filemap/lookahead/look-ahead.ts';
import type { DeviceNumber } from '../kernel/dm-ioctl.ts';
import type { DeviceMapper } from '../mapper/device-mapper.ts';
import { UsageError } from '../mapper/errors.ts';
import type { StatsMemory } from '../stats/memory.ts';
import type { Clock } from '../system/clock.ts';
import type { FilemapdMode } from './arguments.ts';
import type { FollowedFile } from './followed-file.ts';
import type { GroupSeen } from './groups-in.ts';

/** What a monitor reports; `level` as on dmfilemapd's command line, 0 for what ends it. */
export type Log = (level: 0 | 1 | 2 | 3, text: string) => void;

/** What a monitor needs. */
export interface FilemapdRun {
  readonly dm: DeviceMapper;
  /** Builds the followed file; it is disposed of at the end. */
  readonly follow: (onNotice: () => void) => FollowedFile;
  readonly clock: Clock;
  readonly groupId: number;
  readonly mode: FilemapdMode;
  /** What names the file: by it, a group is found that was left on another device. Undefined: none is looked for. */
  readonly path?: string | undefined;
  /** The device that has the group, or had; default: it is looked for. */
  readonly device?: DeviceNumber | undefined;
  readonly absenceMs: number;
  readonly log: Log;
  /** Holds the first I/O of growth by regions over free space; undefined: such I/O is missed. */
  readonly lookAhead?: LookAheadOptions | undefined;
  /** See `UpdateOptions.maxRegions`. */
  readonly maxRegions?: number | undefined;
  /** Bytes to keep reserved past the file's end; undefined: nothing. */
  readonly preallocate?: bigint | undefined;
  /** The device whose sectors are counted; default: the uppermost that has the data. See `checkMappable`. */
  readonly level?: DeviceNumber | undefined;
  /** What statistics may take; default: this machine's. */
  readonly memory?: StatsMemory | undefined;
  /** Called once, when the group was found, its regions are true and the file is watched. */
  readonly onFollowing?: (groupId: number) => void;
  /** Called after each update. */
  readonly onUpdated?: (update: FileUpdate) => void;
  /** Called after each update or look at the group that the kernel refused, with its reason. */
  readonly onFailed?: (message: string) => void;
  /** Called in path mode when another file is followed from now on. */
  readonly onReopened?: (facts: FileFacts) => void;
  /** What the files of one process share; undefined: there is only this one. */
  readonly shared?: SharedWork | undefined;
  /** Claims a group for this monitor alone; undefined when another one follows it. Default: nobody else can. */
  readonly claim?: (device: DeviceNumber, groupId: number) => Promise<Disposable | undefined>;
  /** Ends the monitor cleanly. */
  readonly signal: AbortSignal;
}

/** An update of a file's group. */
export interface FileUpdate {
  readonly device: DeviceNumber;
  readonly groupId: number;
  /** The group's name. */
  readonly alias: string;
  /** Whether it changed regions. */
  readonly changed: boolean;
}

/** What the files of one process share. */
export interface SharedWork {
  /** See `Look.place`. */
  place(): number;
  /** The groups of a device, by a list that may be as old as the time between two looks. */
  groups(device: DeviceNumber): Promise<ReadonlyMap<number, GroupSeen>>;
  /** Whether the last look at the device has shown the group to be whole. */
  isListed(device: DeviceNumber, groupId: number): boolean;
  /** The device's completed writes when it was last seen to be quiet, and when that was. */
  quietWrites(device: DeviceNumber): QuietWrites | undefined;
  /** True for the first file on a device: it clears away what killed processes have left there. */
  isFirstOn(device: DeviceNumber): boolean;
  /** Whether all files end, and whoever runs them deletes their look-ahead regions. */
  isEnding(): boolean;
  /** Does something that may wait for the device, after all else that waits for it. */
  alone<T>(device: DeviceNumber, action: () => Promise<T>): Promise<T>;
}

/** Another daemon follows the group already: two of them would undo each other's work. */
export class FollowedAlreadyError extends UsageError {}

/** Whether a daemon's reason for its end is that another one follows its group. */
export function isFollowedAlready(message: string): boolean {
  return /is followed by another dmfilemapd$/.test(message);
}
