/** A number of 32 bits that events raise, and those who wait for the next one. */
export class EventCounter {
  #value = 0;
  readonly #waiting = new Set<() => void>();

  get value(): number {
    return this.#value;
  }

  /** An event: the number grows, and all who wait are called, once. */
  raise(): void {
    this.#value = (this.#value + 1) >>> 0;
    const wake = [...this.#waiting];
    this.#waiting.clear();
    for (const call of wake) call();
  }

  /** Calls back at the next event. @returns takes the call back */
  next(call: () => void): () => void {
    this.#waiting.add(call);
    return () => void this.#waiting.delete(call);
  }
}
