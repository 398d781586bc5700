import { type CounterName, ZERO_COUNTERS } from '../stats/counters.ts';
import type { Metrics } from '../stats/metrics.ts';
import { type HistogramForm, histogramText } from './histogram.ts';
import { carefulPercentText, PERCENT_1, percent, twoDecimals } from './number.ts';
import type { StatsRow } from './rows.ts';
import { sizeText, type Units } from './size.ts';

/** How values are written. */
export interface ValueForm {
  readonly units: Units;
  /** Histograms without padding, for programs. */
  readonly packed: boolean;
  /** Histogram bounds with units of time, or in nanoseconds. */
  readonly timeSuffix: boolean;
}

/** What kind of value a field has: it decides on alignment, and how values are compared. */
export type FieldType = 'number' | 'size' | 'string';

/** A field of the stats reports. */
export interface Field {
  readonly id: string;
  readonly heading: string;
  /** The column's least width. */
  readonly width: number;
  readonly type: FieldType;
  /** The prefix under which libdevmapper files it: `stats_` needs counters, `region_` only a list. */
  readonly set: 'stats' | 'region';
  readonly help: string;
  /** The value itself: sectors for sizes; numbers in the unit that `help` names. */
  readonly value: (row: StatsRow, form: ValueForm) => bigint | number | string;
  /** The value as text; default the value's own. */
  readonly text?: (row: StatsRow, form: ValueForm) => string;
}

type FieldBase = readonly [id: string, heading: string, width: number, help: string];

function base([id, heading, width, help]: FieldBase, set: Field['set'], type: FieldType) {
  return { id, heading, width, help, set, type };
}

const counter = (name: CounterName, ...words: FieldBase): Field => ({
  ...base(words, 'stats', 'number'),
  value: ({ counters }) => (counters ?? ZERO_COUNTERS)[name],
});

const rate = (value: (metrics: Metrics) => number, ...words: FieldBase): Field => {
  const number = (row: StatsRow): number => (row.metrics === undefined ? 0 : value(row.metrics));
  return { ...base(words, 'stats', 'number'), value: number, text: (row) => twoDecimals(number(row)) };
};

const NS_PER_MS = 1e6;
const milliseconds = (value: (metrics: Metrics) => number, ...words: FieldBase): Field =>
  rate((metrics) => value(metrics) / NS_PER_MS, ...words);

const size = (set: Field['set'], value: (row: StatsRow) => bigint, ...words: FieldBase): Field => ({
  ...base(words, set, 'size'),
  value,
  text: (row, { units }) => sizeText(value(row), units),
});

/** A size derived from counters; libdevmapper counts these as numbers and cuts off parts of sectors. */
const sizeRate = (value: (metrics: Metrics) => number, ...words: FieldBase): Field => ({
  ...size('stats', ({ metrics }) => BigInt(metrics === undefined ? 0 : Math.trunc(value(metrics))), ...words),
  type: 'number',
});

const histogram = (
  set: Field['set'],
  values: HistogramForm['values'],
  bounds: HistogramForm['bounds'],
  ...words: FieldBase
): Field => ({
  ...base(words, set, 'string'),
  value: (row, { packed, timeSuffix }) => {
    const form = { values, bounds, packed, timeSuffix };
    return histogramText(row.region.bounds, (row.counters ?? ZERO_COUNTERS).histogram, form);
  },
});

const other = (
  type: FieldType,
  value: (row: StatsRow) => bigint | number | string,
  set: Field['set'],
  ...words: FieldBase
): Field => ({ ...base(words, set, type), value });

const COUNTS = 'Histogram Counts';

