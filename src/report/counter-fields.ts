import { SECTOR_BYTES } from '../mapper/units.ts';
import { bins, type CounterName, ZERO_COUNTERS } from '../stats/counters.ts';
import type { Metrics } from '../stats/metrics.ts';
import type { Field, FieldValue, JsonEntry, Unit } from './field.ts';
import { type FieldWords, wordsOf } from './field-builders.ts';
import { type HistogramForm, histogramText } from './histogram.ts';
import { carefulPercentText, PERCENT_1, percent, twoDecimals } from './number.ts';
import type { StatsRow } from './rows.ts';
import { sizeText } from './size.ts';

type StatsField = Field<StatsRow>;

const NS_PER_MS = 1e6;
const NS_PER_SECOND = 1e9;
const SECTOR = Number(SECTOR_BYTES);

const counterOf = ({ counters }: StatsRow, name: CounterName): bigint => (counters ?? ZERO_COUNTERS)[name];

const counter = (name: CounterName, ...words: FieldWords): StatsField => ({
  ...wordsOf(words),
  group: 'stats',
  align: 'right',
  kind: 'number',
  metric: name === 'inFlight' ? 'gauge' : 'counter',
  madeOf: 'counts',
  value: (row) => counterOf(row, name),
  text: (row) => `${counterOf(row, name)}`,
  json: [{ name: words[0], type: 'integer', value: (row) => counterOf(row, name) }],
});

const nanoseconds = (name: CounterName, ...words: FieldWords): StatsField => ({
  ...counter(name, ...words),
  unit: 'nanoseconds',
  json: [{ name: `${words[0]}_ns`, type: 'integer, nanoseconds', value: (row) => counterOf(row, name) }],
});

const sectors = (name: CounterName, entry: string, ...words: FieldWords): StatsField => ({
  ...counter(name, ...words),
  unit: 'sectors',
  json: [{ name: entry, type: 'integer, bytes', value: (row) => counterOf(row, name) * SECTOR_BYTES }],
});

interface Derived {
  readonly unit?: Unit;
  readonly value: (metrics: Metrics) => number;
  readonly entry?: string;
  readonly type?: string;
  /** The entry's value, where its unit is another than the column's. */
  readonly json?: (metrics: Metrics) => number;
}

const derived = ({ unit, value, entry, type, json = value }: Derived, ...words: FieldWords): StatsField => {
  const number = ({ metrics }: StatsRow): number => (metrics === undefined ? 0 : value(metrics));
  return {
    ...wordsOf(words),
    group: 'stats',
    align: 'right',
    kind: 'number',
    metric: 'gauge',
    madeOf: 'counts',
    ...(unit === undefined ? {} : { unit }),
    value: number,
    text: (row) => twoDecimals(number(row)),
    json: [
      {
        name: entry ?? words[0],
        type: type ?? 'number',
        value: ({ metrics }) => (metrics === undefined ? null : json(metrics)),
      },
    ],
  };
};

const rate = (value: (metrics: Metrics) => number, ...words: FieldWords): StatsField =>
  derived({ value, unit: 'per second', type: 'number, per second' }, ...words);

const milliseconds = (value: (metrics: Metrics) => number, ...words: FieldWords): StatsField =>
  derived(
    {
      unit: 'milliseconds',
      value: (metrics) => value(metrics) / NS_PER_MS,
      entry: `${words[0]}_ns`,
      type: 'number, nanoseconds',
      json: value,
    },
    ...words,
  );

/** A size derived from counters: as text libdevmapper cuts off parts of sectors. */
const sizeRate = (
  entry: string,
  type: string,
  value: (metrics: Metrics) => number,
  ...words: FieldWords
): StatsField => ({
  ...derived({ unit: 'bytes', value: (metrics) => value(metrics) * SECTOR, entry, type }, ...words),
  kind: 'size',
  text: ({ metrics }, { units }) => sizeText(metrics === undefined ? 0 : Math.trunc(value(metrics)), units),
});

/** The histogram of a row, bin by bin. */
export const histogramEntry: JsonEntry<StatsRow> = {
  name: 'histogram',
  type: 'array of {"lower_ns", "upper_ns", "count"}, or null without a histogram',
  value: ({ region, counters }) => {
    if (region.bounds.length === 0) return null;
    return bins(region.bounds, (counters ?? ZERO_COUNTERS).histogram).map(({ lower, upper, count }) => ({
      lower_ns: lower,
      upper_ns: upper ?? null,
      count,
    }));
  },
};

type Bounds = HistogramForm['bounds'];

/** A histogram as text; selections and sorts see it as it is shown without options. */
export const histogram = (
  group: string,
  values: HistogramForm['values'],
  bounds: Bounds,
  json: StatsField['json'],
  ...words: FieldWords
): StatsField => {
  const text = ({ region, counters }: StatsRow, packed: boolean, timeSuffix: boolean): string =>
    histogramText(region.bounds, (counters ?? ZERO_COUNTERS).histogram, { values, bounds, packed, timeSuffix });
  return {
    ...wordsOf(words),
    group,
    align: 'left',
    kind: 'string',
    metric: 'histogram',
    madeOf: 'counts',
    value: (row) => text(row, false, true),
    text: (row, { packed, timeSuffix }) => text(row, packed, timeSuffix),
    json,
  };
};

const counts = (values: 'count' | 'percent', bounds: Bounds, ...words: FieldWords): StatsField =>
  histogram('stats', values, bounds, [histogramEntry], ...words);

const intervalEntry: JsonEntry<StatsRow> = {
  name: 'interval_ns',
  type: 'integer, nanoseconds',
  value: ({ intervalNs, counters }) => (counters === undefined ? null : intervalNs),
};

