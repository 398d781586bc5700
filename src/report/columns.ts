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

/**
 * Tables as libdevmapper's reports write them: headings to the left, numbers to the right, every cell padded, the last
 * one too. A repeated report keeps the widths that its columns have grown to.
 */
export class TableWriter {
  readonly #columns: readonly Column[];
  readonly #form: TableForm;
  readonly #widths: number[];

  constructor(columns: readonly Column[], form: TableForm) {
    this.#columns = columns;
    this.#form = form;
    this.#widths = columns.map((column) => Math.max(column.width, column.heading.length));
  }

  /** The table as text; empty without rows. */
  write(rows: readonly (readonly string[])[]): string {
    if (rows.length === 0) return '';
    const { headings, separator, transposed = false } = this.#form;
    const shown = rows.map(shownRow);
    const names = this.#columns.map((column) => column.heading);
    if (transposed) {
      const lines = names.map((name, index) => [
        ...(headings ? [name] : []),
        ...shown.map(({ cells }) => cells[index] ?? ''),
      ]);
      return `${lines.map((line) => line.join(separator ?? ' ')).join('\n')}\n`;
    }
    if (separator !== undefined) {
      return `${[...(headings ? [names] : []), ...shown.map(({ cells }) => cells)].map((line) => line.join(separator)).join('\n')}\n`;
    }
    for (const { widths } of shown) {
      for (let index = 0; index < widths.length; index++) {
        this.#widths[index] = Math.max(this.#widths[index] ?? 0, widths[index] ?? 0);
      }
    }
    const lines = shown.map((row) => this.#line(row, false));
    if (headings) lines.unshift(this.#line(shownRow(names), true));
    return `${lines.join('\n')}\n`;
  }

  #line({ cells, widths }: ShownRow, isHeading: boolean): string {
    let line = '';
    for (let index = 0; index < cells.length; index++) {
      const cell = cells[index] ?? '';
      const padding = ' '.repeat(Math.max(0, (this.#widths[index] ?? 0) - (widths[index] ?? 0)));
      const isRight = !isHeading && this.#columns[index]?.align === 'right';
      line += (index === 0 ? '' : ' ') + (isRight ? padding + cell : cell + padding);
    }
    return line;
  }
}

/** A row's texts as they are shown, and how wide each is. */
interface ShownRow {
  readonly cells: readonly string[];
  readonly widths: readonly number[];
}

function shownRow(row: readonly string[]): ShownRow {
  // One look at a whole row: nearly all are plain.
  if (isPlain(row.join(''))) return { cells: row, widths: row.map((cell) => cell.length) };
  const cells = row.map(visible);
  return { cells, widths: cells.map(widthOf) };
}

/** Characters, where libdevmapper counts bytes and loses its alignment with letters beyond ASCII. */
function widthOf(text: string): number {
  if (isPlain(text)) return text.length;
  let width = 0;
  for (const _ of text) width++;
  return width;
}
