import { unmangledName } from '../mapper/mangle.ts';
import { SECTOR_BYTES } from '../mapper/units.ts';
import { groupCounters } from '../stats/carried.ts';
import { type CounterName, type Counters, sumCounters } from '../stats/counters.ts';
import { type Coverage, coverageOf, foreignShare } from '../stats/coverage.ts';
import { volumeOf } from '../stats/error-bound.ts';
import type { Group, Listing } from '../stats/group.ts';
import { creditedSectors } from '../stats/packed.ts';
import { fileCounts, NO_BOUND, type PackedBound, sumBounded } from '../stats/packed-counts.ts';
import type { Region } from '../stats/region.ts';
import type { DeviceReading } from '../stats/sample-devices.ts';
import {
  decimal,
  documentText,
  type Family,
  familyLines,
  histogramLines,
  type Labels,
  labelsText,
  type MetricsFormat,
} from './openmetrics-text.ts';

export type { MetricsFormat };

/** The media type of each format, for HTTP. */
export const METRICS_MEDIA_TYPE: Readonly<Record<MetricsFormat, string>> = {
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
  prometheus: 'text/plain; version=0.0.4; charset=utf-8',
};

interface Counted {
  readonly labels: Labels;
  readonly counters: Counters;
  readonly bound: PackedBound;
  /** Empty when there is no histogram, or none that says it all. */
  readonly bounds: readonly bigint[];
  readonly sizeSectors: bigint;
  readonly startSectors: bigint | undefined;
}

const NS_DIGITS = 9;

const number =
  (value: (item: Counted) => bigint | undefined, digits = 0): Family<Counted>['lines'] =>
  (name, item) => {
    const one = value(item);
    return one === undefined ? [] : [`${name}${labelsText(item.labels)} ${decimal(one, digits)}`];
  };

const SECTORS: ReadonlySet<CounterName> = new Set(['readSectors', 'writeSectors']);

/** A counter's value; undefined where it is only estimated: an estimate may fall, which a counter must not. */
function exact({ counters, bound }: Counted, counter: CounterName): bigint | undefined {
  const isExact =
    counter === 'reads' || counter === 'writes'
      ? bound[counter] === 0n
      : bound.foreignSectors === 0n || SECTORS.has(counter);
  return isExact ? counters[counter] : undefined;
}

const count = (name: string, counter: CounterName, help: string): Family<Counted> => ({
  name,
  kind: 'counter',
  help,
  lines: number((item) => exact(item, counter)),
});

const seconds = (name: string, counter: CounterName, help: string): Family<Counted> => ({
  name: `${name}_seconds`,
  kind: 'counter',
  unit: 'seconds',
  help,
  lines: number((item) => exact(item, counter), NS_DIGITS),
});

const bytes = (name: string, counter: CounterName, help: string): Family<Counted> => ({
  name: `${name}_bytes`,
  kind: 'counter',
  unit: 'bytes',
  help,
  lines: number(({ counters }) => counters[counter] * SECTOR_BYTES),
});

