import {
  type AreaCounters,
  type Counters,
  idleCounters,
  isNegative,
  subtractCounters,
  sumCounters,
  ZERO_COUNTERS,
} from './counters.ts';

/** What a region counted between two readings. */
export interface RegionDelta {
  readonly areas: readonly AreaCounters[];
  /** The sum of the areas. */
  readonly counters: Counters;
  readonly wasCleared: boolean;
}

/** The difference of a region's counters. @param before undefined for all that was counted */
export function regionDelta(now: readonly AreaCounters[], before: readonly AreaCounters[] | undefined): RegionDelta {
  const idle = now === before ? idleDelta(now) : undefined;
  if (idle !== undefined) return idle;
  const { areas, wasCleared } = before === undefined ? { areas: now, wasCleared: false } : areaDeltas(now, before);
  const [first] = areas;
  const isSingle = first !== undefined && areas.length === 1;
  return {
    areas,
    counters: isSingle ? first.counters : sumCounters(areas.map(({ counters }) => counters)),
    wasCleared,
  };
}

function areaDeltas(now: readonly AreaCounters[], before: readonly AreaCounters[]): Omit<RegionDelta, 'counters'> {
  let wasCleared = false;
  const deltas = now.map(({ areaId, start, length, counters }, index) => {
    const delta = subtractCounters(counters, before[index]?.counters ?? ZERO_COUNTERS);
    // The counters only grow: one that shrank was cleared, and what it shows now is what came after.
    if (isNegative(delta)) wasCleared = true;
    return { areaId, start, length, counters: delta };
  });
  return { areas: wasCleared ? now : deltas, wasCleared };
}

const idleDeltas = new WeakMap<readonly AreaCounters[], RegionDelta>();

/** The difference of areas to themselves: nothing, and one object for all. Undefined with I/O in flight, which is shown. */
function idleDelta(areas: readonly AreaCounters[]): RegionDelta | undefined {
  const known = idleDeltas.get(areas);
  if (known !== undefined) return known;
  if (areas.some(({ counters }) => counters.inFlight !== 0n)) return undefined;
  const counters = idleCounters(areas[0]?.counters.histogram.length ?? 0);
  const idle = { areas: areas.map((area) => ({ ...area, counters })), counters, wasCleared: false };
  idleDeltas.set(areas, idle);
  return idle;
}
