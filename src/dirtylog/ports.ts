/** What the server needs of the world, and what it tells it. */
import type { BlockStore } from './block-store.ts';
import type { ResyncPolicy } from './resync.ts';

/** What an operator may want to know. */
export type LogEvent =
  | { readonly type: 'malformed'; readonly reason: string }
  /** A reply did not reach the kernel, which will ask again after 15 s. */
  | { readonly type: 'sendFailed'; readonly reason: string }
  /** A log of the server before cannot be gone on with: the kernel will be told to construct it again. */
  | { readonly type: 'notAdopted'; readonly uuid: string; readonly reason: string }
  /** A constructor was refused: the table is not loaded. */
  | { readonly type: 'refused'; readonly uuid: string; readonly reason: string }
  /** A request for a log that this server has never heard of: the kernel is told to construct it again. */
  | { readonly type: 'unknownLog'; readonly uuid: string; readonly luid: bigint }
  /** The log's bits cannot be kept: its flushes fail, and the kernel holds the mirror's writes until the table is reloaded. */
  | { readonly type: 'logFailed'; readonly uuid: string; readonly letter: 'D' | 'F'; readonly reason: string }
  /** A log device that could not be written when the mirror was resumed now could: what waited for it goes on. */
  | { readonly type: 'logWritable'; readonly uuid: string }
  /** The log device did not speak for the regions: they are copied again. */
  | { readonly type: 'logLost'; readonly uuid: string; readonly reason: string }
  /** The kernel asks for resync work only after the device is suspended and resumed. */
  | { readonly type: 'needsResume'; readonly uuid: string }
  /** A write to a leg, or the copying of a region, has failed. */
  | { readonly type: 'outOfSync'; readonly uuid: string; readonly region: number }
  | { readonly type: 'resyncDone'; readonly uuid: string }
  /** The legs' caches could not be flushed: what was cleared stays dirty. */
  | { readonly type: 'legSyncFailed'; readonly uuid: string; readonly reason: string }
  /** The operator's resync policy throws, or answers what is no region to copy: the mirror is copied in order. */
  | { readonly type: 'policyFailed'; readonly uuid: string; readonly reason: string };

/** Where a log stands. */
export type LogPhase = 'opening' | 'constructed' | 'loading' | 'running' | 'presuspended' | 'suspended';

/** All that is to be kept of a log in /run, besides its bits, so that a new server can go on with it. Plain JSON. */
export interface LogRecord {
  readonly uuid: string;
  /** In decimal: it is beyond what JSON's numbers hold. */
  readonly luid: string;
  /** The constructor's words. */
  readonly words: string;
  /** Whether the kernel has resumed it at least once: its bits are in use then. */
  readonly wasResumed: boolean;
  /** Whether it is resumed now. */
  readonly isRunning: boolean;
}

/** The world, as the server needs it. None of these is called while a request is decoded. */
export interface ServerPorts {
  /** Sends a datagram to the kernel: the first `length` of `bytes`, which are the server's again on return. */
  send(bytes: Uint8Array, length: number): void;
  event(event: LogEvent): void;
  /** Reads a little of the mirror past the page cache, so that the kernel asks for resync work. */
  poke(uuid: string): void;
  /** Keeps the records of all logs; on return they outlive the server. */
  persist(records: readonly LogRecord[]): void;
  /** Opens a log device, a path or `MAJOR:MINOR`; rejects when there is none. */
  openDevice(device: string): Promise<BlockStore>;
  /**
   * Opens the file in /run that keeps the sync bits of a mirror's log on the device `label`, with `bytes` allocated. `fresh`: what is there is of an
   * earlier mirror, and goes. Its `close()` takes the file away. Undefined when nothing is to survive the server.
   */
  openRun(uuid: string, label: string, bytes: number, fresh: boolean): Promise<BlockStore | undefined>;
  /** The resync policy that a mirror begins with. */
  resyncPolicy(uuid: string): ResyncPolicy;
  /** Flushes the volatile caches of the legs of a mirror. */
  syncLegs(uuid: string): Promise<void>;
  /** Milliseconds of the monotonic clock. */
  now(): number;
  /** Minutes since midnight on the clock on the wall. */
  minuteOfDay(): number;
  /** Lets other work in. */
  pause(): Promise<void>;
}
