import { UsageError } from '../../mapper/errors.ts';
import { DEVICE_GROUPS } from '../../report/device-fields.ts';
import { isHelp } from '../../report/field-table.ts';
import { Report, type ReportOptions } from '../../report/report.ts';
import type { ObjectType, Selection, StatsRow } from '../../report/rows.ts';
import { SELECTION_HELP } from '../../report/select.ts';
import { FIELD_SETS, RECORD_SETS, STATS_FIELDS } from '../../report/stats-fields.ts';
import type { Options } from '../command-line.ts';
import { layoutOf } from '../report-layout.ts';
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
