import { DmError } from '../mapper/errors.ts';
import {
  type AreaCounters,
  addCounters,
  type Counters,
  isNegative,
  subtractCounters,
  sumCounters,
  ZERO_COUNTERS,
} from './counters.ts';
import type { DeviceStats } from './device-stats.ts';
import { type ErrorBound, NO_ERROR } from './error-bound.ts';
import type { Group, Listing } from './group.ts';
import type { PackedSpan } from './packed.ts';
import {
  fileCounts,
  isClearedSpan,
  NO_SPAN_COUNTS,
  type PackedBound,
  readSpan,
  type SpanCounts,
  subtractSpan,
  sumBounded,
} from './packed-counts.ts';
import type { Region } from './region.ts';
import { regionDelta } from './region-delta.ts';
import { type Rhythm, type SampleClock, systemSampleClock, ticks } from './sample-clock.ts';

/** One region's counters as the kernel gave them. */
export interface RegionReading {
  readonly region: Region;
  readonly areas: readonly AreaCounters[];
  /** When they were read, monotonic nanoseconds. */
  readonly atNs: bigint;
}

/** A device's regions, groups and counters. Regions that were deleted between the list and the print are left out. */
export interface Reading {
  readonly listing: Listing;
  readonly regions: ReadonlyMap<number, RegionReading>;
  /** What extents that share regions counted, by the id of the region in areas; absent where nobody asked. */
  readonly spans?: ReadonlyMap<number, SpanReading>;
  readonly atNs: bigint;
}

/** A span's counters as the kernel gave them. */
export interface SpanReading {
  readonly span: PackedSpan;
  readonly counts: SpanCounts;
}

/** What was counted in a region. */
export interface RegionSample {
  readonly region: Region;
  readonly areas: readonly AreaCounters[];
  /** The sum of the areas. */
  readonly counters: Counters;
  readonly intervalNs: number;
}

/** What was counted in a group, by its regions and those that it carries. */
export interface GroupSample {
  readonly group: Group;
  readonly counters: Counters;
  /** Sectors that became the file's in the interval without a region to hold their first I/O. */
  readonly missed: bigint;
  /** What may be missing or counted twice in what the group carries since the interval began. */
  readonly error: ErrorBound;
  readonly intervalNs: number;
  /** How exact the I/O counts are where extents share regions; absent where none do. Sectors are always exact. */
  readonly bound?: PackedBound;
}

/** What was counted on a device in one interval. */
export interface Sample {
  readonly listing: Listing;
  /** By region id. */
  readonly regions: ReadonlyMap<number, RegionSample>;
  /** By group id. */
  readonly groups: ReadonlyMap<number, GroupSample>;
  /** Regions whose counters somebody cleared in the interval: what is given for them is less than what was. */
  readonly cleared: readonly number[];
  /** Whole intervals that passed unseen, because reading took longer. */
  readonly missed: number;
}

// A daemon’s hand-over takes milliseconds; one that is met again and again is not waited for.
const READS = 4;

/**
 * Reads all counters of a device without changing them. A group that changes while it is read is read again, so that
 * what a hand-over moves from one region to another is not missing between them.
 *
 * @param programId undefined for all programs
 */
export async function read(
  stats: DeviceStats,
  programId?: string,
  clock: SampleClock = systemSampleClock,
): Promise<Reading> {
  for (let attempt = 1; ; attempt += 1) {
    const { reading, gone } = await readOnce(stats, programId, clock);
    const spansOf = (id: number): readonly PackedSpan[] => reading.listing.spans?.get(id) ?? [];
    const isTorn = reading.listing.groups.some(({ id, members }) => {
      return members.some((member) => gone.has(member)) || spansOf(id).some(({ areas }) => gone.has(areas.id));
    });
    if (!isTorn || attempt === READS) return reading;
  }
}

