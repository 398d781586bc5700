/** What a leg of the mirror holds of a region: the sum of the writes that reached it, so that their order is no matter. */
interface Contents {
  cached: number;
  flushed: number;
  /** Whether all that is cached is on the medium. */
  isFlushed: boolean;
}

/** The two legs of a mirror, with volatile caches. */
export class ModelLegs {
  readonly #legs: readonly [Map<number, Contents>, Map<number, Contents>] = [new Map(), new Map()];
  /** The flushes that were asked for: what each leg held then. */
  readonly flushes: {
    readonly held: readonly (readonly [Contents, number])[];
    readonly resolve: () => void;
    readonly reject: (error: Error) => void;
  }[] = [];
  /** Whether the second leg answers writes with errors. */
  isSecondBroken = false;

  #of(leg: 0 | 1, region: number): Contents {
    let contents = this.#legs[leg].get(region);
    if (contents === undefined) {
      contents = { cached: 0, flushed: 0, isFlushed: true };
      this.#legs[leg].set(region, contents);
    }
    return contents;
  }

  write(leg: 0 | 1, region: number, amount: number): void {
    const contents = this.#of(leg, region);
    contents.cached += amount;
    contents.isFlushed = false;
  }

  /** Copies a region from the first leg to the second. */
  copy(region: number): void {
    const target = this.#of(1, region);
    target.cached = this.#of(0, region).cached;
    target.isFlushed = false;
  }

  areAlike(region: number): boolean {
    return this.#of(0, region).cached === this.#of(1, region).cached;
  }

  flush(): Promise<void> {
    const held = this.#legs.flatMap((leg) => [...leg.values()].map((contents) => [contents, contents.cached] as const));
    return new Promise((resolve, reject) => this.flushes.push({ held, resolve, reject }));
  }

  completeFlush(): void {
    const flush = this.flushes.shift();
    for (const [contents, cached] of flush?.held ?? []) {
      contents.flushed = cached;
      contents.isFlushed = contents.cached === cached;
    }
    flush?.resolve();
  }

  failFlush(): void {
    this.flushes.shift()?.reject(new Error('a model leg fails'));
  }

  /**
   * The power goes. A region of which anything was in flight or in a cache is different on the two legs then: the worst
   * that can happen, and nobody may rely on less.
   */
  cut(inFlight: ReadonlySet<number>): void {
    this.flushes.length = 0;
    for (const region of new Set([...this.#legs[0].keys(), ...this.#legs[1].keys(), ...inFlight])) {
      const [first, second] = [this.#of(0, region), this.#of(1, region)];
      if (inFlight.has(region) || !first.isFlushed || !second.isFlushed) {
        first.cached += 0.25;
        second.cached += 0.5;
      }
      for (const contents of [first, second]) {
        contents.flushed = contents.cached;
        contents.isFlushed = true;
      }
    }
  }
}
