/** Where runs of sectors lie below a table. Pure. */
import { keyOf, usesOf } from '../../devices/table-uses.ts';
import type { DeviceNumber } from '../../kernel/dm-ioctl.ts';
import { numberIn } from '../../mapper/device-ref.ts';
import type { TableLine } from '../../mapper/table-line.ts';
import { striped } from '../../targets/striped.ts';
import type { Run } from '../extents.ts';
import type { Part } from './parts.ts';

/** What of runs is on a device of the level below. */
export interface PartsBelow {
  readonly device: DeviceNumber;
  /** Ascending by `start` and disjoint. */
  readonly parts: readonly Part[];
}

/** Sectors of which a table does not say where they lie. */
export interface Unplaced {
  /** The target's type. */
  readonly type: string;
  readonly sectors: number;
}

/** Where runs lie below a table. */
export interface Composed {
  readonly below: readonly PartsBelow[];
  readonly unplaced: readonly Unplaced[];
}

/** Whether a line of a table keeps each of its sectors at one place that can be told from the line. */
export function isPlaceable(line: TableLine): boolean {
  return routeOf(line) !== undefined;
}

/** Targets with one device, whose sectors are this one's in the same order: only these keep a sector a sector. */
const ONE_TO_ONE: ReadonlySet<string> = new Set(['linear', 'crypt', 'flakey', 'dust', 'delay', 'snapshot-origin']);

/**
 * Where runs on a device lie on the devices that its table uses.
 *
 * @param runs ascending and disjoint; what is behind the table's end is left out
 */
export function composeMap(runs: readonly Run[], table: readonly TableLine[]): Composed {
  const below = new Map<string, { readonly device: DeviceNumber; readonly parts: Part[] }>();
  const unplaced = new Map<string, number>();
  const place = (device: DeviceNumber, part: Part): void => {
    const key = keyOf(device);
    const known = below.get(key);
    if (known === undefined) below.set(key, { device, parts: [part] });
    else known.parts.push(part);
  };
  let first = 0;
  for (const line of table) {
    const start = Number(line.start);
    const end = start + Number(line.length);
    const route = routeOf(line);
    while (first < runs.length && (runs[first] as Run).end <= start) first++;
    for (let index = first; index < runs.length; index++) {
      const run = runs[index] as Run;
      if (run.start >= end) break;
      const within = { start: Math.max(run.start, start) - start, end: Math.min(run.end, end) - start };
      const above = (device: DeviceNumber, part: Part): void =>
        place(device, { start: part.start + start, end: part.end + start, below: part.below });
      if (route !== undefined) route(within, above);
      else unplaced.set(line.type, (unplaced.get(line.type) ?? 0) + within.end - within.start);
    }
  }
  return {
    below: [...below.values()],
    unplaced: [...unplaced].map(([type, sectors]) => ({ type, sectors })),
  };
}

/** Told where a part of a run lies. */
type Place = (device: DeviceNumber, part: Part) => void;
/** Tells where a run lies; its sectors count from the target's beginning. */
type Route = (run: Run, place: Place) => void;

/** Undefined for a target that does not keep each sector at one place, or of which this is not known here. */
function routeOf(line: TableLine): Route | undefined {
  if (line.type === 'striped') return stripedRoute(line);
  if (!ONE_TO_ONE.has(line.type)) return undefined;
  const [use, second] = usesOf(line);
  // A delay may have a device for writes of its own.
  if (use === undefined || second !== undefined) return undefined;
  const device = numberOf(use.device);
  const offset = Number(use.offset);
  return device && (({ start, end }, place) => place(device, { start, end, below: start + offset }));
}

function stripedRoute({ params }: TableLine): Route | undefined {
  const { chunk, stripes } = striped.parse(params).values;
  const devices = stripes.map(({ device, offset }) => ({ device: numberOf(device), offset: Number(offset) }));
  if (devices.some(({ device }) => device === undefined)) return undefined;
  return ({ start, end }, place) => {
    for (let at = start; at < end; ) {
      const index = Math.floor(at / chunk);
      const stop = Math.min(end, (index + 1) * chunk);
      const { device, offset = 0 } = devices[index % devices.length] ?? {};
      const row = Math.floor(index / devices.length) * chunk - index * chunk;
      if (device !== undefined) place(device, { start: at, end: stop, below: at + row + offset });
      at = stop;
    }
  };
}

const numberOf = (device: DeviceNumber | string): DeviceNumber | undefined =>
  typeof device === 'string' ? numberIn(device) : device;
