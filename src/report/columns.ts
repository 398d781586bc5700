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
    const cells = rows.map((row) => row.map(visible));
    const names = this.#columns.map((column) => column.heading);
    if (transposed) {
      const lines = names.map((name, index) => [...(headings ? [name] : []), ...cells.map((row) => row[index] ?? '')]);
      return `${lines.map((line) => line.join(separator ?? ' ')).join('\n')}\n`;
    }
    for (const row of cells) {
      for (const [index, cell] of row.entries()) {
        this.#widths[index] = Math.max(this.#widths[index] ?? 0, widthOf(cell));
      }
    }
    const lines = cells.map((row) => this.#line(row, (index) => this.#columns[index]?.align ?? 'left'));
    if (headings) lines.unshift(this.#line(names, () => 'left'));
    return `${lines.join('\n')}\n`;
  }

  #line(cells: readonly string[], align: (index: number) => 'left' | 'right'): string {
    if (this.#form.separator !== undefined) return cells.join(this.#form.separator);
    const padded = cells.map((cell, index) => {
      const padding = ' '.repeat(Math.max(0, (this.#widths[index] ?? 0) - widthOf(cell)));
      return align(index) === 'right' ? padding + cell : cell + padding;
    });
    return padded.join(' ');
  }
}

/** Characters, where libdevmapper counts bytes and loses its alignment with letters beyond ASCII. */
function widthOf(text: string): number {
  if (isPlain(text)) return text.length;
  let width = 0;
  for (const _ of text) width++;
  return width;
}
