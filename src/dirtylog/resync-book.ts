/** What an operator has set: for all mirrors, and for single ones. Plain JSON. */
import { DEFAULT_RESYNC, type ResyncSettings, resyncPolicy } from './resync.ts';

export interface ResyncBook {
  readonly all: ResyncSettings;
  /** What is set otherwise for a mirror, by its uuid. */
  readonly mirrors: Readonly<Record<string, Partial<ResyncSettings>>>;
}

export const EMPTY_BOOK: ResyncBook = { all: DEFAULT_RESYNC, mirrors: {} };

/** What holds for a mirror. */
export function settingsOf({ all, mirrors }: ResyncBook, uuid: string): ResyncSettings {
  return Object.hasOwn(mirrors, uuid) ? { ...all, ...mirrors[uuid] } : all;
}

/**
 * The book with something set for one mirror, or for all that have nothing else set.
 *
 * @param change null to have nothing set for the mirror any more
 * @throws RangeError for settings that make no sense
 */
export function changeBook(
  book: ResyncBook,
  uuid: string | undefined,
  change: Partial<ResyncSettings> | null,
): ResyncBook {
  const { all, mirrors } = book;
  if (uuid === undefined) {
    const changed = { all: { ...all, ...change }, mirrors };
    resyncPolicy(changed.all);
    return changed;
  }
  const { [uuid]: before, ...others } = mirrors;
  if (change === null) return { all, mirrors: others };
  const changed = { all, mirrors: { ...others, [uuid]: { ...before, ...change } } };
  resyncPolicy(settingsOf(changed, uuid));
  return changed;
}

/** A book that was kept as JSON, if it is all there and makes sense; else an empty one. */
export function readBook(kept: unknown): ResyncBook {
  if (typeof kept !== 'object' || kept === null || !('all' in kept) || !('mirrors' in kept)) return EMPTY_BOOK;
  const { all, mirrors } = kept;
  if (typeof all !== 'object' || typeof mirrors !== 'object' || mirrors === null) return EMPTY_BOOK;
  try {
    const whole = changeBook(EMPTY_BOOK, undefined, all);
    return Object.entries(mirrors).reduce((book, [uuid, change]) => changeBook(book, uuid, change), whole);
  } catch {
    return EMPTY_BOOK;
  }
}
