import { UsageError } from '../../mapper/errors.ts';
import type { StatsMemory } from '../../stats/memory.ts';
import type { Run } from '../extents.ts';
import { DEFAULT_MAX_REGIONS, fewestRegions, type Packing, type Price, planPacking, priceOf } from './pack.ts';

/** How extents will be counted, and what it costs. */
export interface Mapping {
  readonly extents: number;
  readonly packing: Packing;
  readonly price: Price;
  /** What a region for each extent would cost. */
  readonly unpacked: Price;
  readonly memory: StatsMemory;
}

/** How many regions a file may have. */
export interface RegionLimit {
  /** Extents beyond which they share regions; default `DEFAULT_MAX_REGIONS`. */
  readonly maxRegions?: number;
  /** Refuse what needs more regions, and pay for few with memory; else extents share regions where that saves memory. */
  readonly strict?: boolean;
}

const MIB = 2 ** 20;
const mib = (bytes: number): string => (bytes < 10 * MIB ? (bytes / MIB).toFixed(1) : `${Math.round(bytes / MIB)}`);

/**
 * Plans how extents are counted.
 *
 * @param runs ascending, disjoint and not touching
 * @throws UsageError when there must be more regions than a strict limit allows, or when they would take more memory than
 *   the kernel gives
 */
export function planMapping(
  runs: readonly Run[],
  { maxRegions = DEFAULT_MAX_REGIONS, strict = false }: RegionLimit,
  bounds: number,
  memory: StatsMemory,
): Mapping {
  const costs = { cpus: memory.cpus, bounds };
  const packing = planPacking(runs, { ...costs, maxRegions, strict });
  const price = priceOf(packing, costs);
  const unpacked = priceOf({ single: runs, spans: [] }, costs);
  if (strict && price.regions > maxRegions) {
    throw new UsageError(
      `Cannot map file with at most ${maxRegions} regions: ` +
        `its ${runs.length} extents need ${fewestRegions(runs, costs)} at least`,
    );
  }
  const free = memory.limitBytes - memory.usedBytes;
  if (price.bytes > free) {
    throw new UsageError(
      `Cannot map file: its ${runs.length} extents would take ${mib(price.bytes)} MiB of kernel memory in ` +
        `${price.regions} regions, and statistics may take ${mib(Math.max(0, free))} MiB more (of ` +
        `${mib(memory.limitBytes)} MiB, a quarter of the memory)`,
    );
  }
  return { extents: runs.length, packing, price, unpacked, memory };
}