/** What is told of each region and of each group; names follow node_exporter's `node_disk_…` where it has the same. */
const COUNTED: readonly Family<Counted>[] = [
  count('reads_completed', 'reads', 'Reads completed.'),
  count('reads_merged', 'readsMerged', 'Reads that began where the one before them on the same CPU ended.'),
  bytes('read', 'readSectors', 'Bytes read.'),
  seconds('read_time', 'readNs', 'Durations of all reads, summed.'),
  count('writes_completed', 'writes', 'Writes completed; discards are writes.'),
  count('writes_merged', 'writesMerged', 'Writes that began where the one before them on the same CPU ended.'),
  bytes('written', 'writeSectors', 'Bytes written or discarded.'),
  seconds('write_time', 'writeNs', 'Durations of all writes, summed.'),
  {
    name: 'io_now',
    kind: 'gauge',
    help: 'Reads and writes in flight.',
    lines: number((item) => exact(item, 'inFlight')),
  },
  seconds('io_time', 'ioNs', 'Time with at least one read or write in flight; summed over areas and regions.'),
  seconds('io_time_weighted', 'weightedNs', 'Reads and writes in flight, integrated over time.'),
  seconds('read_busy', 'readBusyNs', 'Time with at least one read in flight; summed over areas and regions.'),
  seconds('write_busy', 'writeBusyNs', 'Time with at least one write in flight; summed over areas and regions.'),
  {
    name: 'size_bytes',
    kind: 'gauge',
    unit: 'bytes',
    help: 'Bytes that are watched.',
    lines: number(({ sizeSectors }) => sizeSectors * SECTOR_BYTES),
  },
  {
    name: 'start_bytes',
    kind: 'gauge',
    unit: 'bytes',
    help: 'Where on the device it begins.',
    lines: number(({ startSectors }) => startSectors && startSectors * SECTOR_BYTES),
  },
  {
    name: 'io_duration_seconds',
    kind: 'histogram',
    unit: 'seconds',
    help: 'Durations of reads and writes. A duration of exactly a bound counts above it: the bins of the kernel exclude their upper bound.',
    lines: (name, { labels, counters, bounds }) =>
      bounds.length === 0
        ? []
        : histogramLines(name, labels, bounds, counters.histogram, counters.readNs + counters.writeNs),
  },
];

interface OfGroup {
  readonly labels: Labels;
  readonly coverage: Coverage;
  readonly foreignRatio: number;
}

/** What is told of groups only. */
const SEEN: readonly Family<OfGroup>[] = [
  {
    name: 'missed_bytes',
    kind: 'counter',
    unit: 'bytes',
    help: "Bytes that became a file's without a region to count their first read or write.",
    lines: (name, { labels, coverage }) => [`${name}${labelsText(labels)} ${coverage.missed * SECTOR_BYTES}`],
  },
  {
    name: 'carried_error_bytes',
    kind: 'counter',
    unit: 'bytes',
    help: 'Bytes read or written that may be missing or doubled in the counters, for I/O went on while they were carried.',
    lines: (name, { labels, coverage }) => [`${name}${labelsText(labels)} ${coverage.error.sectors * SECTOR_BYTES}`],
  },
  {
    name: 'carried_error_ios',
    kind: 'counter',
    help: 'Reads and writes that may be missing or doubled in the counters.',
    lines: (name, { labels, coverage }) => [`${name}${labelsText(labels)} ${coverage.error.ios}`],
  },
  {
    name: 'coverage_ratio',
    kind: 'gauge',
    unit: 'ratio',
    help: 'The share of the bytes read and written that was counted, each missed one taken as read or written once.',
    lines: (name, { labels, coverage }) => [`${name}${labelsText(labels)} ${coverage.ratio}`],
  },
  {
    name: 'foreign_ratio',
    kind: 'gauge',
    unit: 'ratio',
    help: "The share of other files' bytes in what the group's present regions counted: 0 unless extents share regions.",
    lines: (name, { labels, foreignRatio }) => [`${name}${labelsText(labels)} ${foreignRatio}`],
  },
];

interface OfDevice {
  readonly labels: Labels;
  readonly listing: Listing;
}

const ofDevice = (name: string, help: string, value: (listing: Listing) => number): Family<OfDevice> => ({
  name,
  kind: 'gauge',
  help,
  lines: (full, { labels, listing }) => [`${full}${labelsText(labels)} ${value(listing)}`],
});

const DEVICE_FAMILIES: readonly Family<OfDevice>[] = [
  ofDevice('regions', 'Statistics regions of the device.', ({ regions }) => regions.length),
  ofDevice('groups', 'Groups of regions of the device.', ({ groups }) => groups.length),
  ofDevice('problems', "Lines of the kernel's list that could not be understood.", ({ problems }) => problems.length),
];

