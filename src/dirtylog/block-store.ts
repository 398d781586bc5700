/** Where a log's bits live: a block device, a file in /run, or what a test makes of them. */
export interface BlockStore {
  /** Bytes that it holds. */
  readonly size: number;
  /** Bytes that are read or written at once and never torn: 512 or 4096. */
  readonly sectorBytes: number;
  /** The device's number as `MAJOR:MINOR`, or what names a store that is no device. */
  readonly label: string;
  /** Fills `into` from byte `offset`; both are multiples of the sector. Rejects when the device says no. */
  read(offset: number, into: Uint8Array): Promise<void>;
  /** Writes `bytes` at byte `offset`; what is written may be lost or torn by a power cut until `sync()` resolves. */
  write(offset: number, bytes: Uint8Array): Promise<void>;
  /** Resolves when all writes that have resolved are on the medium: fdatasync, with the device's cache flushed. */
  sync(): Promise<void>;
  /** Lets go of it. Called when nothing is in flight. */
  close(): void;
}

/**
 * Flushes the volatile caches of a mirror's legs; resolves when all are flushed, rejects when one could not be. The
 * kernel's own disk log does it before it writes a clean bit; dm-log-userspace does not, so the server must.
 */
export type LegSync = () => Promise<void>;
