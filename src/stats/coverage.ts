import { coverageRatio } from './coverage-ratio.ts';
import { type ErrorBound, volumeOf } from './error-bound.ts';
import { NO_BOUND } from './packed-counts.ts';
import type { GroupSample } from './sampler.ts';

/** How much of a file's I/O was seen. */
export interface Coverage {
  /** Sectors read and written that were counted. */
  readonly counted: bigint;
  /** Sectors that became the file's without a region to hold their first I/O. */
  readonly missed: bigint;
  /** By how much `counted` may be wrong, in either direction. */
  readonly error: ErrorBound;
  /** See `coverageRatio()`. */
  readonly ratio: number;
  /** Sectors of other files that were counted in regions which the file's extents share. */
  readonly foreign: bigint;
  /** Their share, from 0 to 1, in all that the group's regions counted: 0 says that all counts are exact. */
  readonly foreignRatio: number;
}

/** The share of other files' sectors in what was counted, from 0 to 1. */
export function foreignShare(counted: bigint, foreign: bigint): number {
  return foreign === 0n ? 0 : Number(foreign) / Number(counted + foreign);
}

/** How much of a group's I/O was seen in an interval. */
export function coverageOf({
  counters,
  missed,
  error,
  bound = NO_BOUND,
}: Omit<GroupSample, 'group' | 'intervalNs'>): Coverage {
  const counted = volumeOf(counters).sectors;
  const foreign = bound.foreignSectors;
  return {
    counted,
    missed,
    error,
    ratio: coverageRatio(counted, missed),
    foreign,
    foreignRatio: foreignShare(counted, foreign),
  };
}
