import { ERRNO } from '../kernel/errno.ts';
import type { Device } from './device.ts';
import type { KernelVersion } from './kernel-version.ts';
import type { Word } from './words.ts';

/** What is wrong with a parameter line. */
export interface Problem {
  /** What is wrong and what would be right, one line without key material. */
  readonly message: string;
  /** The column of the word that it is about, from 1; behind the last word when one is missing. */
  readonly column: number;
  /** What the kernel's constructor gives; undefined where the kernel takes it, but not as it is meant. */
  readonly errno: number | undefined;
}

/** A problem with what the engine needs to know of it. */
export interface Finding extends Problem {
  /** The line does not say what its writer meant: no value can be had from it. */
  readonly unreadable: boolean;
  /** The words that follow cannot be placed. */
  readonly lost: boolean;
  /** It is about the number of words, which most constructors look at before anything else. */
  readonly counting: boolean;
}

/** What is known of where a target stands. All of it is optional: what is not known is not checked. */
export interface Circumstances {
  /** Options of later kernels are refused; without it, everything known is accepted. */
  readonly kernel?: KernelVersion;
  /** The target's length in sectors. */
  readonly length?: bigint;
  /** Whether the table is loaded read-only. */
  readonly readOnly?: boolean;
  /** The errno with which a device cannot be opened, or undefined when it can. Asked in the kernel's order. */
  readonly cannotOpen?: (device: Device, mode: 'table' | 'read' | 'write') => number | undefined;
}

/** A place among a line's words, and what was found on the way to it. */
export class Reader {
  /** The whole line, or the word that is read in pieces. */
  readonly line: string;
  readonly words: readonly Word[];
  readonly circumstances: Circumstances;
  /** The counts read so far, by the name of the list that they count; undefined for one that could not be read. */
  readonly counts = new Map<string, number | undefined>();
  findings: Finding[] = [];
  at = 0;
  /** The column where a missing word is missed. */
  readonly #end: number;

  constructor(line: string, words: readonly Word[], circumstances: Circumstances, end = line.trimEnd().length + 1) {
    this.line = line;
    this.words = words;
    this.circumstances = circumstances;
    this.#end = end;
  }

  get left(): number {
    return this.words.length - this.at;
  }

  /** The next word's column, or where it would stand. */
  get column(): number {
    return this.words[this.at]?.column ?? this.#end;
  }

  peek(): Word | undefined {
    return this.words[this.at];
  }

  /** The next word; when there is none, a problem that says what is missing. */
  take(what: string): Word | undefined {
    const word = this.words[this.at];
    if (word !== undefined) this.at++;
    // Only between the colons of an option can a word be empty.
    if (word !== undefined && word.text !== '') return word;
    const facts = { unreadable: true, counting: true, lost: true };
    this.refuse(`${what} is missing`, word === undefined ? facts : { ...facts, column: word.column });
    return undefined;
  }

  /** Notes a problem; it is about the next word and EINVAL unless told. */
  refuse(message: string, facts: Partial<Omit<Finding, 'message'>> = {}): void {
    this.findings.push({
      message,
      column: this.column,
      errno: ERRNO.EINVAL,
      unreadable: false,
      lost: false,
      counting: false,
      ...facts,
    });
  }

  /** Notes that the last problem leaves the words that follow without a place. */
  lose(): void {
    const last = this.findings.pop();
    if (last !== undefined) this.findings.push({ ...last, lost: true });
  }

  /** A reader of the next `count` words alone; they are taken. */
  group(count: number): Reader {
    const words = this.words.slice(this.at, this.at + count);
    this.at += words.length;
    const group = new Reader(this.line, words, this.circumstances, this.column);
    group.findings = this.findings;
    return group;
  }
}
