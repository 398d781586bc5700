import type { Counters } from './counters.ts';

/** By how much counters may be wrong, in either direction; zero when they are exact. */
export interface ErrorBound {
  readonly sectors: bigint;
  /** Reads and writes. */
  readonly ios: bigint;
}

/** Exact. */
export const NO_ERROR: ErrorBound = { sectors: 0n, ios: 0n };

/** Whether a bound says that nothing is wrong. */
export function isExact({ sectors, ios }: ErrorBound): boolean {
  return sectors === 0n && ios === 0n;
}

/** The bound of a sum. */
export function addBounds(a: ErrorBound, b: ErrorBound): ErrorBound {
  return { sectors: a.sectors + b.sectors, ios: a.ios + b.ios };
}

/** The closer of two bounds of the same counters, where there is a second one. */
export function leastBound(a: ErrorBound, b: ErrorBound | undefined): ErrorBound {
  if (b === undefined) return a;
  return { sectors: a.sectors < b.sectors ? a.sectors : b.sectors, ios: a.ios < b.ios ? a.ios : b.ios };
}

/** What was counted, as a bound. */
export function volumeOf({ reads, writes, readSectors, writeSectors }: Counters): ErrorBound {
  return { sectors: readSectors + writeSectors, ios: reads + writes };
}

const distance = (a: bigint, b: bigint): bigint => (a < b ? b - a : a - b);

/** How far two readings of the same regions are apart; not less when somebody cleared them in between. */
export function distanceOf(a: Counters, b: Counters): ErrorBound {
  return {
    sectors: distance(a.readSectors, b.readSectors) + distance(a.writeSectors, b.writeSectors),
    ios: distance(a.reads, b.reads) + distance(a.writes, b.writes),
  };
}

const shortfall = (value: bigint): bigint => (value < 0n ? -value : 0n);

/** By how much a difference of counters is below zero. */
export function shortfallOf({ reads, writes, readSectors, writeSectors }: Counters): ErrorBound {
  return {
    sectors: shortfall(readSectors) + shortfall(writeSectors),
    ios: shortfall(reads) + shortfall(writes),
  };
}
