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

const divisor = (a: number, b: number): number => {
  while (b !== 0) [a, b] = [b, a % b];
  return a;
};

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

/** Collects extents of one span as long as it has not too many areas. */
class SpanBuilder {
  readonly #packing: { single: Run[]; spans: SpanPlan[] };
  #runs: Run[] = [];
  #step = 0;

  constructor(packing: { single: Run[]; spans: SpanPlan[] }) {
    this.#packing = packing;
  }

  add(run: Run): void {
    const [first] = this.#runs;
    if (first === undefined) {
      this.#begin(run);
      return;
    }
    const step = divisor(divisor(this.#step, run.start - first.start), run.end - first.start);
    if ((run.end - first.start) / step > MOST_AREAS) {
      this.end();
      this.#begin(run);
      return;
    }
    this.#step = step;
    this.#runs.push(run);
  }

  #begin(run: Run): void {
    this.#runs = [run];
    this.#step = run.end - run.start;
  }

  /** Two extents would have no fewer regions together: a region in areas and its companion. */
  end(): void {
    const runs = this.#runs;
    const [first] = runs;
    const last = runs.at(-1);
    this.#runs = [];
    if (first === undefined || last === undefined) return;
    const { start } = first;
    if (runs.length <= 2) this.#packing.single.push(...runs);
    else this.#packing.spans.push({ start, step: this.#step, areas: (last.end - start) / this.#step, runs });
  }
}

/** Packs what is near: neither gaps nor extents of more than `limit` sectors are in a span. */
function packNear(runs: readonly Run[], limit: number, keepFirst: boolean): Packing {
  const packing = { single: [] as Run[], spans: [] as SpanPlan[] };
  const builder = new SpanBuilder(packing);
  let end = 0;
  for (const [index, run] of runs.entries()) {
    if (run.start - end > limit) builder.end();
    if (run.end - run.start > limit || (index === 0 && keepFirst)) {
      builder.end();
      packing.single.push(run);
    } else builder.add(run);
    end = run.end;
  }
  builder.end();
  return packing;
}

/** The longest extent or gap between two: a larger limit changes nothing. */
function longestPiece(runs: readonly Run[]): number {
  let longest = 0;
  let before: Run | undefined;
  for (const run of runs) {
    longest = Math.max(longest, run.end - run.start, before === undefined ? 0 : run.start - before.end);
    before = run;
  }
  return longest;
}

interface Choice {
  readonly packing: Packing;
  readonly price: Price;
}

function choicesFor(runs: readonly Run[], { strict = false, keepFirst = true, ...costs }: Costs & Ways): Choice[] {
  const unpacked: Packing = { single: runs, spans: [] };
  const plain = { packing: unpacked, price: priceOf(unpacked, costs) };
  const choices = [plain];
  // Each limit is twice the one before: no packing costs twice what the best of its kind does for want of a finer one.
  const longest = longestPiece(runs);
  for (let limit = 8; limit < 2 * longest; limit *= 2) {
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
