import type { Field, FieldValue, MetricKind, ValueForm } from './field.ts';
import type { JsonValue } from './json.ts';

/** A field's name, heading, least width and help. */
export type FieldWords = readonly [id: string, heading: string, width: number, help: string];

type FieldBase = Pick<Field<unknown>, 'id' | 'heading' | 'width' | 'help'>;

/** The parts of a field that are words. */
export function wordsOf([id, heading, width, help]: FieldWords): FieldBase {
  return { id, heading, width, help };
}

/** A value as its own text; `-` where there is none. */
export function plainText(value: FieldValue): string {
  if (value === undefined) return '-';
  return typeof value === 'object' ? value.join() : `${value}`;
}

/** A value as JSON has it. */
export function plainJson(value: FieldValue): JsonValue {
  return value ?? null;
}

/** A field of text. */
export function textField<Row>(
  group: string,
  value: (row: Row) => string | undefined,
  ...words: FieldWords
): Field<Row> {
  return {
    ...wordsOf(words),
    group,
    align: 'left',
    kind: 'string',
    metric: 'label',
    value,
    text: (row) => value(row) ?? '',
    json: [{ name: words[0], type: 'string', value: (row) => value(row) ?? null }],
  };
}

/** A field of several texts. */
export function listField<Row>(
  group: string,
  value: (row: Row) => readonly string[],
  ...words: FieldWords
): Field<Row> {
  return {
    ...wordsOf(words),
    group,
    align: 'left',
    kind: 'list',
    metric: 'label',
    value,
    text: (row) => value(row).join(),
    json: [{ name: words[0], type: 'array of strings', value }],
  };
}

/** A field of a number as it is. */
export function numberField<Row>(
  group: string,
  value: (row: Row) => bigint | number | undefined,
  ...words: FieldWords
): Field<Row> {
  return {
    ...wordsOf(words),
    group,
    align: 'right',
    kind: 'number',
    metric: 'label',
    value,
    text: (row) => plainText(value(row)),
    json: [{ name: words[0], type: 'integer', value: (row) => plainJson(value(row)) }],
  };
}

/** A field with another text, metric kind, unit or entry. */
export function withParts<Row>(
  field: Field<Row>,
  parts: {
    readonly text?: (row: Row, form: ValueForm) => string;
    readonly align?: 'left' | 'right';
    readonly metric?: MetricKind;
    readonly json?: Field<Row>['json'];
  },
): Field<Row> {
  return { ...field, ...parts };
}

/** Whether the selection has the row: a report puts its own result in, and shows all rows. */
export function selectedField<Row>(): Field<Row> {
  const help = '1 when the row passes --select; shows all rows.';
  return withParts(
    numberField<Row>('special', () => 1, 'selected', 'Selected', 8, help),
    { json: [{ name: 'selected', type: 'boolean', value: () => true }] },
  );
}
