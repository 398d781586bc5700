import { PagedWords } from './paged-words.ts';

/** How many bits of a 32-bit word are 1. */
export function populationOf(word: number): number {
  let bits = word - ((word >>> 1) & 0x55555555);
  bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333);
  return Math.imul((bits + (bits >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/**
 * A set of whole numbers below `size`: one bit each, with the population counted and a summary of the words that are
 * not 0 above them (and one of that, and so on), so that the next member is found in as many steps as there are levels:
 * six for 10^8. The next number that is *not* a member is what the complement finds: the dirty log keeps the regions
 * out of sync, not those in sync.
 */
export class Bitmap {
  readonly size: number;
  readonly #words: PagedWords;
  readonly #levels: readonly PagedWords[];
  #count = 0;

  constructor(size: number) {
    this.size = size;
    let length = Math.max(1, Math.ceil(size / 32));
    this.#words = new PagedWords(length);
    const levels = [this.#words];
    while (length > 1) {
      length = Math.ceil(length / 32);
      levels.push(new PagedWords(length));
    }
    this.#levels = levels;
  }

  /** How many members there are. */
  get count(): number {
    return this.#count;
  }

  /** How many words of 32 members there are. */
  get wordCount(): number {
    return this.#words.length;
  }

  /** 32 members at once, as a signed number, the lowest member in the lowest bit; 0 beyond the last. */
  word(index: number): number {
    return this.#words.get(index);
  }

  /** As many words as there is room for, from one on. */
  copyWords(index: number, into: Int32Array): void {
    this.#words.copyTo(index, into);
  }

  has(member: number): boolean {
    return ((this.#words.get(member >>> 5) >>> (member & 31)) & 1) === 1;
  }

  /** Adds a member; whether it is new. */
  add(member: number): boolean {
    const index = member >>> 5;
    const word = this.#words.get(index);
    const bit = 1 << (member & 31);
    if ((word & bit) !== 0) return false;
    this.#words.set(index, word | bit);
    this.#count++;
    if (word === 0) this.#raise(index);
    return true;
  }

  /** Takes a member out; whether it was one. */
  delete(member: number): boolean {
    const index = member >>> 5;
    const word = this.#words.get(index);
    const bit = 1 << (member & 31);
    if ((word & bit) === 0) return false;
    this.#words.set(index, word & ~bit);
    this.#count--;
    if (word === bit) this.#lower(index);
    return true;
  }

  /** Replaces 32 members at once; bits at and beyond `size` are dropped. */
  setWord(index: number, value: number): void {
    const before = this.#words.get(index);
    const after = value & this.maskOf(index);
    if (before === after) return;
    this.#words.set(index, after);
    this.#count += populationOf(after) - populationOf(before);
    if (before === 0) this.#raise(index);
    else if (after === 0) this.#lower(index);
  }

  /** The bits of a word that stand for numbers below `size`, as a signed number. */
  maskOf(index: number): number {
    const left = this.size - 32 * index;
    return left >= 32 ? -1 : left <= 0 ? 0 : -1 >>> (32 - left);
  }

  /** The least member that is `from` or more; -1 when there is none. */
  next(from: number): number {
    if (from >= this.size) return -1;
    let at = from;
    for (let level = 0; level < this.#levels.length; level++) {
      const words = this.#levels[level] as PagedWords;
      const index = at >>> 5;
      // Beyond the last word there is nothing; a shift by 32 would be a shift by 0.
      if (index >= words.length) return -1;
      const rest = words.get(index) & (-1 << (at & 31));
      if (rest !== 0) return this.#descend(level, 32 * index + lowestBit(rest));
      at = index + 1;
    }
    return -1;
  }

  #descend(level: number, at: number): number {
    let index = at;
    for (let below = level - 1; below >= 0; below--) {
      index = 32 * index + lowestBit((this.#levels[below] as PagedWords).get(index));
    }
    return index;
  }

  #raise(index: number): void {
    let at = index;
    for (let level = 1; level < this.#levels.length; level++) {
      const words = this.#levels[level] as PagedWords;
      const word = words.get(at >>> 5);
      words.set(at >>> 5, word | (1 << (at & 31)));
      if (word !== 0) return;
      at >>>= 5;
    }
  }

  #lower(index: number): void {
    let at = index;
    for (let level = 1; level < this.#levels.length; level++) {
      const words = this.#levels[level] as PagedWords;
      const word = words.get(at >>> 5) & ~(1 << (at & 31));
      words.set(at >>> 5, word);
      if (word !== 0) return;
      at >>>= 5;
    }
  }
}

function lowestBit(word: number): number {
  return 31 - Math.clz32(word & -word);
}
