import { UsageError } from '../../mapper/errors.ts';
import { DEVICE_GROUPS } from '../../report/device-fields.ts';
import { isHelp } from '../../report/field-table.ts';
import type { RecordFormat } from '../../report/records.ts';
import { type RecordLayout, Report, type ReportOptions, type TableLayout } from '../../report/report.ts';
import type { ObjectType, Selection, StatsRow } from '../../report/rows.ts';
import { SELECTION_HELP } from '../../report/select.ts';
import { parseUnits } from '../../report/size.ts';
import { FIELD_SETS, RECORD_SETS, STATS_FIELDS } from '../../report/stats-fields.ts';
import type { Options } from '../command-line.ts';
import type { Context } from './context.ts';

/** The groups of fields that need more than a device's statistics. */
export const ABOUT_DEVICES: ReadonlySet<string> = new Set(DEVICE_GROUPS.map(({ prefix }) => prefix));

/**
 * The report that the options ask for.
 *
 * @throws UsageError for fields, keys, selections, units and headings that there are none of
 */
export function reportOf({ options, command }: Context, defaults: string): Report<StatsRow> {
  const isReport = command.name === 'report';
  const reportOptions: ReportOptions = {
    fields: options.text('options'),
    defaults,
    recordDefaults: isReport ? RECORD_SETS.report : RECORD_SETS.list,
    base: isReport ? ['stats', 'region'] : ['region'],
    sort: options.text('sort'),
    select: options.text('select'),
    layout: layoutOf(options, command.name),
  };
  return new Report(STATS_FIELDS, reportOptions);
}

/**
 * What `-o help`, `-O help` and `-S help` show in place of a report.
 *
 * @returns undefined when no help was asked for
 */
export function fieldHelp(options: Options): string | undefined {
  if (isHelp(options.text('select'))) return `${STATS_FIELDS.help({ types: true })}\n${SELECTION_HELP}`;
  if (isHelp(options.text('options')) || isHelp(options.text('sort'))) return STATS_FIELDS.help();
  return undefined;
}

/** The format of records that the options ask for; undefined for text. @throws UsageError for two of them */
export function recordFormat(options: Options): RecordFormat | undefined {
  const asked = (['json', 'json-lines', 'csv'] as const).filter((format) => options.has(format));
  if (asked.length > 1) throw new UsageError('Please specify one of --json, --json-lines and --csv.');
  return asked[0];
}

const TABLE_ONLY = ['headings', 'separator', 'rows', 'nameprefixes', 'unquoted', 'units'] as const;

function layoutOf(options: Options, command: string): TableLayout | RecordLayout {
  const format = recordFormat(options);
  if (format === undefined) return tableLayout(options);
  const unfit = [...TABLE_ONLY, 'noheadings'].find((name) => options.has(name));
  if (unfit !== undefined) throw new UsageError(`Cannot use --${unfit} with --${format}: it is for tables.`);
  return { format, command };
}

function tableLayout(options: Options): TableLayout {
  const headings = options.text('headings');
  const isBare = options.has('noheadings');
  if (headings !== undefined && isBare) throw new UsageError('Only one of --headings and --noheadings permitted.');
  const kind = HEADINGS.get(isBare ? 'none' : (headings ?? 'abbrev').toLowerCase());
  if (kind === undefined) throw new UsageError(`Unknown headings type "${headings}": none, abbrev or full`);
  const prefixes = options.has('unquoted') ? 'unquoted' : 'quoted';
  return {
    format: 'table',
    headings: kind,
    separator: options.text('separator') ?? (isBare ? ':' : undefined),
    transposed: options.has('rows'),
    prefixes: options.has('nameprefixes') ? prefixes : 'none',
    form: {
      units: parseUnits(options.text('units') ?? 'h'),
      packed: isBare,
      timeSuffix: !options.has('notimesuffix'),
    },
  };
}

const HEADINGS: ReadonlyMap<string, TableLayout['headings']> = new Map([
  ['none', 'none'],
  ['0', 'none'],
  ['abbrev', 'abbrev'],
  ['1', 'abbrev'],
  ['full', 'full'],
  ['2', 'full'],
]);

/** The field set of `list`. */
export function listFields(options: Options): string {
  if (options.has('histogram')) {
    return options.has('verbose') ? FIELD_SETS.listHistogramVerbose : FIELD_SETS.listHistogram;
  }
  return options.has('verbose') ? FIELD_SETS.listVerbose : FIELD_SETS.list;
}

/** The field set of `report`. */
export function reportFields(options: Options): string {
  if (options.has('histogram')) {
    return options.has('relative') ? FIELD_SETS.reportHistogramRelative : FIELD_SETS.reportHistogram;
  }
  return options.has('raw') ? FIELD_SETS.reportRaw : FIELD_SETS.report;
}

const TYPES: readonly ObjectType[] = ['area', 'region', 'group'];

/** Which objects are shown: those asked for; else all in reports and with `-v`, regions and groups in lists. */
export function selectionOf(context: Context): Selection {
  const { options, command } = context;
  const regionId = options.integer('regionid');
  if (regionId !== undefined && options.has('allregions')) {
    throw new UsageError('Please supply one of --allregions and --regionid');
  }
  const asked = TYPES.filter((type) => options.has(type));
  const isReport = command.name === 'report';
  if (!isReport && options.has('verbose')) return { types: new Set(TYPES), skipSingleArea: true, regionId };
  if (asked.length > 0) return { types: new Set(asked), skipSingleArea: false, regionId };
  if (isReport) return { types: new Set(TYPES), skipSingleArea: true, regionId };
  return { types: new Set<ObjectType>(['region', 'group']), skipSingleArea: false, regionId };
}

/** The program whose regions are shown; undefined for all, which an empty id means here too, as for the C tool. */
export function shownProgram({ programId }: Context): string | undefined {
  return programId === '' ? undefined : programId;
}
