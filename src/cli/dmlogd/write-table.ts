import { TableWriter } from '../../report/columns.ts';
import type { Output } from '../context.ts';

/** A column's heading, and how its cells are aligned. */
export type Heading = readonly [heading: string, align: 'left' | 'right'];

/** Writes rows below their headings, or the line that says that there are none. */
export function writeTable(
  stdout: Output,
  headings: readonly Heading[],
  rows: readonly (readonly string[])[],
  none: string,
): void {
  const columns = headings.map(([heading, align]) => ({ heading, width: 0, align }));
  const table = new TableWriter(columns, { headings: true, separator: undefined }).write(rows);
  stdout.write(rows.length === 0 ? `${none}\n` : table);
}
