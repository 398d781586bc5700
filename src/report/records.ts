import { type JsonValue, jsonText } from './json.ts';
import { visible } from './visible.ts';

/** How records are written: one JSON object in all, one JSON object a line, or comma-separated values. */
export type RecordFormat = 'json' | 'json-lines' | 'csv';

/** Which reading of a repeated report rows belong to. */
export interface Stamp {
  /** From 1. */
  readonly cycle: number;
  /** When it was read, ISO 8601. */
  readonly time: string;
}

/** The version of the records' form: it changes when a name's meaning does, not when names are added. */
export const RECORD_SCHEMA = 1;

/** Writes records that all have the same names, piece by piece. */
export class RecordWriter {
  readonly #format: RecordFormat;
  readonly #command: string;
  readonly #names: readonly string[];
  #written = 0;
  #isBegun = false;

  constructor(format: RecordFormat, command: string, names: readonly string[]) {
    this.#format = format;
    this.#command = command;
    this.#names = names;
  }

  /** Records as text, with a repeated report's stamp before their own values. */
  write(rows: readonly (readonly JsonValue[])[], stamp?: Stamp): string {
    const names = stamp === undefined ? this.#names : ['cycle', 'time', ...this.#names];
    const begin = this.#isBegun ? '' : this.#begin(names);
    this.#isBegun = true;
    const texts = rows.map((row) => {
      const values = stamp === undefined ? row : [stamp.cycle, stamp.time, ...row];
      if (this.#format === 'csv') return `${values.map(csvCell).join(',')}\n`;
      const object = jsonText(Object.fromEntries(names.map((name, index) => [name, values[index] ?? null])));
      if (this.#format === 'json-lines') return `${object}\n`;
      return `${this.#written++ === 0 ? '' : ','}\n${object}`;
    });
    return begin + texts.join('');
  }

  #begin(names: readonly string[]): string {
    if (this.#format === 'json') return `{"schema":${RECORD_SCHEMA},"command":${jsonText(this.#command)},"rows":[`;
    return this.#format === 'csv' ? `${names.join(',')}\n` : '';
  }

  /** What ends the records. @param isDone false when the command failed: of what never began nothing is written */
  end(isDone = true): string {
    if (!this.#isBegun && !isDone) return '';
    return this.write([]) + (this.#format === 'json' ? '\n]}\n' : '');
  }
}

/** A value as RFC 4180 has it; an object or array as its JSON, what there is none of as nothing. */
function csvCell(value: JsonValue): string {
  if (value === null) return '';
  const text = typeof value === 'object' ? jsonText(value) : visible(`${value}`);
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
