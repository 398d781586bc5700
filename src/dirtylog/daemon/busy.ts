/** Work that the server has begun and that ends by itself, on other threads. */
export class Busy {
  #count = 0;
  onIdle: () => void = () => {};

  get isBusy(): boolean {
    return this.#count > 0;
  }

  /** Counts a promise as work until it settles. */
  async of<T>(work: Promise<T>): Promise<T> {
    this.#count++;
    try {
      return await work;
    } finally {
      this.#count--;
      if (this.#count === 0) this.onIdle();
    }
  }
}
