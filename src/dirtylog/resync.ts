/** Which region to copy next, and when: pure functions, composed from what the operator wants. */
import type { Bitmap } from './bitmap.ts';
import type { Heat } from './heat.ts';

/** What a policy sees of a mirror. */
export interface ResyncQueue {
  readonly regionCount: number;
  readonly regionSectors: number;
  readonly outOfSync: Bitmap;
  readonly heat: Heat;
  /** When the region before counts as handed out, in milliseconds of the monotonic clock; -Infinity before the first. */
  readonly lastMs: number;
}

/** The time, as a policy needs it. */
export interface ResyncTime {
  /** Milliseconds of the monotonic clock. */
  readonly nowMs: number;
  /** Minutes since midnight on the clock on the wall. */
  readonly minuteOfDay: number;
}

/**
 * A region to copy, and when it counts as handed out, if not now; or how long to wait before asking again, Infinity when
 * only a change of settings can help.
 */
export type ResyncChoice = { readonly region: number; readonly countsAtMs?: number } | { readonly waitMs: number };

/** A resync policy. Only asked while regions are out of sync; a region that is in sync or does not exist is not copied. */
export type ResyncPolicy = (queue: ResyncQueue, time: ResyncTime) => ResyncChoice;

/** Regions from `first` to `last`, both in it. */
export interface RegionRange {
  readonly first: number;
  readonly last: number;
}

/** A part of each day, in minutes since midnight; one that ends before it begins goes over midnight. */
export interface DailyWindow {
  readonly fromMinute: number;
  readonly toMinute: number;
}

const MINUTE_MS = 60_000;
const DAY_MINUTES = 1440;
const SECTOR_BYTES = 512;

/** From the first region to the last. */
export const inOrder: ResyncPolicy = ({ outOfSync }) => chosen(outOfSync.next(0));

/** The part that is written most first. Unwritten parts come in order. */
export const byHeat: ResyncPolicy = ({ outOfSync, heat }) => {
  let best = -1;
  let most = -1;
  for (let region = outOfSync.next(0); region >= 0; ) {
    const part = region >>> heat.shift;
    const warmth = heat.parts[part] as number;
    if (warmth > most) {
      best = region;
      most = warmth;
    }
    region = outOfSync.next((part + 1) * 2 ** heat.shift);
  }
  return chosen(best);
};

/** These ranges first, in their order, then what the other policy says. */
export function rangesFirst(ranges: readonly RegionRange[], then: ResyncPolicy): ResyncPolicy {
  return (queue, time) => {
    for (const { first, last } of ranges) {
      const region = queue.outOfSync.next(first);
      if (region >= 0 && region <= last) return { region };
    }
    return then(queue, time);
  };
}

/**
 * What a rate may make up for at once, in milliseconds: the kernel of an idle mirror is woken once in `POKE_EVERY_MS`, and
 * then has to copy what has become due meanwhile.
 */
export const BURST_MS = 2000;

/** At most so many bytes a second, over times much longer than `BURST_MS`. */
export function limitedTo(bytesPerSecond: number, policy: ResyncPolicy): ResyncPolicy {
  return (queue, time) => {
    const dueMs = queue.lastMs + (queue.regionSectors * SECTOR_BYTES * 1000) / bytesPerSecond;
    if (dueMs > time.nowMs) return { waitMs: dueMs - time.nowMs };
    const choice = policy(queue, time);
    if (!('region' in choice) || dueMs === Number.NEGATIVE_INFINITY) return choice;
    return { ...choice, countsAtMs: Math.max(dueMs, time.nowMs - BURST_MS) };
  };
}

/** Only in these parts of the day. */
export function onlyIn(windows: readonly DailyWindow[], policy: ResyncPolicy): ResyncPolicy {
  return (queue, time) => {
    let waitMinutes = Number.POSITIVE_INFINITY;
    for (const { fromMinute, toMinute } of windows) {
      const lengthMinutes = (toMinute - fromMinute + DAY_MINUTES) % DAY_MINUTES;
      const sinceBegin = (time.minuteOfDay - fromMinute + DAY_MINUTES) % DAY_MINUTES;
      if (sinceBegin < lengthMinutes) return policy(queue, time);
      waitMinutes = Math.min(waitMinutes, DAY_MINUTES - sinceBegin);
    }
    return { waitMs: waitMinutes * MINUTE_MS };
  };
}

/** Not until told otherwise. */
export const paused: ResyncPolicy = () => ({ waitMs: Number.POSITIVE_INFINITY });

/** What an operator sets, at any time. */
export interface ResyncSettings {
  readonly paused: boolean;
  readonly order: 'inOrder' | 'byHeat';
  readonly first: readonly RegionRange[];
  /** Null for no limit: JSON has no undefined. */
  readonly bytesPerSecond: number | null;
  /** Empty for all day. */
  readonly windows: readonly DailyWindow[];
}

/** Everything at once, in order. */
export const DEFAULT_RESYNC: ResyncSettings = {
  paused: false,
  order: 'inOrder',
  first: [],
  bytesPerSecond: null,
  windows: [],
};

/**
 * The policy of the settings.
 *
 * @throws RangeError for a rate that is not above 0, or a window or range that is none
 */
export function resyncPolicy({
  paused: isPaused,
  order,
  first,
  bytesPerSecond,
  windows,
}: ResyncSettings): ResyncPolicy {
  for (const { first: begin, last } of first) {
    if (!(begin >= 0 && last >= begin)) throw new RangeError(`regions ${begin} to ${last} are no range`);
  }
  for (const { fromMinute, toMinute } of windows) {
    const isMinute = (minute: number): boolean => Number.isInteger(minute) && minute >= 0 && minute < DAY_MINUTES;
    if (!isMinute(fromMinute) || !isMinute(toMinute) || fromMinute === toMinute) {
      throw new RangeError(`minutes ${fromMinute} to ${toMinute} are no part of a day`);
    }
  }
  if (isPaused) return paused;
  let policy = rangesFirst(first, order === 'byHeat' ? byHeat : inOrder);
  if (bytesPerSecond !== null) {
    if (!(bytesPerSecond > 0)) throw new RangeError(`a resync of ${bytesPerSecond} bytes a second is none: pause it`);
    policy = limitedTo(bytesPerSecond, policy);
  }
  return windows.length === 0 ? policy : onlyIn(windows, policy);
}

/** The kernel is poked at most so often, in milliseconds: each poke is a read of the mirror. */
export const POKE_EVERY_MS = 1000;

/** What decides over a poke. */
export interface PokeFacts {
  readonly outOfSync: number;
  /** Whether the kernel copies a region now: it asks for the next one by itself. */
  readonly isCopying: boolean;
  /** Whether the mirror runs, and has asked for work at all since it was resumed or could be said to be in sync. */
  readonly isRunning: boolean;
  readonly lastPokeMs: number;
}

/**
 * Whether to wake the kernel: after an answer of no work it asks again only when I/O wakes it, so that a resync that
 * may go on would wait for ever on an idle mirror.
 */
export function isPokeDue(facts: PokeFacts, choice: () => ResyncChoice, nowMs: number): boolean {
  if (!facts.isRunning || facts.isCopying || facts.outOfSync === 0) return false;
  return nowMs - facts.lastPokeMs >= POKE_EVERY_MS && 'region' in choice();
}

function chosen(region: number): ResyncChoice {
  return region < 0 ? { waitMs: Number.POSITIVE_INFINITY } : { region };
}
