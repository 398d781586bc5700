import type { Frame } from './history.ts';
import { areasOf, countsOf, type ShownObject } from './objects.ts';
import { binsOf, sectorsOf } from './rates.ts';

/** Values by time and place: `cells[column][row]`, the earliest column and the lowest row first. */
export interface Heat {
  readonly cells: readonly Float64Array[];
  readonly rows: number;
  readonly max: number;
}

/** A span of time, milliseconds since 1970. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** Adds what a sample has of an object to a column. */
type Add = (frame: Frame, column: Float64Array) => void;

/**
 * Values by time and place that are gathered as samples come: each sample is added once, however often it is shown,
 * so that a file of thousands of regions can be watched for an hour.
 */
export class HeatGrid {
  readonly #rows: number;
  readonly #add: Add;
  #columnMs = 0;
  #lastTime = Number.NEGATIVE_INFINITY;
  // By the number of the column since 1970: columns stay what they are while the time moves on.
  #columns = new Map<number, Float64Array>();

  constructor(rows: number, add: Add) {
    this.#rows = rows;
    this.#add = add;
  }

  /** The values of a span in so many columns. @param frames all samples of the span */
  gather(frames: readonly Frame[], { from, to }: Span, columns: number): Heat {
    const columnMs = (to - from) / columns;
    if (columnMs !== this.#columnMs) {
      this.#columnMs = columnMs;
      this.#lastTime = Number.NEGATIVE_INFINITY;
      this.#columns = new Map();
    }
    for (const frame of frames) {
      const { time } = frame.sample;
      if (time <= this.#lastTime) continue;
      this.#lastTime = time;
      this.#add(frame, this.#column(Math.ceil(time / columnMs)));
    }
    const first = Math.ceil(to / columnMs) - columns + 1;
    for (const number of this.#columns.keys()) if (number < first) this.#columns.delete(number);
    const empty = new Float64Array(this.#rows);
    const cells = Array.from({ length: columns }, (_, column) => this.#columns.get(first + column) ?? empty);
    let max = 0;
    for (const column of cells) for (const value of column) if (value > max) max = value;
    return { cells, rows: this.#rows, max };
  }

  #column(number: number): Float64Array {
    const known = this.#columns.get(number) ?? new Float64Array(this.#rows);
    this.#columns.set(number, known);
    return known;
  }
}

/** I/Os by time and by the bin of their duration. Samples in which the object had other bounds are left out. */
export function latencyGrid({ key, bounds }: ShownObject): HeatGrid {
  return new HeatGrid(bounds.length === 0 ? 0 : bounds.length + 1, ({ sample, objects }, column) => {
    const object = objects.get(key);
    if (object === undefined || object.bounds.join() !== bounds.join()) return;
    for (const [bin, count] of binsOf(countsOf(object, sample)).entries()) column[bin] = (column[bin] ?? 0) + count;
  });
}

/**
 * Sectors by time and by place in the object: its regions one after the other in the order of the device. A region's
 * sectors are spread evenly over the rows that it covers; its areas', over those that the area covers.
 */
export function placeGrid({ key, bytes }: ShownObject, rows: number): HeatGrid {
  return new HeatGrid(rows, ({ sample, objects }, column) => {
    // A file that grows has other places later; each sample is placed on the scale of today.
    const object = objects.get(key);
    const device = object && sample.devices[object.deviceIndex];
    if (object === undefined || device === undefined || bytes === 0) return;
    for (const region of object.regions) {
      const counts = device.regions[region.index] ?? null;
      if (counts === null) continue;
      const areas = region.step < region.length ? areasOf(object, region, sample) : [];
      if (areas.length === 0) {
        spread(column, region.before / bytes, region.length / bytes, sectorsOf(counts));
        continue;
      }
      for (const [area, read, written] of areas) {
        const offset = area * region.step;
        const length = Math.min(region.step, region.length - offset);
        spread(column, (region.before + offset) / bytes, length / bytes, Number(read) + Number(written));
      }
    }
  });
}

/** Adds a value to the rows that a stretch covers, by how much of it lies in each. Both are shares of the whole. */
function spread(column: Float64Array, start: number, length: number, value: number): void {
  if (value === 0 || length <= 0) return;
  const rows = column.length;
  const end = Math.min(1, start + length) * rows;
  const begin = start * rows;
  for (let row = Math.floor(begin); row < Math.min(rows, Math.ceil(end)); row++) {
    const covered = Math.min(end, row + 1) - Math.max(begin, row);
    column[row] = (column[row] ?? 0) + (value * covered) / (length * rows);
  }
}
