import type { BlockStore, StoreDone } from '../block-store.ts';
import { BLOCK_BYTES } from './mirr.ts';

/** Blocks written between two waits: 32 KiB. */
const BATCH_BLOCKS = 8;

/** How a log's store failed, in the letters of the kernel's status: `D`, it cannot be read or written; `F`, flushed. */
export type StoreFailure = { readonly letter: 'D' | 'F'; readonly reason: string };

/** A block on its way to the store. */
export interface BlockSlot {
  readonly bytes: Uint8Array;
  /** The same memory. */
  readonly words: Int32Array;
}

/** Fills a slot with a block as it is now; how many of the bytes are of the store. */
export type EncodeBlock = (block: number, slot: BlockSlot) => number;

/**
 * Writes changed blocks to a store, in groups: all that changed since the last group began, one sync, then all waiters.
 * Changes are counted, so that one can wait for those until now. A commit makes no promise and no object: between a
 * change and its durability there is the store and nothing else.
 */
export class BlockWriter {
  readonly #store: BlockStore;
  readonly #encode: EncodeBlock;
  readonly #pause: () => Promise<void>;
  /** Called when `isDurable` or `failure` may have changed. */
  onChange: () => void = () => {};
  readonly #isChanged: Uint8Array;
  /** The blocks that are to be written. */
  #changed: number[] = [];
  /** Those of the commit under way; how many of them were begun, and how many of these have not ended. */
  #writing: number[] = [];
  #begun = 0;
  #pending = 0;
  /** Of each block, the number of the last change to it that is waited for. */
  readonly #lastOfBlock: Float64Array;
  #made = 0;
  /** What is durable now, and what will be when the commit under way has ended. */
  #durable = 0;
  #point = 0;
  #slots: readonly BlockSlot[] | undefined;
  #isCommitting = false;
  #error: Error | undefined;
  #failure: StoreFailure | undefined;
  #waiting: (() => void)[] = [];
  /** Blocks written since the beginning, for the log's metrics. */
  blocksWritten = 0;

  /** @param pause lets other work in, and promises go on: whoever waits for the store's end may be asleep */
  constructor(store: BlockStore, blocks: number, encode: EncodeBlock, pause: () => Promise<void>) {
    this.#store = store;
    this.#encode = encode;
    this.#pause = pause;
    this.#isChanged = new Uint8Array(blocks);
    this.#lastOfBlock = new Float64Array(blocks);
  }

  get failure(): StoreFailure | undefined {
    return this.#failure;
  }

  /** Whether every change that is waited for is on the medium, whatever dies. */
  get isDurable(): boolean {
    return this.#durable === this.#made;
  }

  /** A point to wait for: `hasReached` says whether what was changed until now is durable. */
  get point(): number {
    return this.#made;
  }

  hasReached(point: number): boolean {
    return this.#durable >= point;
  }

  /** The point at which this block is durable: earlier than `point` when others were changed since. */
  pointOf(block: number): number {
    return this.#lastOfBlock[block] as number;
  }

  /** A block has changed, and somebody will wait for it: durable after `commit()`, at `point`. */
  count(block: number): void {
    this.#lastOfBlock[block] = ++this.#made;
    this.change(block);
  }

  /** A block has changed, and nobody waits for it. */
  change(block: number): void {
    if (this.#isChanged[block] === 1) return;
    this.#isChanged[block] = 1;
    this.#changed.push(block);
  }

  /** Has every block written: for a store of which nobody knows what a failed write left. */
  changeAll(): void {
    for (let block = 0; block < this.#isChanged.length; block++) this.change(block);
  }

  /** Writes nothing more. */
  fail(failure: StoreFailure): void {
    this.#failure = failure;
    this.onChange();
  }

  /** Writes again, after a failure. */
  tryAgain(): void {
    this.#failure = undefined;
  }

  /** Writes what has changed, unless that is under way; `onChange` is called when it is durable or has failed. */
  commit(): void {
    if (this.#isCommitting || this.#changed.length === 0 || this.#failure !== undefined) return;
    this.#isCommitting = true;
    this.#begin();
  }

  /** Resolves when nothing is being written and everything given is too, or the store has failed. */
  async idle(): Promise<void> {
    while (this.#isCommitting) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }

  #begin(): void {
    this.#point = this.#made;
    [this.#writing, this.#changed] = [this.#changed, this.#writing];
    // All of them now: a block that changes before its turn belongs to the next commit, and so does who waits for it.
    for (const block of this.#writing) this.#isChanged[block] = 0;
    this.#begun = 0;
    this.#writeBatch();
  }

  #writeBatch(): void {
    this.#slots ??= makeSlots(Math.min(this.#isChanged.length, BATCH_BLOCKS));
    const count = Math.min(BATCH_BLOCKS, this.#writing.length - this.#begun);
    // Before the first one, which may end at once.
    this.#pending = count;
    this.blocksWritten += count;
    for (let index = 0; index < count; index++) {
      this.#write(this.#writing[this.#begun++] as number, this.#slots[index] as BlockSlot);
    }
  }

  #write(block: number, slot: BlockSlot): void {
    const length = this.#encode(block, slot);
    const bytes = length === BLOCK_BYTES ? slot.bytes : slot.bytes.subarray(0, length);
    this.#store.write(block * BLOCK_BYTES, bytes, this.#onWritten);
  }

  readonly #onWritten: StoreDone = (error) => {
    this.#error ??= error;
    if (--this.#pending > 0) return;
    if (this.#error !== undefined) this.#end('D');
    else if (this.#begun === this.#writing.length) this.#store.sync(this.#onSynced);
    // A large log has thousands of blocks, and a store in memory writes them at once.
    else void this.#pause().then(() => this.#writeBatch());
  };

  readonly #onSynced: StoreDone = (error) => {
    if (error !== undefined) {
      this.#error = error;
      this.#end('F');
      return;
    }
    this.#durable = this.#point;
    this.#writing.length = 0;
    this.onChange();
    if (this.#changed.length > 0) this.#begin();
    else this.#end(undefined);
  };

  #end(letter: StoreFailure['letter'] | undefined): void {
    const error = this.#error;
    this.#error = undefined;
    // Those that had no turn are as changed as before.
    for (; this.#begun < this.#writing.length; this.#begun++) this.change(this.#writing[this.#begun] as number);
    this.#writing.length = 0;
    this.#isCommitting = false;
    if (letter !== undefined) this.fail({ letter, reason: `${this.#store.label}: ${error?.message}` });
    if (this.#waiting.length > 0) void this.#pause().then(() => this.#wake());
  }

  #wake(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}

function makeSlots(count: number): BlockSlot[] {
  return Array.from({ length: count }, () => {
    const bytes = new Uint8Array(BLOCK_BYTES);
    return { bytes, words: new Int32Array(bytes.buffer) };
  });
}
