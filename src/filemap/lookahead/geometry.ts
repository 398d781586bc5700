import type { Run } from '../extents.ts';

/** What look-ahead regions lie on. */
export interface Space {
  /** A block of the file system: the smallest piece that changes its owner. */
  readonly blockSectors: number;
  readonly deviceSectors: number;
}

/**
 * `fine`: an area a block, around the place where the file grew last. `middle`: areas of many blocks over a large part
 * of the device, for growth elsewhere and for bursts. `top`: few areas over the same part, which tell by two numbers
 * each where there was I/O at all.
 */
export type Role = 'top' | 'middle' | 'fine';

/** A region cut in areas of `step` sectors. */
export interface Layer {
  readonly role: Role;
  readonly start: number;
  readonly step: number;
  readonly areas: number;
}

/** How much room there is for layers. */
export interface Budget {
  /** Kernel memory for all layers of a file, in bytes. */
  readonly bytes: number;
  /** Kernel memory of one area, see `areaBytes`. */
  readonly areaBytes: number;
}

/** Where a file grows and how fast. */
export interface Growth {
  /** The sector where it grew last or its end; undefined while it has no blocks. */
  readonly focus: number | undefined;
  /** Sectors in one look. */
  readonly sectors: number;
  /** It has not grown for long: only a small fine layer stays. */
  readonly isQuiet: boolean;
}

/** Kernel memory that a file's look-ahead regions may take, in bytes. */
export const LOOK_AHEAD_BYTES = 8 << 20;

const FINE_SHARE = 1 / 2;
const MIDDLE_SHARE = 3 / 8;
/** Areas of the fine layer of a file that grows slowly: 32 MiB of blocks of 4 KiB; and of one that has long not grown. */
const SLOW_FINE_AREAS = 8192;
const QUIET_FINE_AREAS = 1024;
/** The fine layer holds the growth of so many looks, so that it seldom moves: each time costs a drain of the device. */
const LOOKS_AHEAD = 8;
/** File systems also allocate before the tail, ext4 up to some MiB: this part of a layer lies there. */
const BEHIND = 1 / 2;
const MIDDLE_BLOCKS = { least: 16, most: 256 };
const TOP_AREAS = 256;

/** The end, not included. */
export const endOf = ({ start, step, areas }: Layer): number => start + step * areas;

const clamp = (value: number, low: number, high: number): number => Math.max(low, Math.min(value, high));

/** The fine layer for a file that grows at `focus`. */
function fineLayer(space: Space, focus: number, { sectors, isQuiet }: Growth, budget: Budget): Layer {
  const { blockSectors, deviceSectors } = space;
  const most = Math.max(1, Math.floor((budget.bytes * FINE_SHARE) / budget.areaBytes));
  const blocks = Math.ceil(deviceSectors / blockSectors);
  const needed = isQuiet
    ? QUIET_FINE_AREAS
    : Math.max(SLOW_FINE_AREAS, Math.ceil((sectors * LOOKS_AHEAD) / blockSectors / (1 - BEHIND)));
  const areas = Math.min(needed, most, blocks);
  const first = clamp(Math.floor(focus / blockSectors) - Math.floor(areas * BEHIND), 0, blocks - areas);
  return { role: 'fine', start: first * blockSectors, step: blockSectors, areas };
}

/** The middle layer: the whole device, or as much of it around `focus` as the budget allows. */
function middleLayer({ blockSectors, deviceSectors }: Space, focus: number, budget: Budget): Layer {
  const most = Math.max(1, Math.floor((budget.bytes * MIDDLE_SHARE) / budget.areaBytes));
  let step = blockSectors * MIDDLE_BLOCKS.least;
  while (step * most < deviceSectors && step < blockSectors * MIDDLE_BLOCKS.most) step *= 2;
  const all = Math.ceil(deviceSectors / step);
  const areas = Math.min(all, most);
  const first = clamp(Math.floor(focus / step) - Math.floor(areas * BEHIND), 0, all - areas);
  return { role: 'middle', start: first * step, step, areas };
}

function topLayer(middle: Layer): Layer | undefined {
  if (middle.areas <= TOP_AREAS) return undefined;
  const step = middle.step * Math.ceil(middle.areas / TOP_AREAS);
  return { role: 'top', start: middle.start, step, areas: Math.ceil((middle.areas * middle.step) / step) };
}

/** Whether the place where the file grows is about to leave a layer that does not hold the whole device. */
function isLeaving(layer: Layer, focus: number, deviceSectors: number, margin: number): boolean {
  const isBefore = focus < layer.start + margin && layer.start > 0;
  const isBehind = focus + margin > endOf(layer) && endOf(layer) < deviceSectors;
  return isBefore || isBehind;
}

/**
 * The layers that a file should have: those that are there as long as they serve, others where they do not.
 *
 * @param current the layers that are there; one a role
 */
export function layoutFor(current: readonly Layer[], space: Space, growth: Growth, budget: Budget): Layer[] {
  const { focus, isQuiet } = growth;
  const find = (role: Role): Layer | undefined => current.find((layer) => layer.role === role);
  const layers: Layer[] = [];
  if (!isQuiet) {
    const old = find('middle');
    const wanted = middleLayer(space, focus ?? 0, budget);
    const margin = (wanted.areas * wanted.step) / 8;
    const stays = old?.step === wanted.step && old.areas === wanted.areas;
    const middle = stays && !isLeaving(old, focus ?? 0, space.deviceSectors, margin) ? old : wanted;
    const top = topLayer(middle);
    if (top !== undefined) layers.push(top);
    layers.push(middle);
  }
  if (focus !== undefined) {
    const old = find('fine');
    const wanted = fineLayer(space, focus, growth, budget);
    const margin = (wanted.areas * wanted.step) / 8;
    const isAffordable = (old?.areas ?? 0) * budget.areaBytes <= budget.bytes * FINE_SHARE;
    // Too large is put right only when the file is quiet: growth comes in bursts.
    const isFit = old !== undefined && old.areas * 2 > wanted.areas && !(isQuiet && old.areas > wanted.areas);
    const stays = isFit && isAffordable;
    layers.push(stays && !isLeaving(old, focus, space.deviceSectors, margin) ? old : wanted);
  }
  return layers;
}

/** Whether two layers are the same region. */
export function isSameLayer(a: Layer, b: Layer): boolean {
  return a.role === b.role && a.start === b.start && a.step === b.step && a.areas === b.areas;
}

/** The areas of a layer that touch a run: the first one's index and how many. */
export function areasTouching(layer: Layer, { start, end }: Run): { first: number; count: number } {
  const first = clamp(Math.floor((start - layer.start) / layer.step), 0, layer.areas);
  const last = clamp(Math.ceil((end - layer.start) / layer.step), first, layer.areas);
  return { first, count: last - first };
}
