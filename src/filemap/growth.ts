/** What was done to a file's sectors before they had a region. */
import { type Counters, notNegative, subtractCounters, ZERO_COUNTERS } from '../stats/counters.ts';
import { addBounds, distanceOf, type ErrorBound, leastBound, NO_ERROR, volumeOf } from '../stats/error-bound.ts';
import type { Region } from '../stats/region.ts';
import type { Run } from './extents.ts';
import { leastRaced } from './least-raced.ts';
import { isAnchor } from './plan.ts';

/** What was counted on sectors before they had a region. */
export interface HeldCounts {
  readonly counted: Counters;
  /** How many of the sectors this is about. */
  readonly sectors: number;
}

/** At most as much as was done to some sectors since this was made; undefined when it cannot be read any more. */
export type BesideCounts = () => Promise<ErrorBound | undefined>;

/** What holds the first I/O of sectors that get their region only now; see `LookAhead`. */
export interface FirstCounts {
  /** What was counted so far on sectors of a run that no region of the group counted before. */
  held(run: Run): Promise<HeldCounts>;
  /** From now on, on those of a run's sectors that `held` is not about; undefined where nothing counts them. */
  beside?(run: Run): Promise<BesideCounts | undefined>;
  /** Whether it is known that there was no I/O to a run's sectors, because nobody can have written them yet. */
  isUntouched?(run: Run): Promise<boolean>;
}

/** A region of growth, which started exact, since the kernel drains the device at creation. */
export interface Grown {
  readonly region: Region;
  /** From before the region was there. */
  readonly beside: BesideCounts | undefined;
}

/** What is known of growth before its region was there. */
export interface First {
  readonly counted: Counters;
  /** Sectors of which nothing is known. */
  readonly missed: bigint;
  readonly error: ErrorBound;
}

const NOTHING_FIRST: First = { counted: ZERO_COUNTERS, missed: 0n, error: NO_ERROR };
const NOTHING_HELD: HeldCounts = { counted: ZERO_COUNTERS, sectors: 0 };
const READS = 10;

/** What was counted on a region's sectors before it was there. @param read the region's counters */
export async function firstOf(
  { region, beside }: Grown,
  first: FirstCounts | undefined,
  read: (region: Region) => Promise<Counters>,
): Promise<First> {
  if (isAnchor(region)) return NOTHING_FIRST;
  const { start, length } = region;
  const run = { start: Number(start), end: Number(start + length) };
  // It cannot become so later.
  if (await first?.isUntouched?.(run)) return NOTHING_FIRST;
  const { held, after, moved } = await leastRaced(READS, async () => {
    const before = await read(region);
    const held = (await first?.held(run)) ?? NOTHING_HELD;
    if (held.sectors === 0) return { held, after: before, moved: NO_ERROR };
    const after = await read(region);
    return { held, after, moved: distanceOf(after, before) };
  });
  if (held.sectors === 0) return { ...NOTHING_FIRST, missed: length };
  const missed = length - BigInt(held.sectors);
  const counted = notNegative(subtractCounters(held.counted, after));
  if (missed === 0n) return { counted, missed, error: moved };
  // What the region counted is taken off, but on these sectors nothing has held it: less is credited than was.
  return { counted, missed, error: addBounds(moved, leastBound(volumeOf(after), await beside?.())) };
}
