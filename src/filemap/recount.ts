/** Having a filemap counted with other bounds or precision: all its regions give way to new ones. Pure. */
import { creditedRuns } from '../stats/packed.ts';
import type { Region } from '../stats/region.ts';
import type { RegionOptions } from './application.ts';
import { type PackingLimits, planPacking } from './packing/pack.ts';
import type { Plan } from './plan.ts';

/** What of a region's options can change; absent: stays. */
export type Recount = Partial<Pick<RegionOptions, 'precise' | 'bounds'>>;

/** Whether two lists of bounds make the same bins. */
export function hasSameBins({ bounds: a = [] }: RegionOptions, { bounds: b = [] }: RegionOptions): boolean {
  return a.length === b.length && a.every((bound, index) => bound === b[index]);
}

/** The options with what changes. @returns the same ones when nothing does */
export function recounted(options: RegionOptions, { precise = options.precise, bounds }: Recount): RegionOptions {
  const wanted = { ...options, precise, bounds: bounds ?? options.bounds ?? [] };
  return (precise ?? false) === (options.precise ?? false) && hasSameBins(wanted, options) ? options : wanted;
}

/**
 * The plan with nothing left as it is: what would stay is handed over to regions over the same sectors.
 *
 * @param regions all of the group's with an extent each
 */
export function recountAll(plan: Plan, regions: readonly Region[], limits: PackingLimits): Plan {
  const kept = new Set(plan.keep);
  const stays = regions.filter(({ id }) => kept.has(id));
  const replace = [
    ...plan.replace.map((one) => ({ ...one, optional: false })),
    ...stays.map((region) => ({
      old: [region],
      ranges: [region],
      optional: false,
    })),
  ];
  const { packing } = plan;
  if (packing === undefined) return { keep: [], create: plan.create, replace };
  const repack = [
    ...packing.repack.map((one) => ({ ...one, optional: false })),
    ...packing.keep.map((span) => ({
      old: [],
      oldSpans: [span],
      packing: planPacking(creditedRuns(span), { ...limits, maxRegions: 2, keepFirst: false }),
      optional: false,
    })),
  ];
  return { keep: [], create: plan.create, replace, packing: { ...packing, keep: [], repack } };
}
