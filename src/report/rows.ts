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

/** One row of a report, before it is text. Positions and lengths in sectors. */
export interface StatsRow {
  readonly type: ObjectType;
  /** The device's name. */
  readonly device: string;
  /** What is known of the device; undefined when the report has no field about it. */
  readonly facts: DeviceFacts | undefined;
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

type RowFacts = Omit<StatsRow, 'metrics' | 'counters' | 'coverage' | 'intervalNs'>;
/** What the rows of a region's areas do not share. */
type Place = Pick<StatsRow, 'type' | 'areaId' | 'areaStart' | 'areaLength' | 'areaOffset'>;
type Counted = { readonly counters: Counters; readonly intervalNs: number } | undefined;

/** Written out, because spreading objects takes most of the time of a report of thousands of rows. */
function row(facts: RowFacts, counted: Counted, coverage?: Coverage, place: Place = facts): StatsRow {
  return {
    type: place.type,
    device: facts.device,
    facts: facts.facts,
    name: facts.name,
    region: facts.region,
    group: facts.group,
    regionIds: facts.regionIds,
    length: facts.length,
    areaId: place.areaId,
    areaCount: facts.areaCount,
    areaStart: place.areaStart,
    areaLength: place.areaLength,
    areaOffset: place.areaOffset,
    userData: facts.userData,
    coverage,
    counters: counted?.counters,
    wasCleared: facts.wasCleared,
    intervalNs: counted?.intervalNs ?? 0,
    metrics: counted === undefined ? undefined : metrics(counted.counters, counted.intervalNs),
  };
}

/** What a row's device is. @throws TypeError when the report did not ask for it */
export function factsOf({ facts, device }: StatsRow): DeviceFacts {
  if (facts === undefined) throw new TypeError(`nobody asked what device ${device} is`);
  return facts;
}

/** The rows of a list: objects without counters. */
export function listRows(device: string, listing: Listing, selection: Selection, facts?: DeviceFacts): StatsRow[] {
  return rowsOf({ device, facts }, listing, selection, undefined);
}

/** The rows of a report on one device: areas region by region, then regions, then groups. */
export function sampleRows(device: string, sample: Sample, selection: Selection, facts?: DeviceFacts): StatsRow[] {
  return rowsOf({ device, facts }, sample.listing, selection, sample);
}

function rowsOf(
  about: Pick<StatsRow, 'device' | 'facts'>,
  listing: Listing,
  selection: Selection,
  sample: Sample | undefined,
): StatsRow[] {
  const { types, skipSingleArea, regionId } = selection;
  const groupOf = new Map(listing.groups.flatMap((group) => group.members.map((id) => [id, group])));
  const byId = new Map(listing.regions.map((region) => [region.id, region]));
  // A region that vanished after it was listed has no counters, and no row in a report.
  const regions = listing.regions.filter(
    ({ id }) => (regionId === undefined || id === regionId) && (sample === undefined || sample.regions.has(id)),
  );
  const cleared = new Set(sample?.cleared);
  const rowOf = (region: Region): RowFacts => {
    const group = groupOf.get(region.id);
    return {
      type: 'region',
      device: about.device,
      facts: about.facts,
      name: nameOf(about.device, group),
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
      wasCleared: cleared.has(region.id),
    };
  };
  const rows: StatsRow[] = [];
  if (types.has('area')) {
    for (const region of regions) rows.push(...areaRows(rowOf(region), sample));
  }
  if (types.has('region')) {
    for (const region of regions) {
      if (skipSingleArea && areaCount(region) === 1) continue;
      rows.push(row(rowOf(region), sample?.regions.get(region.id)));
    }
  }
  if (types.has('group') && regionId === undefined) {
    for (const group of listing.groups) {
      const leader = byId.get(group.id);
      if (leader === undefined || (sample !== undefined && !sample.groups.has(group.id))) continue;
      const single = group.members.reduce((sum, id) => sum + (byId.get(id)?.length ?? 0n), 0n);
      const length = (listing.spans?.get(group.id) ?? []).reduce((sum, span) => sum + creditedSectors(span), single);
      const facts: RowFacts = {
        ...rowOf(leader),
        type: 'group',
        regionIds: formatIds(group.members),
        length,
        areaCount: 1,
        areaLength: length,
        userData: '',
        wasCleared: group.members.some((id) => cleared.has(id)),
      };
      const counted = sample?.groups.get(group.id);
      rows.push(row(facts, counted, counted && coverageOf(counted)));
    }
  }
  return rows;
}

function nameOf(device: string, group: Group | undefined): string {
  return group === undefined || group.alias === '' ? device : group.alias;
}

function areaRows(facts: RowFacts, sample: Sample | undefined): StatsRow[] {
  const { region } = facts;
  const counted = sample?.regions.get(region.id);
  return Array.from({ length: facts.areaCount }, (_, areaId) => {
    const areaOffset = region.step * BigInt(areaId);
    const rest = region.length - areaOffset;
    const counters = counted?.areas[areaId]?.counters;
    const place: Place = {
      type: 'area',
      areaId,
      areaOffset,
      areaStart: region.start + areaOffset,
      areaLength: rest < region.step ? rest : region.step,
    };
    const hasCounts = counted !== undefined && counters !== undefined;
    return row(facts, hasCounts ? { counters, intervalNs: counted.intervalNs } : undefined, undefined, place);
  });
}
