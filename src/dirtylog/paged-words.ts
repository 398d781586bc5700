/** Words of a page: 16 KiB, which is made in some microseconds, where 12 MB at once have cost up to 30 ms. */
const PAGE_SHIFT = 12;
const PAGE_WORDS = 2 ** PAGE_SHIFT;
const PAGE_MASK = PAGE_WORDS - 1;

/**
 * An array of 32-bit words, 0 at first, whose memory is made page by page when a word is first set. Words are signed: V8
 * makes an object of each number of 2^31 and more that is passed on.
 */
export class PagedWords {
  readonly length: number;
  readonly #pages: (Int32Array | undefined)[];

  constructor(length: number) {
    this.length = length;
    this.#pages = new Array<Int32Array | undefined>(Math.ceil(length / PAGE_WORDS)).fill(undefined);
  }

  /** A word; 0 beyond the last one. */
  get(index: number): number {
    return this.#pages[index >>> PAGE_SHIFT]?.[index & PAGE_MASK] ?? 0;
  }

  set(index: number, value: number): void {
    const at = index >>> PAGE_SHIFT;
    let page = this.#pages[at];
    if (page === undefined) {
      page = new Int32Array(Math.min(PAGE_WORDS, this.length - at * PAGE_WORDS));
      this.#pages[at] = page;
    }
    page[index & PAGE_MASK] = value;
  }

  /** Copies as many words as there is room for, from one on; 0 beyond the last. */
  copyTo(index: number, into: Int32Array): void {
    for (let done = 0; done < into.length; ) {
      const at = index + done;
      const start = at & PAGE_MASK;
      const count = Math.min(into.length - done, PAGE_WORDS - start);
      const page = this.#pages[at >>> PAGE_SHIFT]?.subarray(start, start + count);
      const part = into.subarray(done, done + count).fill(0);
      if (page !== undefined) part.set(page);
      done += count;
    }
  }
}
