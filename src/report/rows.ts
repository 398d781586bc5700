import type { Counters } from '../stats/counters.ts';
import { type Coverage, coverageOf } from '../stats/coverage.ts';
import { type Group, type Listing, userDataOf } from '../stats/group.ts';
import { formatIds } from '../stats/group-tag.ts';
import { type Metrics, metrics } from '../stats/metrics.ts';
import { creditedSectors } from '../stats/packed.ts';
import { areaCount, type Region } from '../stats/region.ts';
import type { Sample } from '../stats/sampler.ts';
import type { DeviceFacts } from './device-facts.ts';

/** The kinds of objects that a report shows. */
export type ObjectType = 'area' | 'region' | 'group';

/** Which objects of a device a report shows. */
export interface Selection {
  readonly types: ReadonlySet<ObjectType>;
  /** Leave out regions of one area: their area says the same. */
  readonly skipSingleArea: boolean;
  /** Only this region. */
  readonly regionId?: number | undefined;
}

/** What a row is about: the same object in each sample of the same regions and groups. Positions and lengths in sectors. */
export interface RowPlace {
  readonly type: ObjectType;
  /** The device's name. */
  readonly device: string;
  /** The alias of the object's group, else the device's name. */
  readonly name: string;
  /** A group's leader in the rows of groups. */
  readonly region: Region;
  readonly group: Group | undefined;
  readonly regionIds: string;
  readonly length: bigint;
  readonly areaId: number;
  readonly areaCount: number;
  readonly areaStart: bigint;
  readonly areaLength: bigint;
  readonly areaOffset: bigint;
  readonly userData: string;
}

/** One row of a report, before it is text. */
export interface StatsRow extends RowPlace {
  readonly place: RowPlace;
  /** What is known of the device; undefined when the report has no field about it. */
  readonly facts: DeviceFacts | undefined;
  /** Of groups in reports: how much was seen. */
  readonly coverage: Coverage | undefined;
  /** Undefined in lists. */
  readonly counters: Counters | undefined;
  /** Whether somebody cleared counters of it in the interval: what is given is less than what was. */
  readonly wasCleared: boolean;
  /** The length of the interval in which `counters` were counted. */
  readonly intervalNs: number;
  /** Derived from `counters`. */
  readonly metrics: Metrics | undefined;
}

interface Counted {
  readonly counters: Counters;
  readonly intervalNs: number;
}

interface RowParts {
  readonly facts: DeviceFacts | undefined;
  readonly wasCleared?: boolean;
  readonly counted?: Counted | undefined;
  readonly coverage?: Coverage | undefined;
}

/** Written out, because spreading objects takes most of the time of a report of thousands of rows. */
class PlacedRow implements StatsRow {
  readonly type: ObjectType;
  readonly device: string;
  readonly name: string;
  readonly region: Region;
  readonly group: Group | undefined;
  readonly regionIds: string;
  readonly length: bigint;
  readonly areaId: number;
  readonly areaCount: number;
  readonly areaStart: bigint;
  readonly areaLength: bigint;
  readonly areaOffset: bigint;
  readonly userData: string;
  readonly place: RowPlace;
  readonly facts: DeviceFacts | undefined;
  readonly coverage: Coverage | undefined;
  readonly counters: Counters | undefined;
  readonly wasCleared: boolean;
  readonly intervalNs: number;
  #metrics: Metrics | undefined;

  constructor(place: RowPlace, { facts, wasCleared = false, counted, coverage }: RowParts) {
    this.type = place.type;
    this.device = place.device;
    this.name = place.name;
    this.region = place.region;
    this.group = place.group;
    this.regionIds = place.regionIds;
    this.length = place.length;
    this.areaId = place.areaId;
    this.areaCount = place.areaCount;
    this.areaStart = place.areaStart;
    this.areaLength = place.areaLength;
    this.areaOffset = place.areaOffset;
    this.userData = place.userData;
    this.place = place;
    this.facts = facts;
    this.coverage = coverage;
    this.counters = counted?.counters;
    this.wasCleared = wasCleared;
    this.intervalNs = counted?.intervalNs ?? 0;
  }

  /** Made when asked for: most rows of most reports are idle, and their text is known. */
  get metrics(): Metrics | undefined {
    if (this.counters === undefined) return undefined;
    this.#metrics ??= metrics(this.counters, this.intervalNs);
    return this.#metrics;
  }
}

/** What a row's device is. @throws TypeError when the report did not ask for it */
export function factsOf({ facts, device }: StatsRow): DeviceFacts {
  if (facts === undefined) throw new TypeError(`nobody asked what device ${device} is`);
  return facts;
}

/** The rows of a list: objects without counters. */
export function listRows(device: string, listing: Listing, selection: Selection, facts?: DeviceFacts): StatsRow[] {
  const { regions, groups } = placesOf(device, listing, selection);
  const places = [...regions.flatMap(({ areas }) => areas), ...regions.flatMap(({ whole }) => whole ?? []), ...groups];
  return places.map((place) => new PlacedRow(place, { facts }));
}

