/** Which region to copy next, and when: pure functions, composed from what the operator wants. */

/** A set of regions, to be looked at. */
export interface RegionSet {
  /** How many regions are in it. */
  readonly count: number;
  has(region: number): boolean;
  /** The least region in it that is `from` or more, found at once in a set of any size; -1 when there is none. */
  next(from: number): number;
}

/** How much a mirror has been written lately, to be looked at. */
export interface RegionHeat {
  /** Regions of a part: those of one part are equally warm. A power of two; there are at most 4096 parts. */
  readonly partRegions: number;
  /** How often the kernel has begun to write to the part that a region is in; what is older counts less. */
  of(region: number): number;
}

/** What a policy sees of a mirror: all of it to be read only. */
export interface ResyncQueue {
  /** The uuid of the mirror's log. */
  readonly uuid: string;
  readonly regionCount: number;
  readonly regionSectors: number;
  /** The regions that are to be copied. */
  readonly outOfSync: RegionSet;
  readonly heat: RegionHeat;
  /** The region that was handed out last; -1 before the first one. */
  readonly lastRegion: number;
  /** When that counts as handed out, in milliseconds of the monotonic clock; -Infinity before the first one. */
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
 * The region to copy next, or to copy none for now. The long form is that of a rate: it says too when the region counts as
 * handed out, in milliseconds of the monotonic clock, if not now.
 */
export type ResyncChoice = number | 'wait' | { readonly region: number; readonly countsAtMs: number };

/**
 * A resync policy: which region of a mirror to copy next, and when. The ones of this module are of this type, what
 * combines them takes and returns it, and so is the function that `dmlogd serve --policy FILE` loads (docs/dirtylog.md).
 *
 * It is called by the thread that answers the kernel, and only while regions are out of sync: when the kernel has
 * copied one and asks for the next, and about once a second while nothing is copied. Not every region that it names is
 * copied: it must keep no account of its own, only look at what it is given.
 *
 * @example
 * // The regions of the first GiB at once, the others before six in the morning.
 * const policy: ResyncPolicy = (mirror, { minuteOfDay }) => {
 *   const region = mirror.outOfSync.next(0);
 *   return region * mirror.regionSectors < 2 ** 21 || minuteOfDay < 6 * 60 ? region : 'wait';
 * };
 */
export type ResyncPolicy = (mirror: ResyncQueue, time: ResyncTime) => ResyncChoice;

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

const DAY_MINUTES = 1440;
const SECTOR_BYTES = 512;

/** From the first region to the last. */
export const inOrder: ResyncPolicy = ({ outOfSync }) => chosen(outOfSync.next(0));

/** The part that is written most first. Unwritten parts come in order. */
export const byHeat: ResyncPolicy = ({ outOfSync, heat }) => {
  let best = -1;
  let most = -1;
  for (let region = outOfSync.next(0); region >= 0; ) {
    const warmth = heat.of(region);
    if (warmth > most) {
      best = region;
      most = warmth;
    }
    region = outOfSync.next(region - (region % heat.partRegions) + heat.partRegions);
  }
  return chosen(best);
};

/** These ranges first, in their order, then what the other policy says. */
export function rangesFirst(ranges: readonly RegionRange[], then: ResyncPolicy): ResyncPolicy {
  return (queue, time) => {
    for (const { first, last } of ranges) {
      const region = queue.outOfSync.next(first);
      if (region >= 0 && region <= last) return region;
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
    if (dueMs > time.nowMs) return 'wait';
    const choice = policy(queue, time);
    if (choice === 'wait' || dueMs === Number.NEGATIVE_INFINITY) return choice;
    return { region: regionOf(choice), countsAtMs: Math.max(dueMs, time.nowMs - BURST_MS) };
  };
}

/** Only in these parts of the day. */
export function onlyIn(windows: readonly DailyWindow[], policy: ResyncPolicy): ResyncPolicy {
  return (queue, time) => {
    const isNow = windows.some(({ fromMinute, toMinute }) => {
      const lengthMinutes = (toMinute - fromMinute + DAY_MINUTES) % DAY_MINUTES;
      return (time.minuteOfDay - fromMinute + DAY_MINUTES) % DAY_MINUTES < lengthMinutes;
    });
    return isNow ? policy(queue, time) : 'wait';
  };
}

/** Not until told otherwise. */
export const paused: ResyncPolicy = () => 'wait';

/** What an operator sets, at any time. */
export interface ResyncSettings {
  readonly paused: boolean;
  /** `default` is what the function of `dmlogd serve --policy` says; in order when there is none. */
  readonly order: 'default' | 'inOrder' | 'byHeat';
  readonly first: readonly RegionRange[];
  /** Null for no limit: JSON has no undefined. */
  readonly bytesPerSecond: number | null;
  /** Empty for all day. */
  readonly windows: readonly DailyWindow[];
}

/** Everything at once, in the default order. */
export const DEFAULT_RESYNC: ResyncSettings = {
  paused: false,
  order: 'default',
  first: [],
  bytesPerSecond: null,
  windows: [],
};

/**
 * The policy of the settings.
 *
 * @param own what the order `default` goes by
 * @throws RangeError for a rate that is not above 0, or an order, window or range that is none
 */
export function resyncPolicy(
  { paused: isPaused, order, first, bytesPerSecond, windows }: ResyncSettings,
  own: ResyncPolicy = inOrder,
): ResyncPolicy {
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
  const orders: Readonly<Record<string, ResyncPolicy>> = { default: own, inOrder, byHeat };
  const ordered = Object.hasOwn(orders, order) ? orders[order] : undefined;
  if (ordered === undefined) throw new RangeError(`"${order}" is no order: one of ${Object.keys(orders).join(', ')}`);
  let policy = rangesFirst(first, ordered);
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
  return nowMs - facts.lastPokeMs >= POKE_EVERY_MS && choice() !== 'wait';
}

/** The region of a choice that is not to wait. */
export function regionOf(choice: Exclude<ResyncChoice, 'wait'>): number {
  return typeof choice === 'number' ? choice : choice.region;
}

function chosen(region: number): ResyncChoice {
  return region < 0 ? 'wait' : region;
}
