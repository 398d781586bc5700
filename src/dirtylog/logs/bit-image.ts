import { Bitmap } from '../bitmap.ts';
import type { BlockStore } from '../block-store.ts';
import {
  BLOCK_BYTES,
  bitsAtInBlock,
  blockOfRegion,
  firstWordOfBlock,
  MIRR_BITS_AT,
  type MirrHeader,
  mirrBytes,
  readMirrHeader,
  writeMirrHeader,
} from './mirr.ts';

/** Blocks written between two waits: 32 KiB. */
const BATCH_BLOCKS = 8;
/** Blocks read between two waits: each word is looked at, which takes a millisecond before the code is compiled. */
const READ_BLOCKS = 1;

/** A store that must not be written to either: too small, or with a log that only others understand. */
export class UnusableStore extends Error {
  override readonly name = 'UnusableStore';
}

/** How a log's store failed, in the letters of the kernel's status: `D`, it cannot be read or written; `F`, flushed. */
export type StoreFailure = { readonly letter: 'D' | 'F'; readonly reason: string };

/**
 * A bitmap and its copy on a store, in the kernel's format. A bit taken away is lost data if it comes back, so it
 * counts as done when the block is written and the store synced; a bit given is only a saving and may take its time.
 * Writes are committed in groups: all blocks that changed since the last commit began, one sync, then all waiters.
 */
export class BitImage {
  readonly bits: Bitmap;
  readonly store: BlockStore;
  /** Called when `isDurable` or `failure` may have changed. */
  onChange: () => void = () => {};
  readonly #bytes: number;
  readonly #head = new DataView(new ArrayBuffer(MIRR_BITS_AT));
  readonly #isChanged: Uint8Array;
  /** The blocks that are to be written. */
  #changed: number[] = [];
  /** Of each block, the number of the last single change to it. */
  readonly #lastOfBlock: Float64Array;
  #made = 0;
  #durable = 0;
  #buffer: Uint8Array | undefined;
  #committing: Promise<void> | undefined;
  /** How many regions the header on the store speaks for; -1 when there is none, or none was seen. */
  #regionsOnStore = -1;
  #failure: StoreFailure | undefined;
  #isEstablished = false;
  #isUnusable = false;
  /** Blocks written since the beginning, for the log's metrics. */
  blocksWritten = 0;

  constructor(regions: number, store: BlockStore) {
    this.bits = new Bitmap(regions);
    this.store = store;
    this.#bytes = mirrBytes(regions, store.sectorBytes);
    const blocks = Math.ceil(this.#bytes / BLOCK_BYTES);
    this.#isChanged = new Uint8Array(blocks);
    this.#lastOfBlock = new Float64Array(blocks);
  }

  get failure(): StoreFailure | undefined {
    return this.#failure;
  }

  /** Whether every single change so far is on the medium, whatever dies. */
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

  /** The point at which this region's bit is durable: earlier than `point` when others were changed since. */
  pointOf(region: number): number {
    return this.#lastOfBlock[blockOfRegion(region)] as number;
  }

  /** Takes a region's bit away; whether it was there. Durable after `commit()`, at `point`. */
  take(region: number): boolean {
    if (!this.bits.delete(region)) return false;
    this.#count(region);
    return true;
  }

  /** Gives a region its bit; whether it lacked it. Durable as `take()`. */
  give(region: number): boolean {
    if (!this.bits.add(region)) return false;
    this.#count(region);
    return true;
  }

  #count(region: number): void {
    const block = blockOfRegion(region);
    this.#lastOfBlock[block] = ++this.#made;
    this.#change(block);
  }

  /** Replaces 32 bits, as loading and cleaning do: nobody waits for it. */
  setWord(index: number, value: number): void {
    const before = this.bits.word(index);
    this.bits.setWord(index, value);
    if (this.bits.word(index) !== before) this.#change(blockOfRegion(32 * index));
  }

  #change(block: number): void {
    if (this.#isChanged[block] === 1) return;
    this.#isChanged[block] = 1;
    this.#changed.push(block);
  }