async function readOnce(
  stats: DeviceStats,
  programId: string | undefined,
  clock: SampleClock,
): Promise<{ readonly reading: Reading; readonly gone: ReadonlySet<number> }> {
  const listing = await stats.list(programId);
  const regions = new Map<number, RegionReading>();
  const gone = new Set<number>();
  for (const region of listing.regions) {
    try {
      const areas = stats.printAgain(region);
      regions.set(region.id, { region, areas, atNs: clock.now() });
    } catch (error) {
      if (!DmError.is(error, 'ENOENT')) throw error;
      gone.add(region.id);
    }
  }
  const spans = new Map<number, SpanReading>();
  for (const span of [...(listing.spans?.values() ?? [])].flat()) {
    try {
      spans.set(span.areas.id, { span, counts: await readSpan(stats, span) });
    } catch (error) {
      if (!DmError.is(error, 'ENOENT')) throw error;
      gone.add(span.areas.id);
    }
  }
  return { reading: { listing, regions, spans, atNs: clock.now() }, gone };
}

/** A reading as a sample: everything since the counters were last cleared, as if it had happened in `intervalNs`. */
export function totals(reading: Reading, intervalNs: number): Sample {
  return sampleOf(reading, () => intervalNs, intervalNs, undefined);
}

/** What was counted between two readings of a device. */
export function difference(before: Reading, now: Reading): Sample {
  const intervalOf = (reading: RegionReading): number => {
    // A region that was not there before counts from some moment on that nobody knows.
    const from = before.regions.get(reading.region.id)?.atNs ?? before.atNs;
    return Math.max(1, Number(reading.atNs - from));
  };
  return sampleOf(now, intervalOf, Math.max(1, Number(now.atNs - before.atNs)), before);
}

function sampleOf(
  now: Reading,
  intervalOf: (reading: RegionReading) => number,
  wholeNs: number,
  before: Reading | undefined,
): Sample {
  const regions = new Map<number, RegionSample>();
  const cleared: number[] = [];
  for (const [id, reading] of now.regions) {
    const base = before?.regions.get(id);
    const known = base !== undefined && isSameRegion(base.region, reading.region) ? base : undefined;
    const { areas, counters, wasCleared } = regionDelta(reading.areas, known?.areas);
    if (wasCleared) cleared.push(id);
    regions.set(id, { region: reading.region, areas, counters, intervalNs: intervalOf(reading) });
  }
  const spans = new Map<number, SpanCounts>();
  for (const [id, { span, counts }] of now.spans ?? []) {
    const base = before?.spans?.get(id);
    const known = base !== undefined && isSameSpan(base.span, span) ? base.counts : NO_SPAN_COUNTS;
    const delta = subtractSpan(counts, known);
    if (isClearedSpan(delta)) cleared.push(id);
    spans.set(id, isClearedSpan(delta) ? counts : delta);
  }
  const groups = new Map<number, GroupSample>();
  const findBefore = groupFinder(before);
  for (const group of now.listing.groups) {
    const members = group.members.flatMap((id) => regions.get(id) ?? []);
    if (members.length === 0) continue;
    const groupBefore = findBefore(group);
    const counters = addCounters(
      sumCounters(members.map((member) => member.counters)),
      carriedDelta(group, groupBefore, now, before),
    );
    const intervalNs = regions.get(group.id)?.intervalNs ?? wholeNs;
    const unseen = unseenDelta(group, groupBefore, before);
    const own = now.listing.spans?.get(group.id);
    if (own === undefined) groups.set(group.id, { group, counters, ...unseen, intervalNs });
    else {
      const packed = sumBounded(own.flatMap(({ areas }) => spans.get(areas.id) ?? []).map(fileCounts));
      groups.set(group.id, {
        group,
        counters: addCounters(counters, packed.counters),
        ...unseen,
        intervalNs,
        bound: packed.bound,
      });
    }
  }
  return { listing: now.listing, regions, groups, cleared, missed: 0 };
}

