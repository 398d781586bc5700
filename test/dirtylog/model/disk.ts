import type { BlockStore, StoreDone } from '../../../src/dirtylog/block-store.ts';
import type { Tape } from './tape.ts';

const SECTOR = 512;

interface Operation {
  readonly kind: 'write' | 'sync';
  readonly offset: number;
  readonly bytes: Uint8Array;
  /** Of a sync: the writes that had ended when it was asked for. */
  readonly covers: number;
  readonly done: StoreDone;
}

/**
 * A disk with a volatile cache: what is written is on the medium after a sync that was asked for afterwards; before, a
 * power cut keeps any of its sectors and loses the others, in any order.
 */
export class ModelDisk {
  readonly medium: Uint8Array;
  /** What ended or may have ended, in order, and is not known to be on the medium. */
  #cached: { readonly offset: number; readonly bytes: Uint8Array }[] = [];
  operations: Operation[] = [];

  constructor(size: number) {
    this.medium = new Uint8Array(size);
  }

  /** The disk as a server's process sees it; when the process dies, `isAlive` says so and nothing is answered. */
  open(label: string, isAlive: () => boolean, onClose: () => void = () => {}): BlockStore {
    return {
      size: this.medium.length,
      sectorBytes: SECTOR,
      label,
      read: async (offset, into) => {
        into.set(this.contents().subarray(offset, offset + into.length));
      },
      write: (offset, bytes, done) => this.#ask('write', offset, bytes, isAlive, done),
      sync: (done) => this.#ask('sync', 0, new Uint8Array(0), isAlive, done),
      close: onClose,
    };
  }

  #ask(kind: 'write' | 'sync', offset: number, bytes: Uint8Array, isAlive: () => boolean, done: StoreDone): void {
    if (!isAlive()) return;
    if (offset + bytes.length > this.medium.length) throw new RangeError('a write beyond the end of the disk');
    this.operations.push({ kind, offset, bytes: bytes.slice(), covers: this.#cached.length, done });
  }

  /** What a read sees. */
  contents(): Uint8Array {
    const contents = this.medium.slice();
    for (const { offset, bytes } of this.#cached) contents.set(bytes, offset);
    return contents;
  }

  /** Ends an operation. */
  complete(index: number): void {
    const operation = this.operations.splice(index, 1)[0];
    if (operation === undefined) return;
    if (operation.kind === 'write') this.#cached.push(operation);
    else this.#flush(operation.covers);
    operation.done(undefined);
  }

  #flush(count: number): void {
    for (const { offset, bytes } of this.#cached.splice(0, count)) this.medium.set(bytes, offset);
    this.operations = this.operations.map((other) => ({ ...other, covers: Math.max(0, other.covers - count) }));
  }

  /** Ends an operation with an error; of a write, any sector may have been written. */
  fail(index: number, tape: Tape): void {
    const operation = this.operations.splice(index, 1)[0];
    if (operation === undefined) return;
    if (operation.kind === 'write') this.#cacheSome(operation, tape);
    operation.done(new Error('the model disk fails'));
  }

  #cacheSome({ offset, bytes }: Operation, tape: Tape): void {
    for (let at = 0; at < bytes.length; at += SECTOR) {
      if (tape.below(2) === 1) this.#cached.push({ offset: offset + at, bytes: bytes.subarray(at, at + SECTOR) });
    }
  }

  /** The process that asked for operations is gone: each happens or not, before anybody else comes. */
  abandon(tape: Tape): void {
    for (const operation of this.operations) {
      if (operation.kind === 'write') this.#cacheSome(operation, tape);
    }
    this.operations = [];
  }

  /** The power goes. */
  cut(tape: Tape): void {
    this.abandon(tape);
    const sectors = this.#cached.flatMap(({ offset, bytes }) =>
      Array.from({ length: bytes.length / SECTOR }, (_, index) => ({
        offset: offset + index * SECTOR,
        bytes: bytes.subarray(index * SECTOR, (index + 1) * SECTOR),
      })),
    );
    this.#cached = [];
    while (sectors.length > 0) {
      const [sector] = sectors.splice(tape.below(sectors.length), 1);
      if (sector !== undefined && tape.below(2) === 1) this.medium.set(sector.bytes, sector.offset);
    }
  }
}