/**
 * What the kernel has counted, as metrics. Nothing is cleared by reading; what groups carry is in their counters. A
 * region's and a group's metrics have names of their own, so that no sum counts an I/O in both.
 *
 * Histograms are the kernel's bins summed up to each bound, exactly. One is left out where it would not say it all: of a
 * group whose regions have other bounds than its leader or none.
 */
export function metricsText(devices: readonly DeviceReading[], format: MetricsFormat): string {
  const shown = devices.map((one) => ({ ...one, device: unmangledName(one.name) }));
  const facts = shown.map(({ device, reading }) => ({
    labels: [['device', device]] as const,
    listing: reading.listing,
  }));
  const groups = shown.flatMap(groupsOf);
  return documentText(
    [
      ...familyLines('dmstats_device_', DEVICE_FAMILIES, facts, format),
      ...familyLines('dmstats_region_', COUNTED, shown.flatMap(regionsOf), format),
      ...familyLines('dmstats_group_', COUNTED, groups, format),
      ...familyLines('dmstats_group_', SEEN, groups, format),
    ],
    format,
  );
}

type Shown = DeviceReading & { readonly device: string };

function regionsOf({ device, reading: { listing, regions } }: Shown): Counted[] {
  const groupOf = new Map(listing.groups.flatMap((group) => group.members.map((id) => [id, group])));
  return [...regions.values()].map(({ region, areas }) => {
    const group = groupOf.get(region.id);
    return {
      labels: [
        ['device', device],
        ['region', `${region.id}`],
        ['program', region.programId],
        ['group', group === undefined ? '' : `${group.id}`],
        ['alias', group?.alias ?? ''],
      ],
      counters: groupCounters(
        areas.map((area) => area.counters),
        undefined,
      ),
      bound: NO_BOUND,
      bounds: region.bounds,
      sizeSectors: region.length,
      startSectors: region.start,
    };
  });
}

function groupsOf({ device, reading: { listing, regions, spans } }: Shown): (Counted & OfGroup)[] {
  return listing.groups.flatMap((group) => {
    const members = group.members.flatMap((id) => regions.get(id) ?? []);
    const [leader] = members;
    if (leader === undefined) return [];
    const own = listing.spans?.get(group.id) ?? [];
    const counts = own.flatMap(({ areas }) => spans?.get(areas.id)?.counts ?? []);
    const shared = sumBounded(counts.map(fileCounts));
    const present = [...members.flatMap(({ areas }) => areas.map((area) => area.counters)), shared.counters];
    const counters = groupCounters(present, group.carried);
    const { foreignSectors } = shared.bound;
    return [
      {
        labels: [
          ['device', device],
          ['program', leader.region.programId],
          ['group', `${group.id}`],
          ['alias', group.alias],
        ],
        counters,
        coverage: coverageOf({ counters, missed: group.missed, error: group.error }),
        // What is carried comes from regions whose foreign sectors nobody knows any more.
        foreignRatio: foreignShare(volumeOf(sumCounters(present)).sectors, foreignSectors),
        bound: shared.bound,
        bounds:
          foreignSectors > 0n
            ? []
            : commonBounds(
                group,
                members.map(({ region }) => region),
              ),
        sizeSectors: members.reduce(
          (sum, { region }) => sum + region.length,
          own.reduce((sum, span) => sum + creditedSectors(span), 0n),
        ),
        startSectors: undefined,
      },
    ];
  });
}

/** The bounds of all of a group's regions and of what it carries; empty when they are not one and the same. */
function commonBounds({ carried }: Group, members: readonly Region[]): readonly bigint[] {
  const [bounds = [], ...others] = members.map((region) => region.bounds);
  const isCommon =
    others.every((other) => other.join() === bounds.join()) &&
    (carried === undefined || carried.histogram.length === bounds.length + 1);
  return isCommon ? bounds : [];
}
