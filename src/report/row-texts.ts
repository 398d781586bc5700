import { CellRun } from './columns.ts';
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
  readonly runs: readonly CellRun[];
  readonly isIdle: boolean;
}

/**
 * The texts of a report's rows. A repeated report shows the same places each time, and most of them idle: what a field
 * is made of tells which texts are still those of the time before.
 */
export class RowTexts<Row> {
  readonly #runs: readonly FieldRun<Row>[];
  readonly #text: (field: Field<Row>, row: Row) => string;
  readonly #parts: RowParts<Row> | undefined;
  readonly #known = new WeakMap<object, Known>();

  /** @param text a field's text in a row */
  constructor(
    fields: readonly Field<Row>[],
    text: (field: Field<Row>, row: Row) => string,
    parts: RowParts<Row> | undefined,
  ) {
    this.#runs = runsOf(fields);
    this.#text = text;
    this.#parts = parts;
  }

  /** A row's cells. */
  of(row: Row): readonly CellRun[] {
    if (this.#parts === undefined) return this.#runs.map((run) => this.#make(run, row));
    const place = this.#parts.place(row);
    const isIdle = this.#parts.isIdle(row);
    const known = this.#known.get(place);
    const runs = this.#runs.map((run, index) => {
      const isSame = run.madeOf === 'place' || (run.madeOf === 'counts' && isIdle && known?.isIdle === true);
      return (isSame ? known?.runs[index] : undefined) ?? this.#make(run, row);
    });
    this.#known.set(place, { runs, isIdle });
    return runs;
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
