import { isPlain, visible } from './visible.ts';

/** A column of a table. */
export interface Column {
  readonly heading: string;
  /** Least width; it grows with the heading and the cells. */
  readonly width: number;
  readonly align: 'left' | 'right';
}

/** How a table is written. */
export interface TableForm {
  readonly headings: boolean;
  /** Between cells; columns are aligned when undefined. */
  readonly separator: string | undefined;
  /** A line for each column in place of one for each row; never aligned. */
  readonly transposed?: boolean;
}

/** Cells side by side in one row, and their line as long as the columns keep their widths. */
export class CellRun {
  /** The column of the first one. */
  readonly first: number;
  readonly cells: readonly string[];
  /** How wide each is; undefined when each is as wide as it is long. */
  readonly widths: readonly number[] | undefined;
  line = '';
  /** For which widths of the writer's `line` is; 0 when it was never written. */
  epoch = 0;

  /** @param isPlain known to be printable ASCII */
  constructor(first: number, cells: readonly string[], isPlain = isPlainRow(cells)) {
    this.first = first;
    this.cells = isPlain ? cells : cells.map(visible);
    this.widths = isPlain ? undefined : this.cells.map(widthOf);
  }
}

/** A row of a table, of runs that may be those of a row before. */
export class TableRow {
  readonly runs: readonly CellRun[];
  /** As a run's. */
  line = '';
  epoch = 0;

  constructor(runs: readonly CellRun[]) {
    this.runs = runs;
  }
}

/**
 * Tables as libdevmapper's reports write them: headings to the left, numbers to the right, every cell padded, the last
 * one too. A repeated report keeps the widths that its columns have grown to.
 */
export class TableWriter {
  readonly #columns: readonly Column[];
  readonly #form: TableForm;
  readonly #widths: number[];
  #epoch = 1;

  constructor(columns: readonly Column[], form: TableForm) {
    this.#columns = columns;
    this.#form = form;
    this.#widths = columns.map((column) => Math.max(column.width, column.heading.length));
  }

  /** The table as text; empty without rows. */
  write(rows: readonly (readonly string[])[]): string {
    return this.writeRows(rows.map((cells) => new TableRow([new CellRun(0, cells)])));
  }

  /** As `write`; rows and runs may be those of the table before. */
  writeRows(rows: readonly TableRow[]): string {
    if (rows.length === 0) return '';
    const { headings, separator, transposed = false } = this.#form;
    const names = this.#columns.map((column) => column.heading);
    if (transposed || separator !== undefined) {
      const shown = rows.map(({ runs }) => runs.flatMap(({ cells }) => cells));
      const lines = transposed
        ? names.map((name, index) => [...(headings ? [name] : []), ...shown.map((cells) => cells[index] ?? '')])
        : [...(headings ? [names] : []), ...shown];
      return `${lines.map((line) => line.join(separator ?? ' ')).join('\n')}\n`;
    }
    for (const { runs } of rows) for (const run of runs) if (run.epoch === 0) this.#makeRoom(run);
    const lines = rows.map((row) => this.#rowLine(row));
    if (headings) lines.unshift(this.#line(new CellRun(0, names), true));
    lines.push('');
    return lines.join('\n');
  }

  #rowLine(row: TableRow): string {
    if (row.epoch === this.#epoch) return row.line;
    row.line = row.runs.map((run) => this.#runLine(run)).join(' ');
    row.epoch = this.#epoch;
    return row.line;
  }

  #runLine(run: CellRun): string {
    if (run.epoch === this.#epoch) return run.line;
    run.line = this.#line(run, false);
    run.epoch = this.#epoch;
    return run.line;
  }

  #makeRoom({ first, cells, widths }: CellRun): void {
    for (let index = 0; index < cells.length; index++) {
      const width = widths?.[index] ?? cells[index]?.length ?? 0;
      if (width <= (this.#widths[first + index] ?? 0)) continue;
      this.#widths[first + index] = width;
      this.#epoch += 1;
    }
  }

  /** Joined, because a text of added pieces is put together anew each time it is written. */
  #line({ first, cells, widths }: CellRun, isHeading: boolean): string {
    const padded = cells.map((cell, index) => {
      const column = first + index;
      const padding = blanks((this.#widths[column] ?? 0) - (widths?.[index] ?? cell.length));
      const isRight = !isHeading && this.#columns[column]?.align === 'right';
      return isRight ? padding + cell : cell + padding;
    });
    return padded.join(' ');
  }
}

const PADDINGS = Array.from({ length: 64 }, (_, length) => ' '.repeat(length));

function blanks(count: number): string {
  return PADDINGS[count] ?? ' '.repeat(Math.max(0, count));
}

/** One look at a whole row: nearly all are plain. */
function isPlainRow(row: readonly string[]): boolean {
  return isPlain(row.join(''));
}

/** Characters, where libdevmapper counts bytes and loses its alignment with letters beyond ASCII. */
function widthOf(text: string): number {
  if (isPlain(text)) return text.length;
  let width = 0;
  for (const _ of text) width++;
  return width;
}
