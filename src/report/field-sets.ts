import { UsageError } from '../mapper/errors.ts';
import type { Column } from './columns.ts';
import { FIELDS, type Field } from './fields.ts';

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

const plain = (word: string): string => word.toLowerCase().replaceAll('_', '');

function fieldsNamed(word: string): readonly Field[] {
  const name = plain(word);
  if (name === 'all') return FIELDS;
  if (name === 'statsall' || name === 'regionall') return FIELDS.filter(({ set }) => `${set}all` === name);
  const exact = FIELDS.find(({ id }) => plain(id) === name);
  // The prefix of a field's set may be there or not, as in libdevmapper.
  const found = exact ?? FIELDS.find(({ id, set }) => plain(id) === `${set}${name}` || `${set}${plain(id)}` === name);
  if (found === undefined) throw new UsageError(`Unrecognised field: ${word}; "dmstats help --columns" lists them`);
  return [found];
}

/**
 * Finds the fields of a comma-separated list; case and underscores do not matter, `all` and `stats_all` are sets.
 *
 * @throws UsageError naming the field that is none
 */
export function parseFields(text: string): Field[] {
  return text.split(',').flatMap(fieldsNamed);
}

/** A field's column. */
export function columnOf(field: Field): Column {
  return { heading: field.heading, width: field.width, align: field.type === 'string' ? 'left' : 'right' };
}

/** The fields as a table for people. */
export function fieldHelp(): string {
  const width = Math.max(...FIELDS.map(({ id }) => id.length));
  return FIELDS.map(({ id, help }) => `  ${id.padEnd(width)} - ${help}\n`).join('');
}
