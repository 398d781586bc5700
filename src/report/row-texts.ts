import { CellRun, TableRow } from './columns.ts';
import type { Field, RowParts } from './field.ts';

/** Fields side by side that are made of the same. */
interface FieldRun<Row> {
  readonly madeOf: Field<Row>['madeOf'];
  readonly first: number;
  readonly fields: Field<Row>[];
  /** Numbers and sizes are our own printable ASCII, text may be anybody's. */
  isPlain: boolean;
}

interface Known {
  shown: TableRow;
  isIdle: boolean;
}

/**
 * The texts of a report's rows. A repeated report shows the same places each time, and most of them idle: what a field
 * is made of tells which texts are still those of the time before.
 */
export class RowTexts<Row> {
  readonly #runs: readonly FieldRun<Row>[];
  readonly #text: (field: Field<Row>, row: Row) => string;
  readonly #parts: RowParts<Row> | undefined;
  /** Whether all texts of an idle row are those of the time before. */
  readonly #isAllStill: boolean;
  readonly #known = new WeakMap<object, Known>();

  /** @param text a field's text in a row */
  constructor(
    fields: readonly Field<Row>[],
    text: (field: Field<Row>, row: Row) => string,
    parts: RowParts<Row> | undefined,
  ) {
    this.#runs = runsOf(fields);
    this.#isAllStill = fields.every(({ madeOf }) => madeOf !== undefined);
    this.#text = text;
    this.#parts = parts;
  }

  /** A row as a table has it: the same one as before when none of its texts can be another. */
  of(row: Row): TableRow {
    if (this.#parts === undefined) return new TableRow(this.#runs.map((run) => this.#make(run, row)));
    const place = this.#parts.place(row);
    const known = this.#known.get(place);
    const isIdle = this.#parts.isIdle(row);
    const isStill = isIdle && known?.isIdle === true;
    if (isStill && this.#isAllStill) return known.shown;
    const runs = this.#runs.map((run, index) => {
      const isSame = run.madeOf === 'place' || (run.madeOf === 'counts' && isStill);
      return (isSame ? known?.shown.runs[index] : undefined) ?? this.#make(run, row);
    });
    const shown = new TableRow(runs);
    if (known === undefined) this.#known.set(place, { shown, isIdle });
    else {
      known.shown = shown;
      known.isIdle = isIdle;
    }
    return shown;
  }

  #make({ first, fields, isPlain }: FieldRun<Row>, row: Row): CellRun {
    return new CellRun(
      first,
      fields.map((field) => this.#text(field, row)),
      isPlain,
    );
  }
}

function runsOf<Row>(fields: readonly Field<Row>[]): FieldRun<Row>[] {
  const runs: FieldRun<Row>[] = [];
  for (const [first, field] of fields.entries()) {
    const isPlain = field.kind === 'number' || field.kind === 'size';
    const last = runs.at(-1);
    if (last === undefined || last.madeOf !== field.madeOf) {
      runs.push({ madeOf: field.madeOf, first, fields: [field], isPlain });
      continue;
    }
    last.fields.push(field);
    last.isPlain &&= isPlain;
  }
  return runs;
}
