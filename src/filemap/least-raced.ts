import { type ErrorBound, isExact } from '../stats/error-bound.ts';

/** Something read between two readings of the same counters. */
export interface Raced {
  /** How far those two are apart: what ended in between. */
  readonly moved: ErrorBound;
}

/** Reads again until nothing ended in between; after so many `times`, the one of all that I/O raced least. */
export async function leastRaced<T extends Raced>(times: number, read: () => Promise<T>): Promise<T> {
  let best = await read();
  for (let time = 1; time < times && !isExact(best.moved); time++) {
    const next = await read();
    if (next.moved.sectors < best.moved.sectors) best = next;
  }
  return best;
}
