/** What the two threads of dmlogd tell each other. */
import type { ChangedRange } from '../changes.ts';
import type { LogEvent, LogPhase, LogRecord } from '../ports.ts';
import type { ResyncBook } from '../resync-book.ts';
import type { PolicySource } from './policy-file.ts';

/** What the server's thread is started with. */
export interface WorkerData {
  /** The descriptor by which it is woken from its wait. */
  readonly wakeFd: number;
  /** The kernel's requests; the thread closes it. */
  readonly socketFd: number;
  readonly stateFolder: string;
  /** What to go on with. */
  readonly records: readonly LogRecord[];
  readonly resync: ResyncBook;
  /** The module of the operator's policy, if there is one. */
  readonly policy: PolicySource | undefined;
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

/** Where a mirror has been written lately. */
export interface MirrorHeat {
  readonly uuid: string;
  readonly regions: number;
  readonly regionSectors: number;
  /** Regions of a part, but for the last one. */
  readonly partRegions: number;
  /**
   * Of each part, how often the kernel has begun to write to one of its regions; what is older counts less, half after
   * some 70 s. A region that is written without a rest counts once.
   */
  readonly parts: readonly number[];
}

/** What of a mirror may have been written since an epoch: all of it when that is not known. */
export interface MirrorChanges {
  readonly uuid: string;
  readonly regions: number;
  readonly regionSectors: number;
  /** Sectors of the mirror: its last region may be shorter. */
  readonly lengthSectors: number;
  /** Why everything counts as changed; undefined when the ranges are what has. */
  readonly unknown: string | undefined;
  readonly changed: readonly ChangedRange[];
}

/** What the thread is asked. */
export type Question =
  | { readonly kind: 'status' }
  | { readonly kind: 'heat' }
  | { readonly kind: 'epoch' }
  | { readonly kind: 'changed'; readonly since: string };

export type Answer =
  | { readonly kind: 'status'; readonly status: ServerStatus }
  | { readonly kind: 'heat'; readonly mirrors: readonly MirrorHeat[] }
  | { readonly kind: 'epoch'; readonly epoch: string }
  | { readonly kind: 'changed'; readonly mirrors: readonly MirrorChanges[] };

export type ToWorker =
  | { readonly type: 'question'; readonly id: number; readonly question: Question }
  | { readonly type: 'resync'; readonly book: ResyncBook }
  | { readonly type: 'trace'; readonly isOn: boolean }
  | { readonly type: 'legsSynced'; readonly id: number; readonly error: string | undefined }
  | { readonly type: 'forget'; readonly uuid: string; readonly luid: string }
  | { readonly type: 'stop' };

export type FromWorker =
  | { readonly type: 'ready' }
  | { readonly type: 'event'; readonly event: LogEvent }
  | { readonly type: 'answer'; readonly id: number; readonly answer: Answer }
  /** A log was constructed, resumed, suspended or destroyed. */
  | { readonly type: 'logsChanged' }
  | { readonly type: 'poke'; readonly uuid: string }
  | { readonly type: 'syncLegs'; readonly id: number; readonly uuid: string }
  | { readonly type: 'datagram'; readonly from: 'kernel' | 'server'; readonly ms: number; readonly bytes: Uint8Array };
