import { DmParseError } from '../mapper/errors.ts';
import type { Counters } from './counters.ts';

const ZERO = 0x30;
const NINE = 0x39;
/** As many digits as a number holds exactly. */
const SAFE_DIGITS = 15;
const NO_BINS: readonly bigint[] = [];

/**
 * Reads the answer of `@stats_print` number by number. By hand: a report reads thousands of lines a second, and pieces
 * of text for each number cost more than the kernel's work for the line.
 */
export class PrintReader {
  readonly #text: string;
  readonly #unit: bigint;
  #at = 0;

  /** @param unit nanoseconds in the unit of the kernel's times */
  constructor(text: string, unit: bigint) {
    this.#text = text;
    this.#unit = unit;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  /** A number and what stands before it. @throws DmParseError */
  count(before: '' | '+' | ' ' | ':'): bigint {
    if (!this.#text.startsWith(before, this.#at)) throw this.#error();
    const from = this.#at + before.length;
    let at = from;
    let value = 0;
    for (; at < this.#text.length; at++) {
      const code = this.#text.charCodeAt(at);
      if (code < ZERO || code > NINE) break;
      value = value * 10 + (code - ZERO);
    }
    if (at === from) throw this.#error();
    this.#at = at;
    if (value === 0) return 0n;
    return at - from <= SAFE_DIGITS ? BigInt(value) : BigInt(this.#text.slice(from, at));
  }

  /** The counters to the end of the line. @throws DmParseError */
  counters(): Counters {
    return {
      reads: this.count(' '),
      readsMerged: this.count(' '),
      readSectors: this.count(' '),
      readNs: this.#time(),
      writes: this.count(' '),
      writesMerged: this.count(' '),
      writeSectors: this.count(' '),
      writeNs: this.#time(),
      inFlight: this.#signed(),
      ioNs: this.#time(),
      weightedNs: this.#time(),
      readBusyNs: this.#time(),
      writeBusyNs: this.#time(),
      histogram: this.#bins(),
    };
  }

  #time(): bigint {
    const value = this.count(' ');
    return this.#unit === 1n ? value : value * this.#unit;
  }

  /** In flight is the one that the kernel prints signed. */
  #signed(): bigint {
    if (!this.#text.startsWith(' -', this.#at)) return this.count(' ');
    this.#at += 2;
    return -this.count('');
  }

  #bins(): readonly bigint[] {
    let bins = NO_BINS;
    if (this.#text.startsWith(' ', this.#at)) {
      const read = [this.count(' ')];
      while (this.#text.startsWith(':', this.#at)) read.push(this.count(':'));
      bins = read;
    }
    if (!this.isAtEnd && this.#text[this.#at] !== '\n') throw this.#error();
    this.#at += 1;
    return bins;
  }

  #error(): DmParseError {
    const start = this.#text.lastIndexOf('\n', this.#at - 1) + 1;
    const line = this.#text.slice(start).split('\n', 1)[0] ?? '';
    return new DmParseError('not a line of @stats_print', line, this.#at - start + 1);
  }
}