const interval = (value: (row: StatsRow) => FieldValue, unit: Unit, ...words: FieldWords): StatsField => ({
  ...wordsOf(words),
  group: 'stats',
  align: 'right',
  kind: 'number',
  metric: 'gauge',
  unit,
  value,
  text: (row) => `${value(row)}`,
  json: [intervalEntry],
});

const COUNTS = 'Histogram Counts';
const PERCENT = 'Histogram%';

/** The fields that need counters, in libdevmapper's order. */
export const COUNTER_FIELDS: readonly StatsField[] = [
  counter('reads', 'read_count', '#Reads', 6, 'Reads that were completed.'),
  counter('readsMerged', 'reads_merged_count', '#RdMrgs', 7, 'Reads that continued the one before.'),
  sectors('readSectors', 'read_bytes', 'read_sector_count', '#RdSectors', 10, 'Sectors of 512 bytes read.'),
  nanoseconds('readNs', 'read_time', 'AccRdTime', 11, 'Sum of the durations of all reads (ns).'),
  counter('writes', 'write_count', '#Writes', 7, 'Writes that were completed.'),
  counter('writesMerged', 'writes_merged_count', '#WrMrgs', 7, 'Writes that continued the one before.'),
  sectors('writeSectors', 'write_bytes', 'write_sector_count', '#WrSectors', 10, 'Sectors of 512 bytes written.'),
  nanoseconds('writeNs', 'write_time', 'AccWrTime', 11, 'Sum of the durations of all writes (ns).'),
  counter('inFlight', 'in_progress_count', '#InProg', 7, 'I/Os in flight now.'),
  nanoseconds('ioNs', 'io_ticks', 'IoTicks', 7, 'Time with I/O in flight (ns).'),
  nanoseconds('weightedNs', 'queue_ticks', 'QueueTicks', 10, 'I/Os in flight, summed over time (ns).'),
  nanoseconds('readBusyNs', 'read_ticks', 'RdTicks', 7, 'Time with reads in flight (ns).'),
  nanoseconds('writeBusyNs', 'write_ticks', 'WrTicks', 7, 'Time with writes in flight (ns).'),
  rate((m) => m.readsMergedPerSecond, 'reads_merged_per_sec', 'RMrg/s', 6, 'Merged reads a second.'),
  rate((m) => m.writesMergedPerSecond, 'writes_merged_per_sec', 'WMrg/s', 6, 'Merged writes a second.'),
  rate((m) => m.readsPerSecond, 'reads_per_sec', 'R/s', 3, 'Reads a second.'),
  rate((m) => m.writesPerSecond, 'writes_per_sec', 'W/s', 3, 'Writes a second.'),
  sizeRate(
    'read_bytes_per_sec',
    'number, bytes per second',
    (m) => m.readSectorsPerSecond,
    'read_size_per_sec',
    'RSz/s',
    5,
    'What is read a second.',
  ),
  sizeRate(
    'write_bytes_per_sec',
    'number, bytes per second',
    (m) => m.writeSectorsPerSecond,
    'write_size_per_sec',
    'WSz/s',
    5,
    'What is written a second.',
  ),
  sizeRate(
    'avg_request_size_bytes',
    'number, bytes',
    (m) => m.averageRequestSectors,
    'avg_request_size',
    'AvgRqSz',
    7,
    'The average size of an I/O.',
  ),
  derived({ value: (m) => m.averageQueueSize }, 'queue_size', 'QSize', 5, 'I/Os in flight on average.'),
  milliseconds((m) => m.averageWaitNs, 'await', 'AWait', 5, 'The average duration of an I/O (ms).'),
  milliseconds((m) => m.averageReadWaitNs, 'read_await', 'RdAWait', 7, 'The average duration of a read (ms).'),
  milliseconds((m) => m.averageWriteWaitNs, 'write_await', 'WrAWait', 7, 'The average duration of a write (ms).'),
  rate((m) => m.throughput, 'throughput', 'Throughput', 10, 'I/Os a second.'),
  milliseconds((m) => m.serviceTimeNs, 'service_time', 'SvcTm', 5, 'Busy time an I/O (ms).'),
  {
    ...derived(
      {
        unit: 'percent',
        value: (m) => percent(m.utilization, 1) / PERCENT_1,
        entry: 'util_ratio',
        type: 'number, 0 to 1',
        json: (m) => m.utilization,
      },
      'util',
      'Util%',
      5,
      'The share of time with I/O in flight (%).',
    ),
    text: ({ metrics }) => carefulPercentText(percent(metrics?.utilization ?? 0, 1)),
  },
  counts('count', 'none', 'hist_count', COUNTS, 16, 'I/Os by duration.'),
  counts('count', 'lower', 'hist_count_bounds', COUNTS, 16, 'I/Os by duration, with the bins’ bounds.'),
  counts('count', 'range', 'hist_count_ranges', COUNTS, 16, 'I/Os by duration, with the bins’ ranges.'),
  counts('percent', 'none', 'hist_percent', PERCENT, 10, 'Shares of I/Os by duration.'),
  counts('percent', 'lower', 'hist_percent_bounds', PERCENT, 10, 'Shares by duration, with the bins’ bounds.'),
  counts('percent', 'range', 'hist_percent_ranges', PERCENT, 10, 'Shares by duration, with the bins’ ranges.'),
  interval(
    (row) => row.intervalNs,
    'nanoseconds',
    'interval_ns',
    'IntervalNs',
    10,
    'The time in which was counted (ns).',
  ),
  {
    ...interval(
      (row) => row.intervalNs / NS_PER_SECOND,
      'seconds',
      'interval',
      'Interval',
      8,
      'The time in which was counted (s).',
    ),
    text: (row) => (row.intervalNs / NS_PER_SECOND).toFixed(6),
  },
];
