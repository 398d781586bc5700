/** Samples of a device `vg`, made by hand. */
import { nanoseconds, sectors } from '../../src/mapper/units.ts';
import { type Counters, sumCounters, ZERO_COUNTERS } from '../../src/stats/counters.ts';
import { NO_ERROR } from '../../src/stats/error-bound.ts';
import type { Group } from '../../src/stats/group.ts';
import type { Region } from '../../src/stats/region.ts';
import type { RegionSample } from '../../src/stats/sampler.ts';
import type { WatchSample } from '../../src/watch/items.ts';
import type { Counted } from '../../src/watch/measure.ts';
import type { Key, WatchEvent } from '../../src/watch/state.ts';

export const SECOND_NS = 1e9;
export const MS_NS = 1_000_000n;

/** Counters that are zero but for these. */
export const counters = (some: Partial<Counters>): Counters => ({ ...ZERO_COUNTERS, ...some });

/** So many reads of 4 KiB that took so long each, with I/O in flight for `busyMs`. */
export const reads = (count: number, ms: number, busyMs = 0): Counters =>
  counters({
    reads: BigInt(count),
    readSectors: BigInt(count * 8),
    readNs: BigInt(count * ms) * MS_NS,
    ioNs: BigInt(busyMs) * MS_NS,
  });

export interface MadeRegion {
  readonly id: number;
  readonly areas: readonly Counters[];
  readonly boundsMs?: readonly number[];
  readonly programId?: string;
  readonly aux?: string;
}

const AREA_SECTORS = 2048n;

function regionSample({ id, areas, boundsMs = [], programId = 'p', aux = '' }: MadeRegion): RegionSample {
  const region: Region = {
    id,
    start: sectors(BigInt(id) * 1_048_576n),
    length: sectors(AREA_SECTORS * BigInt(areas.length)),
    step: sectors(AREA_SECTORS),
    programId,
    aux,
    precise: true,
    bounds: boundsMs.map((ms) => nanoseconds(BigInt(ms) * MS_NS)),
  };
  return {
    region,
    areas: areas.map((one, areaId) => ({
      areaId,
      start: sectors(region.start + BigInt(areaId) * AREA_SECTORS),
      length: sectors(AREA_SECTORS),
      counters: one,
    })),
    counters: sumCounters(areas),
    intervalNs: SECOND_NS,
  };
}

export interface Made {
  readonly regions?: readonly MadeRegion[];
  readonly groups?: readonly { readonly alias: string; readonly members: readonly number[] }[];
  readonly cleared?: readonly number[];
  readonly io?: Counted;
  readonly timeMs?: number;
}

/** What was counted on `vg` in a second. */
export function sampleOf({ regions = [], groups = [], cleared = [], io, timeMs = 0 }: Made): WatchSample {
  const samples = new Map(regions.map((region) => [region.id, regionSample(region)]));
  const made = groups.map(({ alias, members }): Group => {
    const id = members[0] ?? -1;
    const kept = { userData: '', carried: undefined, missed: 0n, error: NO_ERROR, generation: undefined };
    return { id, alias, members, missing: [], ...kept, tagForm: 'quoted' };
  });
  const groupSamples = made.map((group) => {
    const own = group.members.flatMap((id) => samples.get(id)?.counters ?? []);
    return [
      group.id,
      { group, counters: sumCounters(own), missed: 0n, error: NO_ERROR, intervalNs: SECOND_NS },
    ] as const;
  });
  const sample = {
    listing: { regions: [...samples.values()].map(({ region }) => region), groups: made, problems: [] },
    regions: samples,
    groups: new Map(groupSamples),
    cleared,
    missed: 0,
  };
  return { timeMs, missed: 0, devices: [{ key: '254:0', name: 'vg', sample, io }] };
}

/** A key: a letter or sign, or the name of one that has none. */
export function key(word: string): WatchEvent {
  const ctrl = word.startsWith('^');
  const text = ctrl ? word.slice(1) : word;
  const isText = text.length === 1;
  const made: Key = {
    name: /^\w+$/.test(text) ? text.toLowerCase() : undefined,
    text: isText && !ctrl ? text : '\0',
    ctrl,
  };
  return { type: 'key', key: made };
}
