/**
 * Which extents of a file share a region. A region costs 66 KB of kernel memory, a step in a list on every I/O of the
 * device and a drain of the device at creation, an area 0.3 KB of memory and nothing else (drivers/md/dm-stats.c). Pure.
 */
import { areaBytes, regionBytes } from '../../stats/memory.ts';
import { MOST_AREAS } from '../../stats/packed.ts';
import type { Run } from '../extents.ts';

/** Extents that share a region whose areas line up with them. */
export interface SpanPlan {
  /** The first extent's first sector. */
  readonly start: number;
  /** An area's sectors: the largest length that divides the distances of all borders of the extents. */
  readonly step: number;
  readonly areas: number;
  /** The extents: ascending, disjoint. */
  readonly runs: readonly Run[];
}

/** How a file's extents are counted. */
export interface Packing {
  /** Extents with a region of their own; ascending. */
  readonly single: readonly Run[];
  readonly spans: readonly SpanPlan[];
}

/** What a packing costs. */
export interface Price {
  /** Regions: steps in the kernel's list on every I/O of the device, and drains of the device at creation. */
  readonly regions: number;
  /** Areas of shared regions. */
  readonly areas: number;
  /** Kernel memory. */
  readonly bytes: number;
}

/** What regions cost on a machine. */
export interface Costs {
  /** Possible CPUs. */
  readonly cpus: number;
  /** Bounds of the histogram. */
  readonly bounds: number;
}

interface Ways {
  /** Whether more memory than without packing is a price worth paying for few regions. */
  readonly strict?: boolean;
  /** Give the first extent a region of its own, which can lead a group; default true. */
  readonly keepFirst?: boolean;
}

/** What a packing must keep to. */
export interface PackingLimits extends Costs, Ways {
  /** Extents beyond which they share regions, and regions that there should be at most. */
  readonly maxRegions: number;
}

/**
 * Up to so many extents a file is mapped as the C tool does it, a region an extent, and that tool sees all of it. 100
 * regions cost a read nothing that could be measured, 1000 made it two to three times as slow.
 */
export const DEFAULT_MAX_REGIONS = 256;

/** The largest number that divides both. */
function divisor(a: number, b: number): number {
  let larger = a;
  let smaller = b;
  while (smaller !== 0) {
    const rest = larger % smaller;
    larger = smaller;
    smaller = rest;
  }
  return larger;
}

/** What a packing costs. */
export function priceOf({ single, spans }: Packing, { cpus, bounds }: Costs): Price {
  const areas = spans.reduce((sum, span) => sum + span.areas, 0);
  const plain = single.length + spans.length;
  return {
    regions: plain + spans.length,
    areas,
    bytes: plain * regionBytes(1, cpus, bounds) + spans.length * regionBytes(0, cpus, 0) + areas * areaBytes(cpus, 0),
  };
}

/**
 * Packs what is near: neither gaps nor extents of more than `limit` sectors are in a span. One plain loop, as those below:
 * a command plans once, and code that runs once is never compiled to be fast.
 */
function packNear(runs: readonly Run[], limit: number, keepFirst: boolean): Packing {
  const single: Run[] = [];
  const spans: SpanPlan[] = [];
  /** The first extent of the span that is being made, by its index; -1 for none. */
  let first = -1;
  let origin = 0;
  let step = 0;
  let before = 0;
  const close = (next: number): void => {
    if (first < 0) return;
    const shared = runs.slice(first, next);
    first = -1;
    // Two extents would have no fewer regions together: a region in areas and its companion.
    if (shared.length <= 2) single.push(...shared);
    else spans.push({ start: origin, step, areas: (before - origin) / step, runs: shared });
  };
  for (let index = 0; index < runs.length; index++) {
    const run = runs[index] as Run;
    const { start, end } = run;
    const isAlone = end - start > limit || (index === 0 && keepFirst);
    if (isAlone || start - before > limit) close(index);
    if (first >= 0) {
      let finer = step;
      if ((start - origin) % finer !== 0) finer = divisor(finer, start - origin);
      if ((end - origin) % finer !== 0) finer = divisor(finer, end - origin);
      if ((end - origin) / finer > MOST_AREAS) close(index);
      else step = finer;
    }
    if (isAlone) single.push(run);
    else if (first < 0) {
      first = index;
      origin = start;
      step = end - start;
    }
    before = end;
  }
  close(runs.length);
  return { single, spans };
}

const LEAST_LIMIT = 8;

const limitFor = (length: number): number => {
  let limit = LEAST_LIMIT;
  while (limit < length) limit *= 2;
  return limit;
};

/**
 * The limits of which each lets more into spans than the one before, and twice as long ones: no packing costs twice what
 * the best of its kind does for want of a finer one. Ascending.
 */
function limitsFor(runs: readonly Run[]): number[] {
  const limits = new Set<number>();
  let forRun = 0;
  let forGap = 0;
  let before = 0;
  for (let index = 0; index < runs.length; index++) {
    const { start, end } = runs[index] as Run;
    const length = end - start;
    const gap = start - before;
    before = end;
    // Mostly it is the one that was noted last.
    if (length > forRun || 2 * length <= forRun) {
      forRun = limitFor(length);
      limits.add(forRun);
    }
    if (index > 0 && (gap > forGap || 2 * gap <= forGap)) {
      forGap = limitFor(gap);
      limits.add(forGap);
    }
  }
  return [...limits].sort((a, b) => a - b);
}

interface Choice {
  readonly packing: Packing;
  readonly price: Price;
}

function choicesFor(runs: readonly Run[], { strict = false, keepFirst = true, ...costs }: Costs & Ways): Choice[] {
  const unpacked: Packing = { single: runs, spans: [] };
  const plain = { packing: unpacked, price: priceOf(unpacked, costs) };
  const choices = [plain];
  for (const limit of limitsFor(runs)) {
    const packing = packNear(runs, limit, keepFirst);
    const price = priceOf(packing, costs);
    if (strict || price.bytes <= plain.price.bytes) choices.push({ packing, price });
  }
  return choices;
}

/** The smallest number of regions that extents can be counted with. */
export function fewestRegions(runs: readonly Run[], costs: Costs): number {
  return Math.min(...choicesFor(runs, { ...costs, strict: true }).map(({ price }) => price.regions));
}

/**
 * Chooses how extents are counted: each by itself up to `maxRegions`; beyond that the cheapest in memory of the packings
 * that keep to it; else the cheapest of all.
 *
 * @param runs ascending, disjoint and not touching
 */
export function planPacking(runs: readonly Run[], limits: PackingLimits): Packing {
  const { maxRegions } = limits;
  if (runs.length <= maxRegions) return { single: runs, spans: [] };
  const choices = choicesFor(runs, limits);
  const within = choices.filter(({ price }) => price.regions <= maxRegions);
  return (within.length > 0 ? within : choices).reduce((best, one) => {
    const difference = one.price.bytes - best.price.bytes || one.price.regions - best.price.regions;
    return difference < 0 ? one : best;
  }).packing;
}
