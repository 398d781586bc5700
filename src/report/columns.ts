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
    const cells = rows.map((row) => (isPlain(row.join('')) ? row : row.map(visible)));
    const names = this.#columns.map((column) => column.heading);
    if (transposed) {
      const lines = names.map((name, index) => [...(headings ? [name] : []), ...cells.map((row) => row[index] ?? '')]);
      return `${lines.map((line) => line.join(separator ?? ' ')).join('\n')}\n`;
    }
    if (separator !== undefined) {
      return `${[...(headings ? [names] : []), ...cells].map((line) => line.join(separator)).join('\n')}\n`;
    }
    const widths = cells.map(widthsOf);
    for (const row of widths) {
      for (let index = 0; index < row.length; index++) {
        this.#widths[index] = Math.max(this.#widths[index] ?? 0, row[index] ?? 0);
      }
    }
    const lines = cells.map((row, index) => this.#line(row, widths[index] ?? [], false));
    if (headings) lines.unshift(this.#line(names, widthsOf(names), true));
    return `${lines.join('\n')}\n`;
  }

  #line(cells: readonly string[], widths: readonly number[], isHeading: boolean): string {
    const padded = cells.map((cell, index) => {
      const padding = ' '.repeat(Math.max(0, (this.#widths[index] ?? 0) - (widths[index] ?? 0)));
      const isRight = !isHeading && this.#columns[index]?.align === 'right';
      return isRight ? padding + cell : cell + padding;
    });
    return padded.join(' ');
  }
}

function widthsOf(cells: readonly string[]): number[] {
  // One look at a whole row: nearly all are plain.
  return isPlain(cells.join('')) ? cells.map((cell) => cell.length) : cells.map(widthOf);
}

/** Characters, where libdevmapper counts bytes and loses its alignment with letters beyond ASCII. */
function widthOf(text: string): number {
  if (isPlain(text)) return text.length;
  let width = 0;
  for (const _ of text) width++;
  return width;
}
