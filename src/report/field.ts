import type { JsonValue } from './json.ts';
import type { Units } from './size.ts';

/** How values are written in tables. */
export interface ValueForm {
  readonly units: Units;
  /** Histograms without padding, for programs. */
  readonly packed: boolean;
  /** Histogram bounds with units of time, or in nanoseconds. */
  readonly timeSuffix: boolean;
}

/** How values are compared: numbers and sizes (in bytes) by value, text by its bytes, lists item by item. */
export type FieldKind = 'number' | 'size' | 'string' | 'list';

/** A field's value for one row; undefined where there is none, as the group of a region that is in none. */
export type FieldValue = bigint | number | string | readonly string[] | undefined;

/** What a number measures. */
export type Unit = 'bytes' | 'sectors' | 'nanoseconds' | 'milliseconds' | 'seconds' | 'percent' | 'per second';

/** What a value is to a monitoring system: a count that only grows, a level, or a fact that labels the others. */
export type MetricKind = 'counter' | 'gauge' | 'histogram' | 'label';

/** A field in JSON and CSV: its stable name and its value in SI units. */
export interface JsonEntry<Row> {
  readonly name: string;
  /** Type and unit, for the documentation. */
  readonly type: string;
  readonly value: (row: Row) => JsonValue;
}

/** A field of a report on rows of any type. */
export interface Field<Row> {
  /** The name in lists of fields, as libdevmapper's. */
  readonly id: string;
  readonly heading: string;
  /** The column's least width. */
  readonly width: number;
  readonly align: 'left' | 'right';
  readonly kind: FieldKind;
  /** The group of fields that it belongs to. */
  readonly group: string;
  readonly help: string;
  readonly unit?: Unit;
  readonly metric: MetricKind;
  /**
   * What its text is made of and nothing else: what the row is about, or that and what was counted there. Undefined where
   * it may be another one each time. See `RowParts`.
   */
  readonly madeOf?: 'place' | 'counts';
  readonly value: (row: Row) => FieldValue;
  readonly text: (row: Row, form: ValueForm) => string;
  /** More than one entry where one column holds several facts; fields that show the same fact share an entry's name. */
  readonly json: readonly JsonEntry<Row>[];
}

/** How rows tell that their texts are those of the report before. */
export interface RowParts<Row> {
  /** What the row is about: the same object each time. */
  readonly place: (row: Row) => object;
  /** Whether nothing was counted: any two rows of one place of which this holds have the same text. */
  readonly isIdle: (row: Row) => boolean;
}

/** A group of fields: `PREFIX_all` means all of them, and `PREFIX_` may be left out of their names. */
export interface FieldGroup {
  readonly prefix: string;
  readonly title: string;
}
