import { ERRNO } from '../kernel/errno.ts';
import { Refusal, SimulatorError } from './errors.ts';
import type { SimulatedRandom } from './random.ts';

/** Neighbouring blocks of the device. */
export interface BlockRun {
  readonly start: number;
  readonly blocks: number;
}

/** The free blocks of a file system. Where blocks come from depends on the requests and the seed alone. */
export class BlockAllocator {
  // Sorted, no two touch.
  readonly #free: BlockRun[];
  readonly #random: SimulatedRandom;
  #freeBlocks: number;
  /** The longest run that one request gets: a small number makes files fragment, at places of the seed's choice. */
  longestRun = Number.POSITIVE_INFINITY;

  constructor(start: number, blocks: number, random: SimulatedRandom) {
    this.#free = blocks > 0 ? [{ start, blocks }] : [];
    this.#freeBlocks = blocks;
    this.#random = random;
  }

  get freeBlocks(): number {
    return this.#freeBlocks;
  }

  /** The index of the first free run that ends behind `block`. */
  #indexAt(block: number): number {
    let low = 0;
    let high = this.#free.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const run = this.#free[middle] as BlockRun;
      if (run.start + run.blocks <= block) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /**
   * Takes blocks.
   *
   * @param goal where to go on if it is free, so that files grow in one piece
   * @param whole take them from one free run even where others would do, or not at all
   * @throws Refusal ENOSPC, and then takes nothing
   */
  allocate(blocks: number, goal: number | undefined, { whole = false } = {}): BlockRun[] {
    if (blocks > this.#freeBlocks) throw new Refusal(ERRNO.ENOSPC);
    if (whole) {
      const index = this.#free.findIndex((run) => run.blocks >= blocks);
      if (index < 0) throw new Refusal(ERRNO.ENOSPC);
      return [this.#take(index, (this.#free[index] as BlockRun).start, blocks)];
    }
    const taken: BlockRun[] = [];
    for (let left = blocks; left > 0; ) {
      const run = this.#next(Math.min(left, this.longestRun), goal);
      taken.push(run);
      left -= run.blocks;
      goal = run.start + run.blocks;
    }
    return taken;
  }

  #next(blocks: number, goal: number | undefined): BlockRun {
    if (this.longestRun !== Number.POSITIVE_INFINITY) {
      const index = this.#random.below(this.#free.length);
      const run = this.#free[index] as BlockRun;
      const count = Math.min(blocks, run.blocks);
      return this.#take(index, run.start + this.#random.below(run.blocks - count + 1), count);
    }
    if (goal !== undefined) {
      const index = this.#indexAt(goal);
      const run = this.#free[index];
      if (run !== undefined && run.start <= goal) {
        return this.#take(index, goal, Math.min(blocks, run.start + run.blocks - goal));
      }
    }
    // First fit, which hands freed blocks out again soon: the hard case for whoever watches them.
    const fit = this.#free.findIndex((run) => run.blocks >= blocks);
    const index = fit >= 0 ? fit : this.#largest();
    const run = this.#free[index] as BlockRun;
    return this.#take(index, run.start, Math.min(blocks, run.blocks));
  }

  #largest(): number {
    let best = 0;
    for (const [index, run] of this.#free.entries()) {
      if (run.blocks > (this.#free[best] as BlockRun).blocks) best = index;
    }
    return best;
  }

  #take(index: number, start: number, blocks: number): BlockRun {
    const run = this.#free[index] as BlockRun;
    const kept: BlockRun[] = [];
    if (start > run.start) kept.push({ start: run.start, blocks: start - run.start });
    const behind = run.start + run.blocks - start - blocks;
    if (behind > 0) kept.push({ start: start + blocks, blocks: behind });
    this.#free.splice(index, 1, ...kept);
    this.#freeBlocks -= blocks;
    return { start, blocks };
  }

  /** Gives blocks back. */
  release({ start, blocks }: BlockRun): void {
    const index = this.#indexAt(start);
    const before = this.#free[index - 1];
    const after = this.#free[index];
    if (after !== undefined && after.start < start + blocks) throw new SimulatorError('blocks were freed twice');
    let from = index;
    let count = 0;
    let first = start;
    let length = blocks;
    if (before !== undefined && before.start + before.blocks === start) {
      first = before.start;
      length += before.blocks;
      from--;
      count++;
    }
    if (after !== undefined && after.start === start + blocks) {
      length += after.blocks;
      count++;
    }
    this.#free.splice(from, count, { start: first, blocks: length });
    this.#freeBlocks += blocks;
  }
}
