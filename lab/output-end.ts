/**
 * Finds the mark that ends a command's output in a stream that never ends. Text is held back only
 * while it could be the beginning of the mark, so that output stays live.
 */
export class OutputEnd {
  readonly #mark: Buffer;
  #held: Buffer = Buffer.alloc(0);

  constructor(mark: string) {
    this.#mark = Buffer.from(mark);
  }

  push(chunk: Buffer): { output: Buffer; ended: boolean } {
    const text = Buffer.concat([this.#held, chunk]);
    const end = text.indexOf(this.#mark);
    if (end >= 0) return { output: text.subarray(0, end), ended: true };
    const kept = text.length - this.#beginning(text);
    this.#held = text.subarray(kept);
    return { output: text.subarray(0, kept), ended: false };
  }

  /** How many of the last bytes are a beginning of the mark. */
  #beginning(text: Buffer): number {
    for (let length = Math.min(text.length, this.#mark.length - 1); length > 0; length--) {
      if (text.subarray(-length).equals(this.#mark.subarray(0, length))) return length;
    }
    return 0;
  }
}
