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
  /** Its place among those who have a part, from 1 for the one that grew last; 0: it has none. */
  rank(): number;
}

/**
 * Gives its part to those files that have grown in the last ten minutes, the most recent ones first, in powers of two:
 * layers that no longer fit are laid anew, and each time the device drains.
 */
export class LookAheadPool {
  readonly #bytes: number;
  readonly #now: () => number;
  /** By the time of their growth, the oldest first. */
  readonly #growing = new Map<PoolShare, number>();

  /** @param now monotonic milliseconds */
  constructor(bytes: number, now: () => number) {
    this.#bytes = bytes;
    this.#now = now;
  }

  /** The part of one more file, which has none until it grows. */
  join(): PoolShare {
    const share: PoolShare = {
      bytes: () => (this.#retire().has(share) ? this.#part() : 0),
      rank: () => this.#rank(share),
      grew: () => {
        this.#growing.delete(share);
        this.#growing.set(share, this.#now());
      },
      [Symbol.dispose]: () => void this.#growing.delete(share),
    };
    return share;
  }

  #rank(share: PoolShare): number {
    const growing = [...this.#retire().keys()];
    const at = growing.indexOf(share);
    return at < 0 ? 0 : growing.length - at;
  }

  /** Those who have a part now: others give theirs up, when they have not grown for long or when they are too many. */
  #retire(): ReadonlyMap<PoolShare, number> {
    const most = Math.floor(this.#bytes / (LEAST_BYTES + REGIONS_BYTES));
    const since = this.#now() - QUIET_MS;
    for (const [share, grewAt] of this.#growing) {
      if (grewAt > since && this.#growing.size <= most) break;
      this.#growing.delete(share);
    }
    return this.#growing;
  }

  #part(): number {
    const part = this.#bytes / this.#growing.size - REGIONS_BYTES;
    let bytes = LOOK_AHEAD_BYTES;
    while (bytes > part) bytes /= 2;
    return bytes;
  }
}
