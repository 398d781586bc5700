import { littleEndian } from '../../kernel/struct.ts';
import { Bitmap } from '../bitmap.ts';
import type { BlockStore } from '../block-store.ts';
import type { Pace } from '../pace.ts';
import { type BlockSlot, BlockWriter, type StoreFailure } from './block-writer.ts';
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

/** Bytes whose words are looked at between two looks at the clock. */
const PIECE_BYTES = 512;

/** How a store is read. */
export interface ReadOptions {
  /** Whether to take nothing from it, as if it were blank. */
  readonly ignore: boolean;
  /** The bit of regions that it does not speak for. */
  readonly fresh: 0 | 1;
  readonly pace: Pace;
}

/** A store that must not be written to either: too small, or with a log that only others understand. */
export class UnusableStore extends Error {
  override readonly name = 'UnusableStore';
}

/**
 * A bitmap and its copy on a store, in the kernel's format. A bit taken away is lost data if it comes back, so it
 * counts as done when the block is written and the store synced; a bit given is only a saving and may take its time.
 */
export class BitImage {
  readonly bits: Bitmap;
  readonly store: BlockStore;
  readonly #bytes: number;
  readonly #writer: BlockWriter;
  readonly #headBytes = new Uint8Array(MIRR_BITS_AT);
  readonly #head = new DataView(this.#headBytes.buffer);
  /** How many regions the header on the store speaks for; -1 when there is none, or none was seen. */
  #regionsOnStore = -1;
  #isEstablished = false;
  #isUnusable = false;

