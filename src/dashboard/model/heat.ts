import type { WireFile } from '../wire.ts';
import { type FileMap, fileMap } from './file-map.ts';
import type { Frame } from './history.ts';
import { areasOf, countsOf, type ShownObject, type ShownRegion } from './objects.ts';
import { binsOf, sectorsOf } from './rates.ts';

/** Values by time and place: `cells[column][row]`, the earliest column and the lowest row first. */
export interface Heat {
  readonly cells: readonly Float64Array[];
  readonly rows: number;
  readonly max: number;
  /** False while samples are still to be added: the next `gather` goes on. */
  readonly isWhole: boolean;
}

/** A span of time, milliseconds since 1970. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** Adds what a sample has to a column. */
type Add<Sample> = (sample: Sample, column: Float64Array) => void;

/**
 * Values by time and place that are gathered as samples come: each sample is added once, however often it is shown,
 * so that a file of thousands of regions can be watched for an hour.
 */
export class HeatGrid<Sample extends { readonly time: number } = Frame> {
  readonly rows: number;
  readonly #add: Add<Sample>;
  #columnMs = 0;
  #lastTime = Number.NEGATIVE_INFINITY;
  // By the number of the column since 1970: columns stay what they are while the time moves on.
  #columns = new Map<number, Float64Array>();

  constructor(rows: number, add: Add<Sample>) {
    this.rows = rows;
    this.#add = add;
  }

  /**
   * The values of a span in so many columns.
   *
   * @param samples all of the span
   * @param isTimeUp asked before each sample that is new: an hour of them takes longer than a frame of the browser's
   */
  gather(samples: readonly Sample[], { from, to }: Span, columns: number, isTimeUp: () => boolean = () => false): Heat {
    const columnMs = (to - from) / columns;
    if (columnMs !== this.#columnMs) {
      this.#columnMs = columnMs;
      this.#lastTime = Number.NEGATIVE_INFINITY;
      this.#columns = new Map();
    }
    let isWhole = true;
    for (const sample of samples) {
      const { time } = sample;
      if (time <= this.#lastTime) continue;
      if (isTimeUp()) {
        isWhole = false;
        break;
      }
      this.#lastTime = time;
      this.#add(sample, this.#column(Math.ceil(time / columnMs)));
    }
    const first = Math.ceil(to / columnMs) - columns + 1;
    for (const number of this.#columns.keys()) if (number < first) this.#columns.delete(number);
    const empty = new Float64Array(this.rows);
    const cells = Array.from({ length: columns }, (_, column) => this.#columns.get(first + column) ?? empty);
    let max = 0;
    for (const column of cells) for (const value of column) if (value > max) max = value;
    return { cells, rows: this.rows, max, isWhole };
  }

  #column(number: number): Float64Array {
    const known = this.#columns.get(number) ?? new Float64Array(this.rows);
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

/** What a part of a region saw in a sample: sectors, and where they are in the region, bytes. */
type SeePart = (region: ShownRegion, offset: number, length: number, sectors: number) => void;

/** Goes through what a sample has of an object's regions: by areas where it has them. */
function eachPart(object: ShownObject, sample: Frame['sample'], see: SeePart): void {
  const device = sample.devices[object.deviceIndex];
  if (device === undefined) return;
  for (const [id, counts] of Object.entries(device.regions)) {
    const parts = object.regionsById.get(Number(id));
    const [first] = parts ?? [];
    if (parts === undefined || first === undefined) continue;
    const areas = areasOf(object, first.id, sample);
    if (areas.length === 0) see(first, 0, first.length, sectorsOf(counts));
    for (const [area, read, written] of areas) {
      const place = area * first.step;
      const part = partAt(parts, place);
      // Another file's area of a region that they share.
      if (part === undefined) continue;
      const offset = place - part.from;
      see(part, offset, Math.min(first.step, part.length - offset), Number(read) + Number(written));
    }
  }
}

/** The part of a region that has a place in it; parts are in order. */
function partAt(parts: readonly ShownRegion[], place: number): ShownRegion | undefined {
  let low = 0;
  let high = parts.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const part = parts[middle];
    if (part !== undefined && part.from + part.length <= place) low = middle + 1;
    else high = middle;
  }
  const part = parts[low];
  return part !== undefined && part.from <= place ? part : undefined;
}

/**
 * Sectors by time and by place in the object: its regions one after the other in the order of the device. A region's
 * sectors are spread evenly over the rows that it covers; its areas', over those that the area covers.
 */
export function placeGrid({ key, bytes }: ShownObject, rows: number): HeatGrid {
  return new HeatGrid(rows, ({ sample, objects }, column) => {
    // A file that grows has other places later; each sample is placed on the scale of today.
    const object = objects.get(key);
    if (object === undefined || bytes === 0) return;
    eachPart(object, sample, ({ before }, offset, length, sectors) => {
      spread(column, (before + offset) / bytes, length / bytes, sectors);
    });
  });
}

/** Sectors by time and by offset in the file. What was counted beside the file in its regions is left out. */
export function fileGrid({ key }: ShownObject, file: WireFile, size: number, rows: number): HeatGrid {
  // The regions of a sample are those of its time; the file lies where it lies today.
  const maps = new WeakMap<readonly ShownRegion[], FileMap>();
  const mapOf = (regions: readonly ShownRegion[]): FileMap => {
    const map = maps.get(regions) ?? fileMap(file, regions);
    maps.set(regions, map);
    return map;
  };
  return new HeatGrid(rows, ({ sample, objects }, column) => {
    const object = objects.get(key);
    if (object === undefined || size === 0) return;
    const { pieces } = mapOf(object.regions);
    eachPart(object, sample, (region, offset, length, sectors) => {
      for (const piece of pieces.get(region) ?? []) {
        const from = Math.max(offset, piece.from);
        const shared = Math.min(offset + length, piece.from + piece.length) - from;
        if (shared <= 0) continue;
        spread(column, (piece.logical + from - piece.from) / size, shared / size, (sectors * shared) / length);
      }
    });
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
    // What rounding leaves over would be a cell of its own.
    if (covered < 1e-9) continue;
    column[row] = (column[row] ?? 0) + (value * covered) / (length * rows);
  }
}
