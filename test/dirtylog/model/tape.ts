import { SimulatedRandom } from '../../../src/simulator/random.ts';

/** The choices of a history: made up from a seed, or given, to be played again or cut down. */
export class Tape {
  /** The choices made so far. */
  readonly choices: number[] = [];
  readonly #given: readonly number[] | undefined;
  readonly #random: SimulatedRandom;
  readonly #length: number;

  constructor(source: { readonly seed: number; readonly length: number } | { readonly choices: readonly number[] }) {
    const isSeeded = 'seed' in source;
    this.#given = isSeeded ? undefined : source.choices;
    this.#random = new SimulatedRandom(isSeeded ? source.seed : 0);
    this.#length = isSeeded ? source.length : source.choices.length;
  }

  get isAtEnd(): boolean {
    return this.choices.length >= this.#length;
  }

  /** A number below `limit`; 0 when the tape is at its end, so that a shorter tape is a simpler history. */
  below(limit: number): number {
    if (this.isAtEnd) return 0;
    const choice = this.#given === undefined ? this.#random.below(1000) : (this.#given[this.choices.length] as number);
    this.choices.push(choice);
    return choice % limit;
  }
}

/** Cuts a failing history down, as long as it fails: pieces taken out, then choices made 0. */
export async function shrink(
  choices: readonly number[],
  fails: (choices: readonly number[]) => Promise<boolean>,
): Promise<readonly number[]> {
  let best = choices;
  for (let size = Math.ceil(best.length / 2); size >= 1; size = Math.floor(size / 2)) {
    for (let at = 0; at + size <= best.length; ) {
      const shorter = [...best.slice(0, at), ...best.slice(at + size)];
      if (await fails(shorter)) best = shorter;
      else at += size;
    }
  }
  for (let at = 0; at < best.length; at++) {
    const simpler = best.with(at, 0);
    if (best[at] !== 0 && (await fails(simpler))) best = simpler;
  }
  return best;
}
