import { Bitmap } from '../bitmap.ts';
import type { LegSync } from '../block-store.ts';
import type { Changes } from '../changes.ts';
import { Heat } from '../heat.ts';
import type { Pace } from '../pace.ts';
import type { BitImage } from './bit-image.ts';

/** Words of 32 regions that are made clean between two waits: what fills 8 blocks. */
const BATCH_WORDS = 8 * 1024;
/** Words between two looks at the clock. */
const PIECE_WORDS = 128;

/**
 * The regions of one mirror: which are in sync, which are clean. Two copies outlive the server. On the log device the
 * clean bits, for the case that the machine dies: a region that was not clean is copied again then. In /run the sync
 * bits, for the case that only the server dies: the kernel goes on, and a region it wrote to in the meantime is as much
 * in sync as it was.
 *
 * A region is dirty from its mark until it is written clean, which happens lazily: a cleared region waits among the
 * `young` and then the `old` ones, and a mark takes it out at no cost, so that a region written again and again is
 * marked on the device once.
 */
export class RegionLog {
  readonly regionCount: number;
  readonly regionSectors: number;
  /** The clean bits on the log device; undefined for a core log. */
  readonly medium: BitImage | undefined;
  /** The sync bits in /run; undefined when nothing is to survive the server. */
  readonly survivor: BitImage | undefined;
  readonly outOfSync: Bitmap;
  readonly heat: Heat;
  /** What has changed since the points that were taken. */
  readonly changes: Changes;
  #young: Bitmap;
  #old: Bitmap;
  #cleaning: Promise<void> | undefined;
  #isRetired = false;

  constructor(
    regionCount: number,
    regionSectors: number,
    {
      medium,
      survivor,
      changes,
    }: { readonly medium: BitImage | undefined; readonly survivor: BitImage | undefined; readonly changes: Changes },
  ) {
    this.regionCount = regionCount;
    this.regionSectors = regionSectors;
    this.medium = medium;
    this.survivor = survivor;
    this.changes = changes;
    this.outOfSync = new Bitmap(regionCount);
    this.heat = new Heat(regionCount);
    this.#young = new Bitmap(regionCount);
    this.#old = new Bitmap(regionCount);
  }

  get syncCount(): number {
    return this.regionCount - this.outOfSync.count;
  }

  /** Regions that the log device has as dirty. */
  get dirtyCount(): number {
    return this.medium === undefined ? 0 : this.regionCount - this.medium.bits.count;
  }

  /** Why nothing can be made durable any more; undefined while all is well. */
  get failure(): BitImage['failure'] {
    return this.medium?.failure ?? this.survivor?.failure;
  }

  /**
   * Whether the kernel may be told that regions are not in sync: it writes to one leg then, without a mark, so the log
   * device must have them as dirty already. A device that is never read again may have what it likes.
   */
  get mayTellOutOfSync(): boolean {
    return this.medium === undefined || this.medium.isEstablished || this.medium.isUnusable;
  }

  isInSync(region: number): boolean {
    return !this.outOfSync.has(region);
  }

  isClean(region: number): boolean {
    if (this.medium === undefined) return this.isInSync(region);
    return this.medium.bits.has(region) || this.#young.has(region) || this.#old.has(region);
  }

  /** A region is about to be written: dirty, durably so when `medium` has reached its point of the region. */
  mark(region: number): void {
    this.heat.add(region);
    this.changes.mark(region);
    this.#dirty(region);
  }

  #dirty(region: number): void {
    if (this.medium === undefined || this.medium.take(region)) return;
    this.#young.delete(region);
    this.#old.delete(region);
  }

  /** All writes to a region have ended. Never at once, and never when the region is not in sync (I4). */
  clear(region: number): void {
    this.changes.clear(region);
    if (this.medium === undefined || this.outOfSync.has(region)) return;
    if (!this.medium.bits.has(region) && !this.#old.has(region)) this.#young.add(region);
  }

  /** The legs are alike in a region, or not any more. The latter is durable when both copies have reached their points. */
  setSync(region: number, isInSync: boolean): void {
    if (isInSync) {
      this.outOfSync.delete(region);
      this.survivor?.give(region);
    } else {
      this.outOfSync.add(region);
      this.changes.touch(region);
      this.survivor?.take(region);
      this.#dirty(region);
    }
  }

  /** Starts to write what has changed. */
  commit(): void {
    this.medium?.commit();
    this.survivor?.commit();
  }

  /** Regions cleared but not written clean yet. */
  get pendingClears(): number {
    return this.#young.count + this.#old.count;
  }

  /**
   * Writes the old cleared regions clean, after the legs' caches were flushed (I3), and lets the young ones grow old.
   *
   * @returns a promise for when that is done; it rejects when the legs could not be flushed, and the regions stay dirty
   */
  clean(syncLegs: LegSync, pace: Pace): Promise<void> {
    this.#cleaning ??= this.#clean(syncLegs, pace).finally(() => {
      this.#cleaning = undefined;
    });
    return this.#cleaning;
  }

  /**
   * Ends all writing, for whoever reads or writes the stores next; resolves when nothing is in flight. What was cleared
   * and not written stays dirty.
   */
  async retire(): Promise<void> {
    this.#isRetired = true;
    await this.#cleaning?.catch(() => {});
    await this.medium?.idle();
    await this.survivor?.idle();
  }

  async #clean(syncLegs: LegSync, pace: Pace): Promise<void> {
    if (this.#isRetired) return;
    if (this.#old.count > 0) {
      // A region that is marked while the legs flush leaves the old ones; cleared again, it waits for the next flush.
      await syncLegs();
      await this.#writeOld(pace);
    }
    if (this.#old.count > 0) return;
    [this.#old, this.#young] = [this.#young, this.#old];
  }

  async #writeOld(pace: Pace): Promise<void> {
    const { medium } = this;
    if (medium === undefined) return;
    while (this.#old.count > 0 && medium.failure === undefined && !this.#isRetired) {
      const old = this.#old;
      const first = old.next(0) >>> 5;
      let words = 0;
      for (let index = first; index >= 0 && index < first + BATCH_WORDS; index = nextWord(old, index)) {
        medium.setWord(index, medium.bits.word(index) | old.word(index));
        old.setWord(index, 0);
        // What is marked meanwhile is taken out of both.
        if (++words % PIECE_WORDS === 0) await pace.step();
      }
      medium.commit();
      await medium.idle();
    }
  }
}

function nextWord(bitmap: Bitmap, index: number): number {
  const next = bitmap.next(32 * (index + 1));
  return next < 0 ? -1 : next >>> 5;
}
