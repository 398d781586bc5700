import { UsageError } from '../../mapper/errors.ts';
import { type TableForm, TableWriter } from '../../report/columns.ts';
import { columnOf, FIELD_SETS, parseFields } from '../../report/field-sets.ts';
import { type Field, fieldText, type ValueForm } from '../../report/fields.ts';
import type { ObjectType, Selection, StatsRow } from '../../report/rows.ts';
import { parseUnits } from '../../report/size.ts';
import type { Context } from './context.ts';
import type { Options } from './parse.ts';

/** Writes the rows of lists and reports as the options ask; a repeated report keeps its columns' widths. */
export class RowWriter {
  readonly fields: readonly Field[];
  readonly #form: ValueForm;
  readonly #table: TableWriter;

  /** @throws UsageError for fields, units and headings that there are none of */
  constructor(options: Options, defaults: string) {
    const wanted = options.text('options');
    this.fields = parseFields(wanted?.startsWith('+') ? `${defaults},${wanted.slice(1)}` : (wanted ?? defaults));
    const isFull = /^(full|2)$/i.test(options.text('headings') ?? '');
    const columns = this.fields.map((field) => ({ ...columnOf(field), ...(isFull ? { heading: field.id } : {}) }));
    this.#table = new TableWriter(columns, tableForm(options));
    this.#form = {
      units: parseUnits(options.text('units') ?? 'h'),
      packed: options.has('noheadings'),
      timeSuffix: !options.has('notimesuffix'),
    };
  }

  /** The rows as text. */
  write(rows: readonly StatsRow[]): string {
    return this.#table.write(rows.map((row) => this.fields.map((field) => fieldText(field, row, this.#form))));
  }
}

function tableForm(options: Options): TableForm {
  const headings = options.text('headings');
  const separator = options.text('separator');
  if (headings !== undefined && options.has('noheadings')) {
    throw new UsageError('Only one of --headings and --noheadings permitted.');
  }
  if (headings !== undefined && !/^(none|abbrev|full|[012])$/i.test(headings)) {
    throw new UsageError(`Unknown headings type "${headings}": none, abbrev or full`);
  }
  if (options.has('noheadings')) return { headings: false, separator: separator ?? ':' };
  return { headings: !/^(none|0)$/i.test(headings ?? ''), separator };
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
