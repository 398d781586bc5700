import { UsageError } from '../mapper/errors.ts';
import { type Nanoseconds, nanoseconds } from '../mapper/units.ts';

const UNITS: Readonly<Record<string, bigint>> = { ns: 1n, us: 1_000n, ms: 1_000_000n, s: 1_000_000_000n };

/**
 * Reads a histogram's bounds as people type them: `10ms,20ms`, `100us,1ms`. Without a unit a number has the unit of
 * the one before it, the first one nanoseconds, as in lvm2's dmstats.
 *
 * @throws UsageError naming the bound that is wrong
 */
export function parseBounds(text: string): Nanoseconds[] {
  const bounds: Nanoseconds[] = [];
  let unit = 1n;
  for (const word of text.split(',')) {
    const match = /^(\d+)(ns|us|ms|s)?$/.exec(word.trim());
    if (match === null) {
      throw new UsageError(
        word.trim() === ''
          ? `Empty histogram bin not allowed: "${text}"`
          : `Invalid histogram bound "${word}": a number with ns, us, ms or s, such as 10ms`,
      );
    }
    unit = UNITS[match[2] ?? ''] ?? unit;
    const bound = BigInt(match[1] as string) * unit;
    const before = bounds.at(-1) ?? 0n;
    if (bound <= before) throw new UsageError(`Histogram bounds must ascend from more than 0: "${word}" in "${text}"`);
    bounds.push(nanoseconds(bound));
  }
  return bounds;
}

/** A time with the largest unit in which it is whole: `300us`, `1ms`, `0s`. */
export function formatTime(value: bigint): string {
  if (value === 0n) return '0s';
  const [name, unit] = Object.entries(UNITS)
    .reverse()
    .find(([, size]) => value % size === 0n) as [string, bigint];
  return `${value / unit}${name}`;
}
