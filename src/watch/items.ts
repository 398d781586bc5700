import { type Nanoseconds, SECTOR_BYTES } from '../mapper/units.ts';
import type { GroupSample, RegionSample, Sample } from '../stats/sampler.ts';
import { type ServingRole, servingRegions } from '../stats/serving.ts';
import type { Counted } from './measure.ts';
import { shortSize } from './short.ts';
import { printable } from './text.ts';

/** A device with what was counted on it in an interval. */
export interface WatchedDevice {
  /** Its number: a device may be renamed. */
  readonly key: string;
  /** As people know it, printable. */
  readonly name: string;
  readonly sample: Sample;
  /** All its I/O, by the block layer's own statistics, which need no regions; undefined where there are none. */
  readonly io: Counted | undefined;
}

/** What was counted on all devices in an interval. */
export interface WatchSample {
  /** Milliseconds since 1970. */
  readonly timeMs: number;
  /** Whole intervals that passed unseen. */
  readonly missed: number;
  readonly devices: readonly WatchedDevice[];
}

/** What is being looked into. Groups go by what stays the same when their regions, and so their id, change. */
export type Place =
  | { readonly level: 'all' }
  | { readonly level: 'device'; readonly device: string }
  | { readonly level: 'group'; readonly device: string; readonly group: string }
  | { readonly level: 'region'; readonly device: string; readonly region: number };

/** A row: a device, a group, which is what a followed file is, a region or an area. */
export interface Item extends Counted {
  readonly key: string;
  readonly kind: 'device' | 'group' | 'region' | 'area';
  /** Printable. */
  readonly name: string;
  /** What it is, in a few words. */
  readonly about: string;
  /** What opening it looks into; undefined for what has no parts. */
  readonly inside: Place | undefined;
  /** Bounds of its histogram; empty for none. */
  readonly bounds: readonly Nanoseconds[];
  /** Whether another program cleared counters in the interval: less is shown than was. */
  readonly wasCleared: boolean;
}

const size = (sectors: bigint): string => shortSize(Number(sectors * SECTOR_BYTES));
const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

/**
 * The rows of a place; none when it is gone.
 *
 * @param isAll whether regions that serve the groups of files are rows beside them, and not only inside them
 */
export function itemsIn({ devices }: WatchSample, place: Place, isAll: boolean): Item[] {
  if (place.level === 'all') {
    return devices.flatMap((device) => [...deviceItem(device), ...objectItems(device, isAll, `${device.name} `)]);
  }
  const device = devices.find(({ key }) => key === place.device);
  if (device === undefined) return [];
  if (place.level === 'device') return objectItems(device, isAll);
  const { regions, groups, listing } = device.sample;
  if (place.level === 'region') {
    const region = regions.get(place.region);
    return region === undefined ? [] : areaItems(device, region);
  }
  const group = [...groups.values()].find((one) => groupKey(one) === place.group);
  if (group === undefined) return [];
  const serving = servingRegions(listing);
  const own = [...serving].filter(([, { groupId }]) => groupId === group.group.id).map(([id]) => id);
  return [...group.group.members, ...own].flatMap((id) => {
    const region = regions.get(id);
    return region === undefined ? [] : [regionItem(device, region, serving.get(id)?.role)];
  });
}

function deviceItem({ key, name, sample, io }: WatchedDevice): Item[] {
  if (io === undefined) return [];
  const { regions, groups } = sample.listing;
  const about = `device, ${plural(groups.length, 'group')}, ${plural(regions.length, 'region')}; all its I/O`;
  const inside: Place = { level: 'device', device: key };
  return [{ ...io, key, kind: 'device', name, about, inside, bounds: [], wasCleared: false }];
}

/** Groups, and regions that are in none. */
function objectItems(device: WatchedDevice, isAll: boolean, prefix = ''): Item[] {
  const { regions, groups, listing } = device.sample;
  const hidden = new Set(listing.groups.flatMap(({ members }) => members));
  const serving = servingRegions(listing);
  if (!isAll) for (const id of serving.keys()) hidden.add(id);
  const single = [...regions].filter(([id]) => !hidden.has(id));
  return [
    ...[...groups.values()].map((group) => groupItem(device, group)),
    ...single.map(([id, region]) => regionItem(device, region, serving.get(id)?.role, prefix)),
  ];
}

function groupKey({ group: { alias, id } }: GroupSample): string {
  return alias === '' ? `${id}` : `=${alias}`;
}

function groupItem({ key, name, sample }: WatchedDevice, one: GroupSample): Item {
  const { id, alias, members } = one.group;
  const regions = members.flatMap((member) => sample.regions.get(member)?.region ?? []);
  const [first, ...others] = regions.map(({ bounds }) => bounds);
  const isCommon = others.every((bounds) => bounds.join() === first?.join());
  const length = regions.reduce((sum, region) => sum + region.length, 0n);
  const group = groupKey(one);
  return {
    counters: one.counters,
    intervalNs: one.intervalNs,
    key: `${key}/${group}`,
    kind: 'group',
    name: alias === '' ? `${name} group ${id}` : printable(alias),
    about: `group ${id} on ${name}, ${plural(members.length, 'region')}, ${size(length)}`,
    inside: { level: 'group', device: key, group },
    bounds: isCommon ? (first ?? []) : [],
    wasCleared: members.some((member) => sample.cleared.includes(member)),
  };
}

function regionItem(
  { key, name, sample }: WatchedDevice,
  one: RegionSample,
  role: ServingRole | undefined,
  prefix = '',
): Item {
  const { id, start, length, bounds, programId } = one.region;
  const areas = one.areas.length;
  const program = programId === '' ? '' : `, program ${printable(programId)}`;
  return {
    counters: one.counters,
    intervalNs: one.intervalNs,
    key: `${key}/${id}/`,
    kind: 'region',
    name: `${prefix}${role === undefined ? '' : `${role} `}region ${id}`,
    about: `region ${id} on ${name}: ${size(length)} from ${size(start)}, ${plural(areas, 'area')}${program}`,
    inside: areas > 1 ? { level: 'region', device: key, region: id } : undefined,
    bounds,
    wasCleared: sample.cleared.includes(id),
  };
}

function areaItems({ key, name, sample }: WatchedDevice, { region, areas, intervalNs }: RegionSample): Item[] {
  const wasCleared = sample.cleared.includes(region.id);
  return areas.map(({ areaId, start, length, counters }) => ({
    counters,
    intervalNs,
    key: `${key}/${region.id}/${areaId}`,
    kind: 'area',
    name: `area ${areaId} at ${size(start)}`,
    about: `area ${areaId} of region ${region.id} on ${name}: ${size(length)} from ${size(start)}`,
    inside: undefined,
    bounds: region.bounds,
    wasCleared,
  }));
}
