import { Bitmap } from './bitmap.ts';

/** Points that are kept at once: each costs a step on every mark, and up to one bit a region. */
export const MOST_POINTS = 8;
/** Words of 32 regions handled between two waits. */
const BATCH_WORDS = 2 * 1024;
/** More ranges than so many are told with small gaps closed: what is said to be changed may be more than was. */
export const MOST_RANGES = 32_768;

/** Regions from `first` to `last`, both in it, as `[first, last]`. */
export type ChangedRange = readonly [first: number, last: number];

/** Whether the server can know what has changed since a point, and if not, why. */
export type KnownChanges = { readonly changed: Bitmap } | { readonly unknown: string };

interface Point {
  readonly epoch: string;
  readonly changed: Bitmap;
  isTaken: boolean;
}

/**
 * Which regions may have been written since a point. A region counts as changed when it was marked since, or was marked
 * and not cleared at the point, as the kernel does not mark it again before it has cleared it; or was out of sync
 * at the point or since, as the kernel writes to such a region without a mark.
 */
export class Changes {
  readonly #regionCount: number;
  /** Why nothing can be said; undefined when the kernel's marks were heard from the first on. */
  readonly #unknown: string | undefined;
  readonly #open: Bitmap;
  readonly #points: Point[] = [];

  constructor(regionCount: number, unknown?: string) {
    this.#regionCount = regionCount;
    this.#unknown = unknown;
    this.#open = new Bitmap(regionCount);
  }

  get isComplete(): boolean {
    return this.#unknown === undefined;
  }

  /** A region is about to be written. */
  mark(region: number): void {
    this.#open.add(region);
    this.touch(region);
  }

  /** All writes to a region have ended. */
  clear(region: number): void {
    this.#open.delete(region);
  }

  /** A region changes, or may be written without a mark from now on. */
  touch(region: number): void {
    for (const { changed } of this.#points) changed.add(region);
  }

  /** As `touch()`, for 32 regions at once. */
  touchWord(index: number, bits: number): void {
    for (const { changed } of this.#points) changed.setWord(index, changed.word(index) | bits);
  }

  /**
   * Takes a point: on resolution, whatever is written from then on will count as changed since `epoch`. The oldest point
   * goes when there are too many.
   */
  async take(epoch: string, outOfSync: Bitmap, pause: () => Promise<void>): Promise<void> {
    const point: Point = { epoch, changed: new Bitmap(this.#regionCount), isTaken: false };
    this.#points.push(point);
    if (this.#points.length > MOST_POINTS) this.#points.shift();
    // What is marked from here on is in the point already; what is cleared before its turn is not written any more.
    for (let index = 0; index < point.changed.wordCount; index++) {
      point.changed.setWord(index, point.changed.word(index) | this.#open.word(index) | outOfSync.word(index));
      if (index % BATCH_WORDS === BATCH_WORDS - 1) await pause();
    }
    point.isTaken = true;
  }

  /** What may have changed since a point. */
  since(epoch: string): KnownChanges {
    if (this.#unknown !== undefined) return { unknown: this.#unknown };
    const point = this.#points.find((one) => one.epoch === epoch && one.isTaken);
    return point === undefined
      ? { unknown: `the epoch was not taken of this log, or ${MOST_POINTS} others were since` }
      : { changed: point.changed };
  }
}

/** The members of a set as ranges; when there are too many of them, with small gaps closed. */
export async function rangesOf(set: Bitmap, pause: () => Promise<void>): Promise<ChangedRange[]> {
  for (let gap = 1; ; gap *= 4) {
    const ranges = await rangesWithin(set, gap, pause);
    if (ranges !== undefined) return ranges;
  }
}

/** Ranges whose regions are at most `gap` apart; undefined when there are too many. */
async function rangesWithin(set: Bitmap, gap: number, pause: () => Promise<void>): Promise<ChangedRange[] | undefined> {
  const ranges: ChangedRange[] = [];
  let first = -1;
  let last = -1;
  let steps = 0;
  for (let region = set.next(0); region >= 0; region = set.next(last + 1)) {
    if (first >= 0 && region - last > gap) {
      ranges.push([first, last]);
      if (ranges.length >= MOST_RANGES) return undefined;
      first = region;
    } else if (first < 0) {
      first = region;
    }
    // Whole words at once: most of what changes is a stretch.
    last = (region & 31) === 0 && set.word(region >>> 5) === -1 ? region + 31 : region;
    if (++steps % BATCH_WORDS === 0) await pause();
  }
  if (first >= 0) ranges.push([first, last]);
  return ranges;
}
