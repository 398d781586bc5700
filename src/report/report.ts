import { TableWriter } from './columns.ts';
import type { Field, JsonEntry, RowParts, ValueForm } from './field.ts';
import type { FieldTable, SortKey } from './field-table.ts';
import type { JsonValue } from './json.ts';
import { type RecordFormat, RecordWriter, type Stamp } from './records.ts';
import { RowTexts } from './row-texts.ts';
import { type Criteria, parseSelection } from './select.ts';
import { sortRows } from './sort.ts';

/** A table for people and shell scripts. */
export interface TableLayout {
  readonly format: 'table';
  readonly headings: 'none' | 'abbrev' | 'full';
  /** Between cells; aligned columns when undefined. */
  readonly separator?: string | undefined;
  /** A line for each field in place of one for each row. */
  readonly transposed: boolean;
  /** `DM_FIELD='value'` in place of the value alone. */
  readonly prefixes: 'none' | 'quoted' | 'unquoted';
  readonly form: ValueForm;
}

/** Records for programs: the values themselves, named and in SI units. */
export interface RecordLayout {
  readonly format: RecordFormat;
  /** The command that reports. */
  readonly command: string;
}

/** What a report shows, and how. */
export interface ReportOptions {
  /** The fields that are asked for; `+` before them adds them to the default. */
  readonly fields?: string | undefined;
  /** The fields of a table when none are asked for. */
  readonly defaults: string;
  /** The fields of records when none are asked for. */
  readonly recordDefaults: string;
  /** The groups of fields that `all` means. */
  readonly base: readonly string[];
  readonly sort?: string | undefined;
  readonly select?: string | undefined;
  readonly layout: TableLayout | RecordLayout;
}

/** The work of libdevmapper's `dm_report` on rows of any type: fields, selection, order, and their writing. */
export class Report<Row> {
  readonly fields: readonly Field<Row>[];
  readonly #keys: readonly SortKey<Row>[];
  readonly #criteria: Criteria<Row>;
  readonly #writer: (rows: readonly Row[], stamp: Stamp | undefined) => string;
  readonly #end: (isDone: boolean) => string;

  /** @throws UsageError for fields, keys and selections that cannot be read */
  constructor(table: FieldTable<Row>, options: ReportOptions) {
    const { layout, fields: asked, base } = options;
    const defaults = layout.format === 'table' ? options.defaults : options.recordDefaults;
    const list = asked?.startsWith('+') ? `${defaults},${asked.slice(1)}` : (asked ?? defaults);
    this.#criteria = parseSelection(options.select ?? '', table);
    const { selects } = this.#criteria;
    const own = (field: Field<Row>): Field<Row> => (field.id === 'selected' ? withResult(field, selects) : field);
    this.#keys = table.parseSort(options.sort ?? '').map((key) => ({ ...key, field: own(key.field) }));
    this.fields = table.parse(list, base).map(own);
    if (layout.format === 'table') {
      const write = tableWriter(this.fields, layout, table.parts);
      let isFirst = true;
      this.#writer = (rows) => {
        const blank = isFirst ? '' : '\n';
        isFirst = false;
        return blank + write(rows);
      };
      this.#end = () => '';
    } else {
      const entries = entriesOf(this.fields);
      const names = entries.map(({ name }) => name);
      const records = new RecordWriter(layout.format, layout.command, names);
      const valuesOf = (row: Row): JsonValue[] => entries.map(({ value }) => value(row));
      this.#writer = (rows, stamp) => records.write(rows.map(valuesOf), stamp);
      this.#end = (isDone) => records.end(isDone);
    }
  }

  /** Whether a field of one of these groups is shown, or decides on what is shown. */
  uses(groups: ReadonlySet<string>): boolean {
    const fields = [...this.fields, ...this.#criteria.fields, ...this.#keys.map(({ field }) => field)];
    return fields.some(({ group }) => groups.has(group));
  }

  /** The rows as text: those that are selected, sorted. @param stamp when they were read, in a repeated report */
  write(rows: readonly Row[], stamp?: Stamp): string {
    const showsResult = this.fields.some(({ id }) => id === 'selected');
    const shown = showsResult ? rows : rows.filter((row) => this.#criteria.selects(row));
    return this.#writer(sortRows(shown, this.#keys), stamp);
  }

  /** What stands behind the last rows. @param isDone false when the command failed */
  end(isDone = true): string {
    return this.#end(isDone);
  }
}

/** The field `selected` with the result of this report's selection, and all rows shown. */
function withResult<Row>(field: Field<Row>, selects: (row: Row) => boolean): Field<Row> {
  const value = (row: Row): number => (selects(row) ? 1 : 0);
  return {
    ...field,
    value,
    text: (row) => `${value(row)}`,
    json: field.json.map((entry) => ({ ...entry, value: selects })),
  };
}

function tableWriter<Row>(
  fields: readonly Field<Row>[],
  layout: TableLayout,
  parts: RowParts<Row> | undefined,
): (rows: readonly Row[]) => string {
  const { headings, transposed, prefixes, form } = layout;
  // Named values are words for a shell: padding would stand between them.
  const separator = layout.separator ?? (transposed || prefixes !== 'none' ? ' ' : undefined);
  const columns = fields.map(({ id, heading, width, align }) => ({
    heading: headings === 'full' ? id : heading,
    width,
    align,
  }));
  const table = new TableWriter(columns, { headings: headings !== 'none', separator, transposed });
  const cell = (field: Field<Row>, row: Row): string => {
    const text = field.text(row, form);
    if (prefixes === 'none') return text;
    const name = `DM_${field.id.toUpperCase()}`;
    // A quote in the text would end the shell's word, and what follows could be a command.
    return prefixes === 'unquoted' ? `${name}=${text}` : `${name}='${text.replaceAll("'", "'\\''")}'`;
  };
  const texts = new RowTexts(fields, cell, parts);
  return (rows) => table.writeRows(rows.map((row) => texts.of(row)));
}

/** Fields that show the same fact share its entry: it is written once. */
function entriesOf<Row>(fields: readonly Field<Row>[]): JsonEntry<Row>[] {
  const entries = new Map<string, JsonEntry<Row>>();
  for (const entry of fields.flatMap(({ json }) => json)) {
    if (!entries.has(entry.name)) entries.set(entry.name, entry);
  }
  return [...entries.values()];
}
