import type { FieldValue } from './field.ts';
import type { SortKey } from './field-table.ts';

/** Rows in the order of the keys; equal ones stay in theirs. Rows without a value come last, first when descending. */
export function sortRows<Row>(rows: readonly Row[], keys: readonly SortKey<Row>[]): readonly Row[] {
  if (keys.length === 0) return rows;
  const keyed = rows.map((row) => ({ row, values: keys.map(({ field }) => field.value(row)) }));
  keyed.sort((a, b) => {
    for (const [index, { descending }] of keys.entries()) {
      const order = compareValues(a.values[index], b.values[index]);
      if (order !== 0) return descending ? -order : order;
    }
    return 0;
  });
  return keyed.map(({ row }) => row);
}

/** Negative, 0 or positive as `a` comes before, with or after `b`. */
export function compareValues(a: FieldValue, b: FieldValue): number {
  if (a === undefined || b === undefined) return Number(a === undefined) - Number(b === undefined);
  const [left, right] = [comparable(a), comparable(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}

function comparable(value: Exclude<FieldValue, undefined>): bigint | number | string {
  return typeof value === 'object' ? value.join() : value;
}
