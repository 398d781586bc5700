import type { BlockStore, StoreDone } from '../block-store.ts';
import type { KitDevice } from './disk-kernel.ts';

/** Turns of the event loop that a write or a sync takes: what does not wait for it is seen. */
const TURNS = 3;

/** A log device in memory: what is written is read back at once, and survives a power cut when it was synced. */
export class MemoryDevice implements KitDevice {
  readonly name: string;
  readonly #cache: Uint8Array;
  readonly #medium: Uint8Array;
  /** What is in the cache alone. */
  #unsynced: (readonly [offset: number, bytes: Uint8Array])[] = [];
  #noted: Uint8Array;
  /** Of the server that has it open; what an earlier one has begun comes to nothing. */
  #generation = 0;

  constructor(name: string, bytes: number) {
    this.name = name;
    this.#cache = new Uint8Array(bytes);
    this.#medium = new Uint8Array(bytes);
    this.#noted = this.#medium;
  }

  /** An answer has come. */
  note(): void {
    this.#noted = this.#medium.slice();
  }

  held(): Uint8Array {
    return this.#noted;
  }

  put(bytes: Uint8Array): void {
    for (const part of [this.#cache, this.#medium]) {
      part.fill(0);
      part.set(bytes);
    }
    this.#unsynced = [];
    this.note();
  }

  /** The server that has it open is dead. */
  abandon(): void {
    this.#generation++;
  }

  open(label: string): BlockStore {
    const generation = this.#generation;
    const later = (act: () => void, done: StoreDone): void => {
      let turns = TURNS;
      const turn = (): void => {
        if (turns-- > 0) return void setImmediate(turn);
        // Nobody hears of what a dead server has begun.
        if (generation !== this.#generation) return;
        act();
        done(undefined);
      };
      turn();
    };
    return {
      size: this.#cache.length,
      sectorBytes: 512,
      label,
      read: async (offset, into) => into.set(this.#cache.subarray(offset, offset + into.length)),
      write: (offset, bytes, done) => {
        const written = bytes.slice();
        later(() => {
          this.#cache.set(written, offset);
          this.#unsynced.push([offset, written]);
        }, done);
      },
      sync: (done) => {
        const synced = this.#unsynced.splice(0);
        later(() => {
          for (const [offset, bytes] of synced) this.#medium.set(bytes, offset);
        }, done);
      },
      close: () => {},
    };
  }
}