  /**
   * Reads the store: the bits that it has for regions that both know, `fresh` for the others.
   *
   * @param options.ignore to take nothing from the store, as if it were blank
   * @param options.fresh the bit of regions that the store does not speak for
   * @returns how many regions the store spoke for, of those of this log; undefined when its header is blank or ignored
   * @throws UnusableStore when it is too small or of an unknown version, else what the store rejects with; the bits mean
   *   nothing then
   */
  async read({ ignore, fresh }: { readonly ignore: boolean; readonly fresh: 0 | 1 }): Promise<number | undefined> {
    const { store, bits } = this;
    if (this.#bytes > store.size) {
      throw new UnusableStore(
        `${store.label} holds ${store.size} bytes, a log of ${bits.size} regions takes ${this.#bytes}`,
      );
    }
    // A predecessor that was killed between write and sync left marks that are read back and lost with the power.
    await store.sync();
    const buffer = new Uint8Array(Math.min(this.#bytes, READ_BLOCKS * BLOCK_BYTES));
    let header: MirrHeader = 'blank';
    let known = 0;
    for (let at = 0; at < this.#bytes; at += buffer.length) {
      const part = buffer.subarray(0, Math.min(buffer.length, this.#bytes - at));
      await store.read(at, part);
      const view = new DataView(part.buffer, 0, part.length);
      if (at === 0) {
        header = readMirrHeader(view);
        if (typeof header === 'object' && 'version' in header) {
          throw new UnusableStore(`${store.label} has a log of version ${header.version}, which is not understood`);
        }
        new Uint8Array(this.#head.buffer).set(part.subarray(0, MIRR_BITS_AT));
        this.#regionsOnStore = header === 'blank' ? -1 : header.regions;
        known = header === 'blank' || ignore ? 0 : Math.min(header.regions, bits.size);
      }
      // A header of no regions was written in doubt: no device grows from nothing, and nobody's word is better.
      this.#load(view, at, known, this.#regionsOnStore === 0 ? 0 : fresh);
    }
    return header === 'blank' || ignore ? undefined : known;
  }

  #load(view: DataView, at: number, known: number, fresh: 0 | 1): void {
    const others = fresh === 1 ? 0xffffffff : 0;
    for (let byte = at === 0 ? MIRR_BITS_AT : 0; byte < view.byteLength; byte += 4) {
      const index = (at + byte - MIRR_BITS_AT) >>> 2;
      const onStore = view.getUint32(byte, true);
      const mask = known >= 32 * (index + 1) ? 0xffffffff : known <= 32 * index ? 0 : 2 ** (known - 32 * index) - 1;
      this.bits.setWord(index, (onStore & mask) | (others & ~mask));
      // What a shrunk device leaves behind is written away with the rest of its word (I5).
      if (this.bits.word(index) !== onStore) this.#change(Math.floor((at + byte) / BLOCK_BYTES));
    }
  }

  /**
   * Makes the store speak for all of this log's regions, with the bits as they are now. The header grows last: until
   * then the store speaks only for regions whose bits on it hold.
   *
   * @param known how many regions the store's own bits hold for, as `read()` said; less when bits were taken since
   * When it cannot be written, `failure` says why.
   */
  async establish(known: number): Promise<void> {
    if (this.#regionsOnStore !== known) {
      this.#change(0);
      this.#regionsOnStore = known;
      writeMirrHeader(this.#head, known);
    }
    this.commit();
    await this.idle();
    if (known !== this.bits.size && this.#failure === undefined) {
      this.#regionsOnStore = this.bits.size;
      writeMirrHeader(this.#head, this.bits.size);
      this.#change(0);
      this.commit();
      await this.idle();
    }
    this.#isEstablished = this.#failure === undefined;
  }

  /** Tries again what failed while the store was established: all of it, since nobody knows what the failure has left. */
  async establishAgain(): Promise<void> {
    this.#failure = undefined;
    this.changeAll();
    await this.establish(0);
  }

  /**
   * Whether the store has spoken for all regions, with bits that held, since it was loaded. Until then it may have a
   * region as clean that is not in sync.
   */
  get isEstablished(): boolean {
    return this.#isEstablished;
  }

  /** Has every block written: for a store of which nobody knows what a failed write left. */
  changeAll(): void {
    for (let block = 0; block < this.#isChanged.length; block++) this.#change(block);
  }

  /** Never writes to the store: it holds what only others understand, and will not be believed by this program. */
  giveUp(reason: string): void {
    this.#isUnusable = true;
    this.#fail({ letter: 'D', reason });
  }

  get isUnusable(): boolean {
    return this.#isUnusable;
  }

  #fail(failure: StoreFailure): void {
    this.#failure = failure;
    this.onChange();
  }

  /** Writes what has changed, unless that is under way; `onChange` is called when it is durable or has failed. */
  commit(): void {
    if (this.#committing !== undefined || this.#changed.length === 0 || this.#failure !== undefined) return;
    this.#committing = this.#run();
  }

  /** Resolves when nothing is being written and everything given is too, or the store has failed. */
  async idle(): Promise<void> {
    while (this.#committing !== undefined) await this.#committing;
  }

  async #run(): Promise<void> {
    let failure: StoreFailure | undefined;
    while (this.#changed.length > 0 && failure === undefined) {
      const point = this.#made;
      failure = await this.#writeChanged();
      if (failure === undefined) {
        this.#durable = point;
        this.onChange();
      }
    }
    this.#committing = undefined;
    if (failure !== undefined) this.#fail(failure);
  }

  async #writeChanged(): Promise<StoreFailure | undefined> {
    const blocks = this.#changed;
    this.#changed = [];
    let letter: StoreFailure['letter'] = 'D';
    try {
      for (let at = 0; at < blocks.length; at += BATCH_BLOCKS) await this.#write(blocks.slice(at, at + BATCH_BLOCKS));
      letter = 'F';
      await this.store.sync();
      return undefined;
    } catch (error) {
      return { letter, reason: `${this.store.label}: ${error instanceof Error ? error.message : String(error)}` };
    }
  }

  async #write(blocks: readonly number[]): Promise<void> {
    this.#buffer ??= new Uint8Array(Math.min(this.#isChanged.length, BATCH_BLOCKS) * BLOCK_BYTES);
    const writes: Promise<void>[] = [];
    for (const [slot, block] of blocks.entries()) {
      this.#isChanged[block] = 0;
      const offset = block * BLOCK_BYTES;
      const length = Math.min(BLOCK_BYTES, this.#bytes - offset);
      const bytes = this.#buffer.subarray(slot * BLOCK_BYTES, slot * BLOCK_BYTES + length);
      this.#encode(block, bytes);
      writes.push(this.store.write(offset, bytes));
    }
    this.blocksWritten += blocks.length;
    await Promise.all(writes);
  }

  #encode(block: number, into: Uint8Array): void {
    const view = new DataView(into.buffer, into.byteOffset, into.length);
    if (block === 0) into.set(new Uint8Array(this.#head.buffer));
    let index = firstWordOfBlock(block);
    for (let at = bitsAtInBlock(block); at < into.length; at += 4) view.setUint32(at, this.bits.word(index++), true);
  }
}
