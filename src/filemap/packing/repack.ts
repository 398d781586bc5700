/** How a packed mapping changes with its file: what stays, what gives way to other regions. Pure. */
import { creditedRuns, isPackedOf, type PackedIds, type PackedSpan, spansOf } from '../../stats/packed.ts';
import type { Region } from '../../stats/region.ts';
import { type Run, runsOf } from '../extents.ts';
import { isAnchor, type Plan } from '../plan.ts';
import { type Packing, type PackingLimits, planPacking, priceOf } from './pack.ts';
import { intersectRuns, sectorsOf, subtractRuns } from './runs.ts';

/** Regions and spans that give way to others over the same sectors, or over what of them is still the file's. */
export interface Repack {
  readonly old: readonly Region[];
  readonly oldSpans: readonly PackedSpan[];
  readonly packing: Packing;
  /** Only saves regions: may be left undone when it cannot be exact. */
  readonly optional: boolean;
}

/** What an update does to packed regions. */
export interface PackingPlan {
  readonly keep: readonly PackedSpan[];
  readonly repack: readonly Repack[];
  /** Packed regions that the group's tag names and that are in no span: the halves that somebody's deletion left. */
  readonly stray: readonly number[];
}

/** A group's packed regions as they are. */
export interface PackedState {
  readonly spans: readonly PackedSpan[];
  readonly stray: readonly number[];
}

/** Finds a group's packed regions. @param regions those of the program, of all groups */
export function packedState(regions: readonly Region[], packed: PackedIds): PackedState {
  const spans = spansOf(regions, packed);
  const used = new Set(spans.flatMap(({ areas, whole }) => [areas.id, whole.id]));
  // Not all that have the word: another process may just be making some.
  const named = new Set(packed.ids);
  const own = regions.filter((region) => named.has(region.id) && isPackedOf(region, packed.word));
  return { spans, stray: own.map(({ id }) => id).filter((id) => !used.has(id)) };
}

/** A file's extents beside its group's spans. */
export interface SplitExtents {
  /** Spans that are still the file's, all their sectors. */
  readonly intact: readonly PackedSpan[];
  /** Spans of which the file has left a part, and what it has not left. */
  readonly broken: readonly { readonly span: PackedSpan; readonly runs: readonly Run[] }[];
  /** Extents, or parts of them, that no span counts. */
  readonly rest: readonly Run[];
}

/** Sets aside what spans count. @param runs the file's extents */
export function splitBySpans(runs: readonly Run[], spans: readonly PackedSpan[]): SplitExtents {
  const intact: PackedSpan[] = [];
  const broken: { span: PackedSpan; runs: readonly Run[] }[] = [];
  let rest = runs;
  for (const span of spans) {
    const credited = creditedRuns(span);
    const present = intersectRuns(credited, rest);
    if (sectorsOf(present) === sectorsOf(credited)) intact.push(span);
    else broken.push({ span, runs: present });
    rest = subtractRuns(rest, credited);
  }
  return { intact, broken, rest };
}

/** Spans that the file has left in part are made anew, smaller. */
export function repackBroken({ broken }: SplitExtents, limits: PackingLimits): Repack[] {
  return broken.map(({ span, runs }) => ({
    old: [],
    oldSpans: [span],
    // As few regions as it had; what is left of it is near by itself.
    packing: planPacking(runs, { ...limits, maxRegions: 2, keepFirst: false }),
    optional: false,
  }));
}

/** Packing anew leaves at most this part of the regions, so that growth has room, and does not pack anew each time. */
const ROOM = 1 / 2;
/** Regions of so many times the limit are packed even when the hand-over cannot be exact. */
const TOO_MANY = 2;

/** A group as it is and its file. */
export interface Repackable {
  /** All its plain regions. */
  readonly regions: readonly Region[];
  readonly spans: readonly PackedSpan[];
  /** The file's extents. */
  readonly runs: readonly Run[];
}

/**
 * Has all extents share regions when a plan would leave more than `maxRegions`.
 *
 * @param plan what would be done without
 * @param mayTidy whether it may be tried when it is not urgent
 * @returns undefined when there are not too many regions, or when sharing would not save the half of them
 */
export function repackAll(
  plan: Plan,
  { regions, spans, runs }: Repackable,
  limits: PackingLimits,
  mayTidy: boolean,
): { readonly create: Plan['create']; readonly repack: Repack } | undefined {
  const growth = plan.create.filter((range) => !isAnchor(range));
  const successors = plan.replace.reduce((sum, { ranges }) => sum + ranges.length, 0);
  const count = plan.keep.length + successors + growth.length + 2 * spans.length;
  const optional = count <= TOO_MANY * limits.maxRegions;
  if (count <= limits.maxRegions || (optional && !mayTidy)) return undefined;
  // What must go, goes first.
  const mustChange = plan.packing?.repack.length || plan.replace.some((replacement) => !replacement.optional);
  if (optional && mustChange) return undefined;
  const target = Math.max(1, Math.floor(ROOM * limits.maxRegions));
  const packing = planPacking(subtractRuns(runs, runsOf(growth)), { ...limits, maxRegions: target });
  if (priceOf(packing, limits).regions > ROOM * (count - growth.length)) return undefined;
  return { create: growth, repack: { old: regions, oldSpans: spans, packing, optional } };
}
