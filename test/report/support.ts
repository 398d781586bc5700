/** A report on things that are no device-mapper's: the engine knows nothing of its rows. */
import type { Field, FieldKind, FieldValue } from '../../src/report/field.ts';
import { plainText } from '../../src/report/field-builders.ts';
import { FieldTable } from '../../src/report/field-table.ts';

export interface Fruit {
  readonly name: string;
  readonly count: bigint | undefined;
  readonly price: number;
  readonly bytes: bigint;
  readonly tags: readonly string[];
}

const field = (id: string, kind: FieldKind, value: (row: Fruit) => FieldValue, unit?: 'percent'): Field<Fruit> => ({
  id,
  heading: id.toUpperCase(),
  width: 2,
  align: kind === 'number' || kind === 'size' ? 'right' : 'left',
  kind,
  group: 'fruit',
  help: `The ${id}.`,
  metric: 'label',
  ...(unit === undefined ? {} : { unit }),
  value,
  text: (row) => plainText(value(row)),
  json: [{ name: id, type: kind, value: (row) => value(row) ?? null }],
});

export const FRUITS: FieldTable<Fruit> = new FieldTable(
  [
    { prefix: 'fruit', title: 'Fruit' },
    { prefix: 'special', title: 'Special' },
  ],
  [
    field('name', 'string', (row) => row.name),
    field('count', 'number', (row) => row.count),
    field('price', 'number', (row) => row.price, 'percent'),
    field('bytes', 'size', (row) => row.bytes),
    field('tags', 'list', (row) => row.tags),
    { ...field('selected', 'number', () => 1), group: 'special' },
  ],
  'fruit help',
);