  /** @param pause lets other work in, see `ServerPorts` */
  constructor(regions: number, store: BlockStore, pause: () => Promise<void>) {
    this.bits = new Bitmap(regions);
    this.store = store;
    this.#bytes = mirrBytes(regions, store.sectorBytes);
    const blocks = Math.ceil(this.#bytes / BLOCK_BYTES);
    this.#writer = new BlockWriter(store, blocks, (block, slot) => this.#encode(block, slot), pause);
  }

  /** Called when `isDurable` or `failure` may have changed. */
  set onChange(handler: () => void) {
    this.#writer.onChange = handler;
  }

  get failure(): StoreFailure | undefined {
    return this.#writer.failure;
  }

  /** Blocks written since the beginning, for the log's metrics. */
  get blocksWritten(): number {
    return this.#writer.blocksWritten;
  }

  /** Whether every single change so far is on the medium, whatever dies. */
  get isDurable(): boolean {
    return this.#writer.isDurable;
  }

  /** A point to wait for: `hasReached` says whether what was changed until now is durable. */
  get point(): number {
    return this.#writer.point;
  }

  hasReached(point: number): boolean {
    return this.#writer.hasReached(point);
  }

  /** The point at which this region's bit is durable: earlier than `point` when others were changed since. */
  pointOf(region: number): number {
    return this.#writer.pointOf(blockOfRegion(region));
  }

  /** Takes a region's bit away; whether it was there. Durable after `commit()`, at `point`. */
  take(region: number): boolean {
    if (!this.bits.delete(region)) return false;
    this.#writer.count(blockOfRegion(region));
    return true;
  }

  /** Gives a region its bit; whether it lacked it. Durable as `take()`. */
  give(region: number): boolean {
    if (!this.bits.add(region)) return false;
    this.#writer.count(blockOfRegion(region));
    return true;
  }

  /** Replaces 32 bits, as loading and cleaning do: nobody waits for it. */
  setWord(index: number, value: number): void {
    const before = this.bits.word(index);
    this.bits.setWord(index, value);
    if (this.bits.word(index) !== before) this.#writer.change(blockOfRegion(32 * index));
  }

  /**
   * Reads the store: the bits that it has for regions that both know, `fresh` for the others.
   *
   * @returns how many regions the store spoke for, of those of this log; undefined when its header is blank or ignored
   * @throws UnusableStore when it is too small or of an unknown version, else what the store rejects with; the bits mean
   *   nothing then
   */
  async read({ ignore, fresh, pace }: ReadOptions): Promise<number | undefined> {
    const { store, bits } = this;
    if (this.#bytes > store.size) {
      throw new UnusableStore(
        `${store.label} holds ${store.size} bytes, a log of ${bits.size} regions takes ${this.#bytes}`,
      );
    }
    // A predecessor that was killed between write and sync left marks that are read back and lost with the power.
    await new Promise<void>((resolve, reject) => {
      store.sync((error) => (error === undefined ? resolve() : reject(error)));
    });
    const buffer = new Uint8Array(Math.min(this.#bytes, BLOCK_BYTES));
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
        this.#headBytes.set(part.subarray(0, MIRR_BITS_AT));
        this.#regionsOnStore = header === 'blank' ? -1 : header.regions;
        known = header === 'blank' || ignore ? 0 : Math.min(header.regions, bits.size);
      }
      // A header of no regions was written in doubt: no device grows from nothing, and nobody's word is better.
      const others = this.#regionsOnStore === 0 ? 0 : fresh;
      for (let byte = at === 0 ? MIRR_BITS_AT : 0; byte < part.length; byte += PIECE_BYTES) {
        this.#load(view, byte, { at, known, fresh: others });
        await pace.step();
      }
    }
    return header === 'blank' || ignore ? undefined : known;
  }

  /** Takes a piece of the block that begins at byte `at`. */
  #load(view: DataView, first: number, { at, known, fresh }: { at: number; known: number; fresh: 0 | 1 }): void {
    const others = fresh === 1 ? -1 : 0;
    const end = Math.min(first + PIECE_BYTES, view.byteLength);
    for (let byte = first; byte < end; byte += 4) {
      const index = (at + byte - MIRR_BITS_AT) >>> 2;
      const onStore = view.getInt32(byte, true);
      const mask = known >= 32 * (index + 1) ? -1 : known <= 32 * index ? 0 : -1 >>> (32 * (index + 1) - known);
      this.bits.setWord(index, (onStore & mask) | (others & ~mask));
      // What a shrunk device leaves behind is written away with the rest of its word (I5).
      if (this.bits.word(index) !== onStore) this.#writer.change(Math.floor((at + byte) / BLOCK_BYTES));
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
      this.#writer.change(0);
      this.#regionsOnStore = known;
      writeMirrHeader(this.#head, known);
    }
    this.commit();
    await this.idle();
    if (known !== this.bits.size && this.failure === undefined) {
      this.#regionsOnStore = this.bits.size;
      writeMirrHeader(this.#head, this.bits.size);
      this.#writer.change(0);
      this.commit();
      await this.idle();
    }
    this.#isEstablished = this.failure === undefined;
  }

  /** Tries again what failed while the store was established: all of it, since nobody knows what the failure has left. */
  async establishAgain(): Promise<void> {
    this.#writer.tryAgain();
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
    this.#writer.changeAll();
  }

  /** Never writes to the store: it holds what only others understand, and will not be believed by this program. */
  giveUp(reason: string): void {
    this.#isUnusable = true;
    this.#writer.fail({ letter: 'D', reason });
  }

  get isUnusable(): boolean {
    return this.#isUnusable;
  }

  /** Writes what has changed, unless that is under way; `onChange` is called when it is durable or has failed. */
  commit(): void {
    this.#writer.commit();
  }

  /** Resolves when nothing is being written and everything given is too, or the store has failed. */
  idle(): Promise<void> {
    return this.#writer.idle();
  }

  #encode(block: number, { bytes, words }: BlockSlot): number {
    this.bits.copyWords(firstWordOfBlock(block), words.subarray(bitsAtInBlock(block) / 4));
    if (!littleEndian) Buffer.from(bytes.buffer).swap32();
    if (block === 0) bytes.set(this.#headBytes);
    return Math.min(BLOCK_BYTES, this.#bytes - block * BLOCK_BYTES);
  }
}
