/** Called when an operation has ended: with nothing, or with why it failed. */
export type StoreDone = (error: Error | undefined) => void;

/**
 * Where a log's bits live: a block device, a file in /run, or what a test makes of them. A mark waits for a write and a
 * sync, so these two call back, at once or later: a promise would wait for a turn of the event loop.
 */
export interface BlockStore {
  /** Bytes that it holds. */
  readonly size: number;
  /** Bytes that are read or written at once and never torn: 512 or 4096. */
  readonly sectorBytes: number;
  /** The device's number as `MAJOR:MINOR`, or what names a store that is no device. */
  readonly label: string;
  /** Fills `into` from byte `offset`; both are multiples of the sector. Rejects when the device says no. */
  read(offset: number, into: Uint8Array): Promise<void>;
  /**
   * Writes `bytes`, which are left alone until it is done, at byte `offset`; what is written may be lost or torn by a power
   * cut until a `sync()` that is asked for later is done.
   */
  write(offset: number, bytes: Uint8Array, done: StoreDone): void;
  /** Brings all writes that are done to the medium, past the device's cache. */
  sync(done: StoreDone): void;
  /** Lets go of it. Called when nothing is in flight. */
  close(): void;
}

/**
 * Flushes the volatile caches of a mirror's legs; resolves when all are flushed, rejects when one could not be. The
 * kernel's own disk log does it before it writes a clean bit; dm-log-userspace does not, so the server must.
 */
export type LegSync = () => Promise<void>;
