/** The kernel memory that the look-aheads of a service's files share. Pure. */
import { LOOK_AHEAD_BYTES } from '../../filemap/lookahead/geometry.ts';
import { type LookAheadShare, QUIET_MS } from '../../filemap/lookahead/look-ahead.ts';

/** Kernel memory for all files of a service together, in bytes. */
export const POOL_BYTES = 64 << 20;

/** With less, a fine layer holds no more than a few looks of slow growth. */
const LEAST_BYTES = 512 << 10;
/** Three regions, before their first area: 128 bytes and a pointer for each CPU the kernel was built for (8192 on Debian). */
const REGIONS_BYTES = 3 * (128 + 8 * 8192);

/** A file's part, until it is disposed of. */
export interface PoolShare extends LookAheadShare, Disposable {
  /** The file is new: it may be about to grow, and gets a part as long as there is one that nobody has. */
  isNew(): void;
  /** Its place among those who have a part, from 1 for the one that grew last; 0: it has none. */
  rank(): number;
}

interface Part {
  /** When the file grew last, or was new; monotonic milliseconds. */
  readonly at: number;
  readonly hasGrown: boolean;
  bytes: number;
}

/**
 * Gives its part to those files that have grown in the last ten minutes, the most recent ones first, and to new ones as
 * far as it reaches; in powers of two, which only growth makes larger: layers of another size are laid anew, and each time
 * the device drains.
 */
export class LookAheadPool {
  readonly #bytes: number;
  readonly #now: () => number;
  /** The oldest first. */
  readonly #parts = new Map<PoolShare, Part>();

  /** @param now monotonic milliseconds */
  constructor(bytes: number, now: () => number) {
    this.#bytes = bytes;
    this.#now = now;
  }

  /** The part of one more file, which has none until it is told to be new or to have grown. */
  join(): PoolShare {
    const share: PoolShare = {
      bytes: () => this.#bytesOf(share),
      rank: () => this.#rank(share),
      isNew: () => {
        this.#retire();
        if (this.#parts.size < this.#most) this.#take(share, false);
      },
      grew: () => this.#take(share, true),
      [Symbol.dispose]: () => void this.#parts.delete(share),
    };
    return share;
  }

  /** How many files can have a part. */
  get #most(): number {
    return Math.floor(this.#bytes / (LEAST_BYTES + REGIONS_BYTES));
  }

  #take(share: PoolShare, hasGrown: boolean): void {
    this.#parts.delete(share);
    this.#parts.set(share, { at: this.#now(), hasGrown, bytes: LOOK_AHEAD_BYTES });
    this.#retire();
  }

  #bytesOf(share: PoolShare): number {
    this.#retire();
    const part = this.#parts.get(share);
    if (part === undefined) return 0;
    part.bytes = Math.min(part.bytes, this.#equalPart());
    return part.bytes;
  }

  #rank(share: PoolShare): number {
    this.#retire();
    if (!this.#parts.has(share)) return 0;
    return this.#parts.size - [...this.#parts.keys()].indexOf(share);
  }

  /** Has those give up their parts who have not grown for long, and the first ones when there are too many. */
  #retire(): void {
    const since = this.#now() - QUIET_MS;
    for (const [share, { at }] of this.#parts) {
      if (at > since) break;
      this.#parts.delete(share);
    }
    while (this.#parts.size > this.#most) {
      const [oldest] = this.#parts.keys();
      const [leaving = oldest] = [...this.#parts].find(([, { hasGrown }]) => !hasGrown) ?? [];
      if (leaving === undefined) return;
      this.#parts.delete(leaving);
    }
  }

  #equalPart(): number {
    const part = this.#bytes / this.#parts.size - REGIONS_BYTES;
    let bytes = LOOK_AHEAD_BYTES;
    while (bytes > part) bytes /= 2;
    return bytes;
  }
}
