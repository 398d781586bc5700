import type { WireFile } from '../wire.ts';
import { type FileMap, fileMap, unplacedByRow } from './file-map.ts';
import { fileGrid, type HeatGrid, latencyGrid, placeGrid } from './heat.ts';
import type { Frame } from './history.ts';
import { countsOf, type ShownObject } from './objects.ts';
import { type Rates, ratesOf } from './rates.ts';

export const PLACE_ROWS = 48;
export const OFFSET_ROWS = 64;

/** What is computed of an object's samples once each. */
export interface Known {
  readonly object: ShownObject;
  /** Undefined where there was no such object yet. */
  readonly rates: (frame: Frame) => Rates | undefined;
  readonly latency: HeatGrid;
  readonly places: HeatGrid;
}

export function makeKnown(object: ShownObject): Known {
  const known = new WeakMap<Frame, Rates>();
  const rates = (frame: Frame): Rates | undefined => {
    const found = known.get(frame);
    if (found !== undefined) return found;
    const then = frame.objects.get(object.key);
    if (then === undefined) return undefined;
    const made = ratesOf(countsOf(then, frame.sample));
    known.set(frame, made);
    return made;
  };
  return { object, rates, latency: latencyGrid(object), places: placeGrid(object, PLACE_ROWS) };
}

/** What is computed of a file once for its extents and regions. */
export interface KnownFile {
  readonly object: ShownObject;
  readonly file: WireFile;
  readonly map: FileMap;
  readonly offsets: HeatGrid;
  /** Bytes of each row of offsets that have no place on the device. */
  readonly unplaced: Float64Array;
}

export function makeKnownFile(object: ShownObject, file: WireFile): KnownFile {
  const map = fileMap(file, object.regions);
  const offsets = fileGrid(object, file, map.size, OFFSET_ROWS);
  return { object, file, map, offsets, unplaced: unplacedByRow(map, OFFSET_ROWS) };
}
