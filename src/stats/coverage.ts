import { coverageRatio } from './coverage-ratio.ts';
import { type ErrorBound, volumeOf } from './error-bound.ts';
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
}

/** How much of a group's I/O was seen in an interval. */
export function coverageOf({ counters, missed, error }: Omit<GroupSample, 'group' | 'intervalNs'>): Coverage {
  const counted = volumeOf(counters).sectors;
  return { counted, missed, error, ratio: coverageRatio(counted, missed) };
}
