/** What the two threads of dmlogd tell each other. */
import type { LogEvent, LogPhase, LogRecord } from '../ports.ts';
import type { ResyncSettings } from '../resync.ts';

/** What the server's thread is started with. */
export interface WorkerData {
  /** The descriptor by which it is woken from its wait. */
  readonly wakeFd: number;
  /** The kernel's requests; the thread closes it. */
  readonly socketFd: number;
  readonly stateFolder: string;
  /** What to go on with. */
  readonly records: readonly LogRecord[];
  readonly resync: ResyncSettings;
}

/** How a mirror stands. */
export interface MirrorStatus {
  readonly uuid: string;
  /** The log device as `MAJOR:MINOR`, or `core`. */
  readonly log: string;
  /** 0 while the log is not loaded. */
  readonly regions: number;
  readonly regionSectors: number;
  readonly inSync: number;
  /** Regions that the log device has as dirty; 0 for a core log. */
  readonly dirty: number;
  /** The region that is being copied. */
  readonly recovering: number | undefined;
  readonly failure: { readonly letter: 'D' | 'F'; readonly reason: string } | undefined;
  /** Blocks of 4 KiB written to the log device since it was loaded. */
  readonly blocksWritten: number;
  /** Its tables, as the kernel knows them. */
  readonly tables: readonly { readonly luid: string; readonly phase: LogPhase; readonly words: string }[];
}

/** What the server has to tell of itself. */
export interface ServerStatus {
  readonly mirrors: readonly MirrorStatus[];
  /** Requests answered or held since the start, by type. */
  readonly requests: Readonly<Record<string, number>>;
}

export type ToWorker =
  | { readonly type: 'status'; readonly id: number }
  | { readonly type: 'resync'; readonly settings: ResyncSettings }
  | { readonly type: 'trace'; readonly isOn: boolean }
  | { readonly type: 'legsSynced'; readonly id: number; readonly error: string | undefined }
  | { readonly type: 'forget'; readonly uuid: string; readonly luid: string }
  | { readonly type: 'stop' };

export type FromWorker =
  | { readonly type: 'ready' }
  | { readonly type: 'event'; readonly event: LogEvent }
  | { readonly type: 'status'; readonly id: number; readonly status: ServerStatus }
  /** A log was constructed, resumed, suspended or destroyed. */
  | { readonly type: 'logsChanged' }
  | { readonly type: 'poke'; readonly uuid: string }
  | { readonly type: 'syncLegs'; readonly id: number; readonly uuid: string }
  | { readonly type: 'datagram'; readonly from: 'kernel' | 'server'; readonly ms: number; readonly bytes: Uint8Array };
