import type { TableLine } from '../mapper/table-line.ts';
import type { Sectors } from '../mapper/units.ts';
import type { DeviceUse } from './device.ts';
import type { Readback } from './part.ts';
import type { Circumstances, Problem } from './reader.ts';
import type { TargetGrammar } from './target-type.ts';

/** Whether key material is printed as it is. */
export interface PrintOptions {
  readonly showKeys?: boolean;
}

/** One target of a table, without its place in the table. */
export class Target<V = unknown> {
  readonly grammar: TargetGrammar<V>;
  readonly values: V;
  /** Words behind those that the grammar knows. */
  readonly rest: readonly string[];

  constructor(grammar: TargetGrammar<V>, values: V, rest: readonly string[] = []) {
    this.grammar = grammar;
    this.values = values;
    this.rest = rest;
  }

  /** The type's name, such as `linear`. */
  get type(): string {
    return this.grammar.type;
  }

  /**
   * The parameters as one would send them to the kernel, with zeros for keys unless `showKeys`.
   *
   * @throws RangeError for a number that its word cannot hold, UsageError for a word that cannot be written
   */
  params({ showKeys = false }: PrintOptions = {}): string {
    const text = this.grammar.print(this.values, this.rest);
    return showKeys ? text : this.grammar.hideKeys(text);
  }

  /** The parameters as a kernel prints them back once they are loaded, with zeros for keys unless `showKeys`. */
  readback(readback: Readback, { showKeys = false }: PrintOptions = {}): string {
    const text = this.grammar.readback(this.values, this.rest, readback);
    return showKeys ? text : this.grammar.hideKeys(text);
  }

  /** The line of a table to be loaded: its keys are in the clear. */
  tableLine(start: Sectors, length: Sectors): TableLine {
    return { start, length, type: this.type, params: this.params({ showKeys: true }) };
  }

  /** What is wrong with the values, in the order in which the kernel's constructor would find it. */
  problems(circumstances: Circumstances = {}): Problem[] {
    return this.grammar.problems(this.params({ showKeys: true }), circumstances);
  }

  /** The devices that it uses, in the order of the text; `length` is the target's. */
  devices(length: bigint): DeviceUse[] {
    return this.grammar.devices(this.values, length);
  }

  toString(): string {
    return `${this.type} ${this.params()}`;
  }
}
