import { type JsonValue, jsonText } from '../report/json.ts';
import { RECORD_SCHEMA } from '../report/records.ts';
import type { Output } from './context.ts';

/** How a command tells what it did. */
export type OutcomeFormat = 'text' | 'json' | 'json-lines';

/** What a command did, told as text, as one JSON object at the end, or as a JSON object a line. */
export class Outcome {
  readonly #format: OutcomeFormat;
  readonly #command: string;
  readonly #output: Output;
  readonly #rows: string[] = [];

  constructor(format: OutcomeFormat, command: string, output: Output) {
    this.#format = format;
    this.#command = command;
    this.#output = output;
  }

  /** Tells one thing that was done. @param text whole lines, or nothing where the text form is silent */
  tell(text: string, row: Readonly<Record<string, JsonValue>>): void {
    if (this.#format === 'text') this.#output.write(text);
    else if (this.#format === 'json') this.#rows.push(jsonText(row));
    else this.#output.write(`${jsonText(row)}\n`);
  }

  /** Ends the telling. @param isDone false when the command failed: what it had done before is told nevertheless */
  end(isDone: boolean): void {
    if (this.#format !== 'json' || (!isDone && this.#rows.length === 0)) return;
    const rows = this.#rows.map((row) => `\n${row}`).join(',');
    this.#output.write(`{"schema":${RECORD_SCHEMA},"command":${jsonText(this.#command)},"rows":[${rows}\n]}\n`);
  }
}

/** Runs a subcommand; what it did is told also when it failed half-way. */
export async function telling(outcome: Outcome, work: () => Promise<number>): Promise<number> {
  let isDone = false;
  try {
    const status = await work();
    isDone = true;
    return status;
  } finally {
    outcome.end(isDone);
  }
}