/** All fields of the stats reports, in libdevmapper's order. */
export const FIELDS: readonly Field[] = [
  counter('reads', 'read_count', '#Reads', 6, 'Count of reads completed.'),
  counter('readsMerged', 'reads_merged_count', '#RdMrgs', 7, 'Count of read requests merged.'),
  counter('readSectors', 'read_sector_count', '#RdSectors', 10, 'Count of sectors read.'),
  counter('readNs', 'read_time', 'AccRdTime', 11, 'Accumulated duration of all read requests (ns).'),
  counter('writes', 'write_count', '#Writes', 7, 'Count of writes completed.'),
  counter('writesMerged', 'writes_merged_count', '#WrMrgs', 7, 'Count of write requests merged.'),
  counter('writeSectors', 'write_sector_count', '#WrSectors', 10, 'Count of sectors written.'),
  counter('writeNs', 'write_time', 'AccWrTime', 11, 'Accumulated duration of all writes (ns).'),
  counter('inFlight', 'in_progress_count', '#InProg', 7, 'Count of requests currently in progress.'),
  counter('ioNs', 'io_ticks', 'IoTicks', 7, 'Nanoseconds spent servicing requests.'),
  counter('weightedNs', 'queue_ticks', 'QueueTicks', 10, 'Total nanoseconds spent in queue.'),
  counter('readBusyNs', 'read_ticks', 'RdTicks', 7, 'Nanoseconds spent servicing reads.'),
  counter('writeBusyNs', 'write_ticks', 'WrTicks', 7, 'Nanoseconds spent servicing writes.'),
  rate((m) => m.readsMergedPerSecond, 'reads_merged_per_sec', 'RMrg/s', 6, 'Read requests merged per second.'),
  rate((m) => m.writesMergedPerSecond, 'writes_merged_per_sec', 'WMrg/s', 6, 'Write requests merged per second.'),
  rate((m) => m.readsPerSecond, 'reads_per_sec', 'R/s', 3, 'Reads per second.'),
  rate((m) => m.writesPerSecond, 'writes_per_sec', 'W/s', 3, 'Writes per second.'),
  sizeRate((m) => m.readSectorsPerSecond, 'read_size_per_sec', 'RSz/s', 5, 'Size of data read per second.'),
  sizeRate((m) => m.writeSectorsPerSecond, 'write_size_per_sec', 'WSz/s', 5, 'Size of data written per second.'),
  sizeRate((m) => m.averageRequestSectors, 'avg_request_size', 'AvgRqSz', 7, 'Average request size.'),
  rate((m) => m.averageQueueSize, 'queue_size', 'QSize', 5, 'Average queue size.'),
  milliseconds((m) => m.averageWaitNs, 'await', 'AWait', 5, 'Average wait time (ms).'),
  milliseconds((m) => m.averageReadWaitNs, 'read_await', 'RdAWait', 7, 'Average read wait time (ms).'),
  milliseconds((m) => m.averageWriteWaitNs, 'write_await', 'WrAWait', 7, 'Average write wait time (ms).'),
  rate((m) => m.throughput, 'throughput', 'Throughput', 10, 'I/Os per second.'),
  milliseconds((m) => m.serviceTimeNs, 'service_time', 'SvcTm', 5, 'Busy time per I/O (ms).'),
  {
    ...rate((m) => percent(m.utilization, 1) / PERCENT_1, 'util', 'Util%', 5, 'Utilization.'),
    text: ({ metrics }) => carefulPercentText(percent(metrics?.utilization ?? 0, 1)),
  },
  histogram('stats', 'count', 'none', 'hist_count', COUNTS, 16, 'Latency histogram counts.'),
  histogram(
    'stats',
    'count',
    'lower',
    'hist_count_bounds',
    COUNTS,
    16,
    'Latency histogram counts with bin boundaries.',
  ),
  histogram('stats', 'count', 'range', 'hist_count_ranges', COUNTS, 16, 'Latency histogram counts with bin ranges.'),
  histogram('stats', 'percent', 'none', 'hist_percent', 'Histogram%', 10, 'Relative latency histogram.'),
  histogram(
    'stats',
    'percent',
    'lower',
    'hist_percent_bounds',
    'Histogram%',
    10,
    'Relative latency histogram with bin boundaries.',
  ),
  histogram(
    'stats',
    'percent',
    'range',
    'hist_percent_ranges',
    'Histogram%',
    10,
    'Relative latency histogram with bin ranges.',
  ),
  other(
    'number',
    (row) => row.intervalNs,
    'stats',
    'interval_ns',
    'IntervalNs',
    10,
    'Sampling interval in nanoseconds.',
  ),
  {
    ...other(
      'number',
      (row) => row.intervalNs / 1e9,
      'stats',
      'interval',
      'Interval',
      8,
      'Sampling interval in seconds.',
    ),
    text: (row) => (row.intervalNs / 1e9).toFixed(6),
  },
  other('number', (row) => row.regionIds, 'region', 'region_id', 'RgID', 4, 'Region ID.'),
  size('region', (row) => row.region.start, 'region_start', 'RgStart', 7, 'Region start.'),
  size('region', (row) => row.length, 'region_len', 'RgSize', 6, 'Region length.'),
  other('number', (row) => row.areaId, 'region', 'area_id', 'ArID', 4, 'Area ID.'),
  size('region', (row) => row.areaStart, 'area_start', 'ArStart', 7, 'Area offset from start of device.'),
  size('region', (row) => row.areaLength, 'area_len', 'ArSize', 6, 'Area length.'),
  size('region', (row) => row.areaOffset, 'area_offset', 'ArOff', 5, 'Area offset from start of region.'),
  other('number', (row) => row.areaCount, 'region', 'area_count', '#Areas', 6, 'Area count.'),
  other('number', (row) => row.group?.id ?? '-', 'region', 'group_id', 'GrpID', 5, 'Group ID.'),
  other('string', (row) => row.region.programId, 'region', 'program_id', 'ProgID', 6, 'Program ID.'),
  other('string', (row) => row.userData, 'region', 'user_data', 'UserData', 8, 'Auxiliary data.'),
  other(
    'string',
    (row) => (row.region.precise ? 1 : 0),
    'region',
    'precise',
    'Precise',
    7,
    'Set if nanosecond precision counters are enabled.',
  ),
  other('string', binCount, 'region', 'hist_bins', '#Bins', 9, 'The number of histogram bins configured.'),
  histogram('region', 'none', 'lower', 'hist_bounds', 'Histogram Bounds', 16, 'Latency histogram bin boundaries.'),
  histogram('region', 'none', 'range', 'hist_ranges', 'Histogram Ranges', 16, 'Latency histogram bin ranges.'),
  other('string', (row) => row.name, 'region', 'stats_name', 'Name', 16, 'Stats name of current object.'),
  other('string', (row) => row.type, 'region', 'obj_type', 'ObjType', 7, 'Type of stats object being reported.'),
];

function binCount({ type, region }: StatsRow): number {
  return type === 'group' || region.bounds.length === 0 ? 0 : region.bounds.length + 1;
}

/** A field's value as text. */
export function fieldText(field: Field, row: StatsRow, form: ValueForm): string {
  return field.text === undefined ? `${field.value(row, form)}` : field.text(row, form);
}
