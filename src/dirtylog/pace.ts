/** How long a piece of work may take: requests wait for its end. */
const PIECE_MS = 0.25;

/**
 * Cuts long work into pieces, by the clock: what takes microseconds once it is compiled takes a hundred times as long
 * before.
 */
export class Pace {
  readonly #now: () => number;
  readonly #pause: () => Promise<void>;
  #startMs: number;

  /**
   * @param now milliseconds of a monotonic clock
   * @param pause lets other work in
   */
  constructor({ now, pause }: { readonly now: () => number; readonly pause: () => Promise<void> }) {
    this.#now = now;
    this.#pause = pause;
    this.#startMs = now();
  }

  /** To be called between steps that are much shorter than a piece. */
  async step(): Promise<void> {
    if (this.#now() - this.#startMs < PIECE_MS) return;
    await this.#pause();
    this.#startMs = this.#now();
  }
}