/** What a group says that it did not see since `before`; nothing of a group that is new, whose past is not the interval's. */
function unseenDelta(
  { missed, error }: Group,
  groupBefore: Group | undefined,
  before: Reading | undefined,
): Pick<GroupSample, 'missed' | 'error'> {
  if (before === undefined) return { missed, error };
  if (groupBefore === undefined) return { missed: 0n, error: NO_ERROR };
  // Less than before: somebody cleared it, and what it says now is what came after.
  const since = (now: bigint, then: bigint): bigint => (now < then ? now : now - then);
  return {
    missed: since(missed, groupBefore.missed),
    error: {
      sectors: since(error.sectors, groupBefore.error.sectors),
      ios: since(error.ios, groupBefore.error.ios),
    },
  };
}

/** An id is reused at once: another region may bear it. */
function isSameRegion(a: Region, b: Region): boolean {
  return a.start === b.start && a.length === b.length && a.step === b.step && a.programId === b.programId;
}

function isSameSpan(a: PackedSpan, b: PackedSpan): boolean {
  return isSameRegion(a.areas, b.areas) && a.areas.aux === b.areas.aux && a.whole.id === b.whole.id;
}

/**
 * Finds what a group was before: by its line, else by its id, else, since the id changes with the leader, by its alias
 * and a member.
 */
function groupFinder(before: Reading | undefined): (group: Group) => Group | undefined {
  const groups = before?.listing.groups ?? [];
  const byId = new Map(groups.map((group) => [group.id, group]));
  const byMember = new Map(groups.flatMap((group) => group.members.map((id) => [id, group])));
  const byLine = new Map(groups.flatMap((group) => (group.generation ? [[group.generation.line, group]] : [])));
  return ({ id, alias, members, generation }) => {
    const sameLine = generation && byLine.get(generation.line);
    if (sameLine !== undefined) return sameLine;
    const sameId = byId.get(id);
    if (sameId !== undefined) return sameId;
    const owners = members.map((member) => byMember.get(member));
    return owners.find((owner) => owner?.alias === alias);
  };
}

/**
 * What a group counted through regions that are no more: what it carries now beyond before, less what those regions had
 * shown before already. Zero when they were deleted without being carried.
 */
function carriedDelta(
  group: Group,
  groupBefore: Group | undefined,
  now: Reading,
  before: Reading | undefined,
): Counters {
  const carried = group.carried ?? ZERO_COUNTERS;
  if (before === undefined) return carried;
  if (groupBefore === undefined) return ZERO_COUNTERS;
  const gone = groupBefore.members.flatMap((id) => {
    const base = before.regions.get(id);
    const present = now.regions.get(id);
    const remains = base !== undefined && present !== undefined && isSameRegion(base.region, present.region);
    return base === undefined || remains ? [] : base.areas.map((area) => area.counters);
  });
  const goneSpans = (before.listing.spans?.get(groupBefore.id) ?? []).flatMap(({ areas }) => {
    const base = before.spans?.get(areas.id);
    const present = now.spans?.get(areas.id);
    const remains = base !== undefined && present !== undefined && isSameSpan(base.span, present.span);
    return base === undefined || remains ? [] : fileCounts(base.counts).counters;
  });
  const shown = addCounters(groupBefore.carried ?? ZERO_COUNTERS, sumCounters([...gone, ...goneSpans]));
  const delta = { ...subtractCounters(carried, shown), inFlight: 0n };
  return isNegative(delta) ? ZERO_COUNTERS : delta;
}

/** How a device is sampled. */
export interface SampleOptions extends Rhythm {
  /** Undefined for all programs. */
  readonly programId?: string | undefined;
}

/**
 * Samples a device: after each interval, what was counted in it. Reads without clearing, so that any number of
 * samplers and other programs see everything. The first sample comes after the first interval.
 *
 * @throws DmError ENXIO when the device is removed
 */
export async function* sample(
  stats: DeviceStats,
  { programId, ...rhythm }: SampleOptions,
): AsyncGenerator<Sample, void, void> {
  let before = await read(stats, programId, rhythm.clock);
  for await (const missed of ticks(before.atNs, rhythm)) {
    const now = await read(stats, programId, rhythm.clock);
    yield { ...difference(before, now), missed };
    before = now;
  }
}
