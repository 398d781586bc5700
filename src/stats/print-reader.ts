import { DmParseError } from '../mapper/errors.ts';
import type { Counters } from './counters.ts';

const ZERO = 0x30;
const NINE = 0x39;
const BLANK = 0x20;
const PLUS = 0x2b;
const MINUS = 0x2d;
const COLON = 0x3a;
const LINE_END = 0x0a;
/** As many digits as a number holds exactly. */
const SAFE_DIGITS = 15;
const NO_BINS: readonly bigint[] = [];

/**
 * Reads the answer of `@stats_print` number by number, from its bytes. By hand: a report reads thousands of lines a
 * second, and text of a line, or of each number, costs more than the kernel's work for the line.
 */
export class PrintReader {
  readonly #bytes: Uint8Array;
  readonly #start: number;
  readonly #end: number;
  readonly #unit: bigint;
  #at: number;

  /** @param unit nanoseconds in the unit of the kernel's times */
  constructor(bytes: Uint8Array, unit: bigint, start = 0, end: number = bytes.length) {
    this.#bytes = bytes;
    this.#start = start;
    this.#end = end;
    this.#unit = unit;
    this.#at = start;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#end;
  }

  /** Where an area starts. @throws DmParseError */
  start(): bigint {
    return this.#digits(this.#at);
  }

  /** How long it is. @throws DmParseError */
  length(): bigint {
    return this.#count(PLUS);
  }

  /** The counters to the end of the line. @throws DmParseError */
  counters(): Counters {
    return {
      reads: this.#count(BLANK),
      readsMerged: this.#count(BLANK),
      readSectors: this.#count(BLANK),
      readNs: this.#time(),
      writes: this.#count(BLANK),
      writesMerged: this.#count(BLANK),
      writeSectors: this.#count(BLANK),
      writeNs: this.#time(),
      inFlight: this.#signed(),
      ioNs: this.#time(),
      weightedNs: this.#time(),
      readBusyNs: this.#time(),
      writeBusyNs: this.#time(),
      histogram: this.#bins(),
    };
  }

  #is(byte: number): boolean {
    return this.#at < this.#end && this.#bytes[this.#at] === byte;
  }

  /** A number and the byte before it. */
  #count(before: number): bigint {
    if (!this.#is(before)) throw this.#error();
    return this.#digits(this.#at + 1);
  }

  #digits(from: number): bigint {
    const bytes = this.#bytes;
    let at = from;
    let value = 0;
    for (; at < this.#end; at++) {
      const code = bytes[at] ?? 0;
      if (code < ZERO || code > NINE) break;
      value = value * 10 + (code - ZERO);
    }
    if (at === from) throw this.#error();
    this.#at = at;
    if (value === 0) return 0n;
    return at - from <= SAFE_DIGITS ? BigInt(value) : BigInt(this.#text(from, at));
  }

  #time(): bigint {
    const value = this.#count(BLANK);
    return this.#unit === 1n || value === 0n ? value : value * this.#unit;
  }

  /** In flight is the one that the kernel prints signed. */
  #signed(): bigint {
    if (this.#bytes[this.#at + 1] !== MINUS) return this.#count(BLANK);
    if (!this.#is(BLANK)) throw this.#error();
    return -this.#digits(this.#at + 2);
  }

  #bins(): readonly bigint[] {
    let bins = NO_BINS;
    if (this.#is(BLANK)) {
      const read = [this.#count(BLANK)];
      while (this.#is(COLON)) read.push(this.#count(COLON));
      bins = read;
    }
    if (!this.isAtEnd && !this.#is(LINE_END)) throw this.#error();
    this.#at += 1;
    return bins;
  }

  #text(from: number, to: number): string {
    return Buffer.from(this.#bytes.subarray(from, to)).toString('latin1');
  }

  #error(): DmParseError {
    const before = this.#text(this.#start, this.#at);
    const start = before.lastIndexOf('\n') + 1;
    const line = this.#text(this.#start + start, this.#end).split('\n', 1)[0] ?? '';
    return new DmParseError('not a line of @stats_print', line, before.length - start + 1);
  }
}
