import { UsageError } from '../mapper/errors.ts';
import type { RecordFormat } from '../report/records.ts';
import type { RecordLayout, TableLayout } from '../report/report.ts';
import { parseUnits } from '../report/size.ts';
import type { Options } from './command-line.ts';

/** The format of records that the options ask for; undefined for text. @throws UsageError for two of them */
export function recordFormat(options: Options): RecordFormat | undefined {
  const asked = (['json', 'json-lines', 'csv'] as const).filter((format) => options.has(format));
  if (asked.length > 1) throw new UsageError('Please specify one of --json, --json-lines and --csv.');
  return asked[0];
}

const TABLE_ONLY = ['headings', 'separator', 'rows', 'nameprefixes', 'unquoted', 'units'] as const;

/** How the options want a report written. @throws UsageError for options that exclude each other */
export function layoutOf(options: Options, command: string): TableLayout | RecordLayout {
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
