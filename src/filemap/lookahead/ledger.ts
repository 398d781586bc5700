/**
 * What look-ahead regions are known to hold. Free space sees no I/O, so an area that was nobody's of ours at one look
 * and is the file's at the next has counted the file's first I/O there, and nothing else since its baseline was read.
 * Pure: readings go in, what may be credited comes out.
 */
import type { Counters } from '../../stats/counters.ts';
import { type Run, union } from '../extents.ts';
import { subtractRuns } from '../packing/runs.ts';
import { areasTouching, endOf, type Layer } from './geometry.ts';

/** Counters by area; areas that never counted anything are not in it. */
export type Readings = ReadonlyMap<number, Counters>;

/** A layer that is in the kernel. */
export interface LaidLayer extends Layer {
  /** The region's id. */
  readonly id: number;
  /**
   * Where the readings are no baseline: what was the file's, or counted by a region of its group, when they were taken.
   * Ascending, disjoint.
   */
  readonly blocked: readonly Run[];
  readonly readings: Readings;
  /** How many were laid before it. */
  readonly laid: number;
  /** Whether `readings` are from a look, not only what all counters are at first. */
  readonly isRead: boolean;
  /** It has a successor, and stays until the next look: it holds what was written before that one was there. */
  readonly isRetiring: boolean;
}

/** Blocks everything: of a layer nothing is known yet. */
export const EVERYWHERE: readonly Run[] = [{ start: 0, end: Number.POSITIVE_INFINITY }];

/** Neighbouring areas of a layer. */
export interface Piece {
  readonly layer: LaidLayer;
  readonly first: number;
  readonly count: number;
}

/** Whether any of ascending, disjoint runs overlaps a range. */
export function overlaps(runs: readonly Run[], start: number, end: number): boolean {
  let low = 0;
  let high = runs.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((runs[middle] as Run).end <= start) low = middle + 1;
    else high = middle;
  }
  const run = runs[low];
  return run !== undefined && run.start < end;
}

/**
 * The areas that hold the first I/O to sectors that are the file's now and that no region of the group counts: those
 * that lie wholly in them and were free when the baseline was taken. Large areas first: an I/O that crosses the border
 * of two areas counts as an I/O in both, the fewer borders the better.
 *
 * @param layers by step, largest first
 */
export function piecesOf(layers: readonly LaidLayer[], run: Run): Piece[] {
  const [layer, ...finer] = layers;
  if (layer === undefined || run.start >= run.end) return [];
  const pieces: Piece[] = [];
  let at = run.start;
  const { first, count } = areasTouching(layer, run);
  for (let index = first; index < first + count; index++) {
    const start = layer.start + index * layer.step;
    const end = start + layer.step;
    if (start < run.start || end > run.end || overlaps(layer.blocked, start, end)) continue;
    pieces.push(...piecesOf(finer, { start: at, end: start }));
    const last = pieces.at(-1);
    if (last?.layer === layer && at === start) pieces[pieces.length - 1] = { ...last, count: last.count + 1 };
    else pieces.push({ layer, first: index, count: 1 });
    at = end;
  }
  pieces.push(...piecesOf(finer, { start: at, end: run.end }));
  return pieces;
}

/**
 * The areas that lie on what of a run no piece holds: they count it with other sectors, or did before the baseline.
 *
 * @returns undefined where there are none, and where pieces hold nothing of the run
 */
export function besideOf(layers: readonly LaidLayer[], run: Run): Piece[] | undefined {
  const held = piecesOf(layers, run).map(({ layer: { start, step }, first, count }) => {
    return { start: start + first * step, end: start + (first + count) * step };
  });
  if (held.length === 0) return undefined;
  const pieces: Piece[] = [];
  for (const gap of subtractRuns([run], held)) {
    const layer = layers.findLast((one) => one.start <= gap.start && gap.end <= endOf(one));
    if (layer === undefined) return undefined;
    pieces.push({ layer, ...areasTouching(layer, gap) });
  }
  return pieces;
}

/** How many sectors pieces hold. */
export function sectorsOf(pieces: readonly Piece[]): number {
  return pieces.reduce((sum, { layer, count }) => sum + layer.step * count, 0);
}

/** Where areas have counted since the last reading, as runs of sectors; ascending. */
export function changedRuns(layer: LaidLayer, now: Readings): Run[] {
  const runs: { start: number; end: number }[] = [];
  for (const [index, counters] of [...now].sort(([a], [b]) => a - b)) {
    const before = layer.readings.get(index);
    if (before?.reads === counters.reads && before.writes === counters.writes) continue;
    const start = layer.start + index * layer.step;
    const last = runs.at(-1);
    if (last?.end === start) last.end = start + layer.step;
    else runs.push({ start, end: start + layer.step });
  }
  return runs;
}

/**
 * Which areas of a layer must be read to know all that changed: those below what changed in a coarser layer that covers
 * it wholly and has seen all that this one has since its readings, or all.
 *
 * @param coarser layers that were read, with where they changed; the coarsest first
 */
export function areasToRead(
  layer: LaidLayer,
  coarser: readonly { readonly layer: LaidLayer; readonly changed: readonly Run[] }[],
): { first: number; count: number }[] {
  const parent = coarser.findLast(({ layer: { start, step, laid, isRead }, layer: other }) => {
    const isOver = step > layer.step && start <= layer.start && endOf(other) >= endOf(layer);
    return isOver && (isRead || laid < layer.laid);
  });
  if (parent === undefined) return [{ first: 0, count: layer.areas }];
  return parent.changed.map((run) => areasTouching(layer, run)).filter(({ count }) => count > 0);
}

/**
 * The layers after a look. Areas that are not blocked have a baseline: the reading, since whatever they counted up to
 * then is not the file's, which FIEMAP did not name there afterwards.
 *
 * @param reading what was read before FIEMAP; undefined when nothing was: the older baselines stay, where no extent and
 *   no region came since
 * @param blocked the file's extents and the regions that its group had since before the reading
 */
export function afterLook(
  layers: readonly LaidLayer[],
  reading: ReadonlyMap<LaidLayer, Readings> | undefined,
  blocked: readonly Run[],
): LaidLayer[] {
  return layers.map((layer) => {
    const read = reading?.get(layer);
    if (read === undefined) return { ...layer, blocked: union([...layer.blocked, ...blocked]) };
    const readings = read.size === 0 ? layer.readings : new Map([...layer.readings, ...read]);
    return { ...layer, blocked, readings, isRead: true };
  });
}