/** The rows of one report on one device; see `SampleRows`. */
export function sampleRows(device: string, sample: Sample, selection: Selection, facts?: DeviceFacts): StatsRow[] {
  return new SampleRows(device, selection).of(sample, facts);
}

/** Makes the rows of samples of one device: areas region by region, then regions, then groups. */
export class SampleRows {
  readonly #device: string;
  readonly #selection: Selection;
  // A listing stays the same object as long as the kernel lists the same.
  #last: { readonly listing: Listing; readonly places: Places } | undefined;

  constructor(device: string, selection: Selection) {
    this.#device = device;
    this.#selection = selection;
  }

  /** A sample's rows. A region that vanished after it was listed has no counters, and no row. */
  of(sample: Sample, facts?: DeviceFacts): StatsRow[] {
    const { listing } = sample;
    if (this.#last?.listing !== listing) {
      this.#last = { listing, places: placesOf(this.#device, listing, this.#selection) };
    }
    const { regions, groups } = this.#last.places;
    const cleared = new Set(sample.cleared);
    const rows: StatsRow[] = [];
    for (const { id, areas } of regions) {
      const region = sample.regions.get(id);
      if (region === undefined) continue;
      const wasCleared = cleared.has(id);
      for (const place of areas) {
        const counters = region.areas[place.areaId]?.counters;
        const counted = counters && { counters, intervalNs: region.intervalNs };
        rows.push(new PlacedRow(place, { facts, wasCleared, counted }));
      }
    }
    for (const { id, whole } of regions) {
      const counted = sample.regions.get(id);
      if (whole === undefined || counted === undefined) continue;
      rows.push(new PlacedRow(whole, { facts, wasCleared: cleared.has(id), counted }));
    }
    for (const place of groups) {
      const counted = place.group && sample.groups.get(place.group.id);
      if (counted === undefined) continue;
      const wasCleared = counted.group.members.some((id) => cleared.has(id));
      rows.push(new PlacedRow(place, { facts, wasCleared, counted, coverage: coverageOf(counted) }));
    }
    return rows;
  }
}

interface Places {
  readonly regions: readonly {
    readonly id: number;
    readonly areas: readonly RowPlace[];
    /** Undefined when the region has no row of its own. */
    readonly whole: RowPlace | undefined;
  }[];
  readonly groups: readonly RowPlace[];
}

function placesOf(device: string, listing: Listing, { types, skipSingleArea, regionId }: Selection): Places {
  const groupOf = new Map(listing.groups.flatMap((group) => group.members.map((id) => [id, group])));
  const byId = new Map(listing.regions.map((region) => [region.id, region]));
  const regions = listing.regions
    .filter(({ id }) => regionId === undefined || id === regionId)
    .map((region) => {
      const place = regionPlace(device, region, groupOf.get(region.id));
      const isShown = types.has('region') && !(skipSingleArea && place.areaCount === 1);
      return {
        id: region.id,
        areas: types.has('area') ? areaPlaces(place) : [],
        whole: isShown ? place : undefined,
      };
    });
  if (!types.has('group') || regionId !== undefined) return { regions, groups: [] };
  const groups = listing.groups.flatMap((group) => {
    const leader = byId.get(group.id);
    if (leader === undefined) return [];
    const single = group.members.reduce((sum, id) => sum + (byId.get(id)?.length ?? 0n), 0n);
    const length = (listing.spans?.get(group.id) ?? []).reduce((sum, span) => sum + creditedSectors(span), single);
    const place: RowPlace = {
      ...regionPlace(device, leader, group),
      type: 'group',
      regionIds: formatIds(group.members),
      length,
      areaCount: 1,
      areaLength: length,
      userData: '',
    };
    return [place];
  });
  return { regions, groups };
}

function regionPlace(device: string, region: Region, group: Group | undefined): RowPlace {
  return {
    type: 'region',
    device,
    name: group === undefined || group.alias === '' ? device : group.alias,
    region,
    group,
    regionIds: `${region.id}`,
    length: region.length,
    areaId: 0,
    areaCount: areaCount(region),
    areaStart: region.start,
    areaLength: region.step,
    areaOffset: 0n,
    userData: userDataOf(region, group),
  };
}

function areaPlaces(place: RowPlace): RowPlace[] {
  const { region } = place;
  return Array.from({ length: place.areaCount }, (_, areaId) => {
    const areaOffset = region.step * BigInt(areaId);
    const rest = region.length - areaOffset;
    return {
      ...place,
      type: 'area',
      areaId,
      areaOffset,
      areaStart: region.start + areaOffset,
      areaLength: rest < region.step ? rest : region.step,
    };
  });
}
