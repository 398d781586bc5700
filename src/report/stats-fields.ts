import { isIdle } from '../stats/counters.ts';
import { COUNTER_FIELDS } from './counter-fields.ts';
import { COVERAGE_FIELDS } from './coverage-fields.ts';
import { DEVICE_GROUPS, deviceFields } from './device-fields.ts';
import type { Field } from './field.ts';
import { numberField, selectedField, withParts } from './field-builders.ts';
import { FieldTable } from './field-table.ts';
import { LATENCY_FIELDS } from './latency-fields.ts';
import { REGION_FIELDS } from './region-fields.ts';
import { factsOf, type StatsRow } from './rows.ts';

const cleared: Field<StatsRow> = withParts(
  numberField<StatsRow>(
    'special',
    (row) => (row.wasCleared ? 1 : 0),
    'cleared',
    'Cleared',
    7,
    '1 when somebody cleared the counters in the interval: it shows what came after.',
  ),
  { json: [{ name: 'cleared', type: 'boolean', value: (row) => row.wasCleared }] },
);

/** All fields of the rows of dmstats. */
export const STATS_FIELDS: FieldTable<StatsRow> = new FieldTable(
  [
    ...DEVICE_GROUPS,
    { prefix: 'stats', title: 'Statistics Fields' },
    { prefix: 'latency', title: 'Latency Percentile Fields' },
    { prefix: 'region', title: 'Region Fields' },
    { prefix: 'coverage', title: 'Coverage Fields' },
    { prefix: 'special', title: 'Special Fields' },
  ],
  [
    ...deviceFields(factsOf),
    ...COUNTER_FIELDS,
    ...LATENCY_FIELDS,
    ...REGION_FIELDS,
    ...COVERAGE_FIELDS,
    selectedField(),
    cleared,
  ],
  'dmstats help --columns',
  {
    place: ({ place }) => place,
    isIdle: ({ counters }) => counters !== undefined && isIdle(counters),
  },
);

const OBJECT = 'stats_name,group_id,region_id,obj_type';
const REGION = `${OBJECT},region_start,region_len,area_count,area_len`;
const AREA = `${OBJECT},region_start,region_len,area_count,area_id,area_start,area_len`;
const RATES =
  'reads_merged_per_sec,writes_merged_per_sec,reads_per_sec,writes_per_sec,read_size_per_sec,write_size_per_sec,' +
  'avg_request_size,queue_size,util,await,read_await,write_await';
const COUNTERS =
  'read_count,reads_merged_count,read_sector_count,read_time,read_ticks,' +
  'write_count,writes_merged_count,write_sector_count,write_time,write_ticks,' +
  'in_progress_count,io_ticks,queue_ticks';

/** What `list -v` shows besides, where a group has something of it, which the C tool's groups never have. */
export const CARRIED_SET = 'carried,missed,error,error_ios';

/** The fields that reports show when none are asked for, as the C tool's. */
export const FIELD_SETS = {
  list: `${REGION},program_id`,
  listVerbose: `${AREA},program_id`,
  listHistogram: `${REGION},hist_bins,hist_bounds`,
  listHistogramVerbose: `${AREA},hist_bins,hist_bounds`,
  report: `${OBJECT},area_id,area_start,area_len,${RATES}`,
  reportRaw: `${OBJECT},area_id,area_start,area_len,${COUNTERS}`,
  reportHistogram: `${REGION},util,await,hist_count_bounds`,
  reportHistogramRelative: `${REGION},util,await,hist_percent_bounds`,
} as const;

/** The fields of records when none are asked for: all that the command knows without asking more. */
export const RECORD_SETS = {
  list: 'stats_name,region_all,missed,error,error_ios,carried',
  report: 'stats_name,region_all,stats_all,latency_all,coverage_all,cleared',
  print: `${OBJECT},area_id,area_start,area_len,${COUNTERS},hist_count`,
} as const;
