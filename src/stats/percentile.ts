import type { Bin } from './counters.ts';

/**
 * The bin of a histogram in which a percentile lies (nearest rank): so many of a hundred values are in it or below it.
 * Where in the bin, nobody counted.
 *
 * @param percent more than 0, at most 100; whole
 * @returns undefined when nothing was counted
 */
export function percentileBin(bins: readonly Bin[], percent: number): Bin | undefined {
  const total = bins.reduce((sum, { count }) => sum + count, 0n);
  if (total === 0n) return undefined;
  const rank = (total * BigInt(percent) + 99n) / 100n;
  let below = 0n;
  for (const bin of bins) {
    below += bin.count;
    if (below >= rank) return bin;
  }
  return undefined;
}
