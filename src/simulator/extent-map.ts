/** What a run of a file's blocks is; `delalloc` has no blocks on the device yet. */
export type RunKind = 'written' | 'unwritten' | 'delalloc';

/** Neighbouring blocks of a file that are neighbours on the device too; all in blocks. */
export interface Run {
  readonly logical: number;
  /** -1 for delalloc. */
  readonly physical: number;
  readonly blocks: number;
  readonly kind: RunKind;
}

/** A part of a run. */
function cut(run: Run, from: number, to: number): Run {
  const { logical, physical, kind } = run;
  return { logical: from, physical: physical < 0 ? -1 : physical + from - logical, blocks: to - from, kind };
}

function follows(first: Run, second: Run): boolean {
  if (first.kind !== second.kind || first.logical + first.blocks !== second.logical) return false;
  return first.kind === 'delalloc' || first.physical + first.blocks === second.physical;
}

/** A file's map from its blocks to the device's: sorted, without overlap, each run as long as it can be. */
export class ExtentMap {
  readonly #runs: Run[] = [];
  #blocks = 0;

  /** In logical order. */
  get runs(): readonly Run[] {
    return this.#runs;
  }

  /** Blocks in the map, delayed ones among them. */
  get blocks(): number {
    return this.#blocks;
  }

  /** The index of the first run that ends behind `logical`. */
  #indexAt(logical: number): number {
    let low = 0;
    let high = this.#runs.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const run = this.#runs[middle] as Run;
      if (run.logical + run.blocks <= logical) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The last run that begins before `logical`. */
  before(logical: number): Run | undefined {
    const index = this.#indexAt(logical);
    const run = this.#runs[index];
    return run !== undefined && run.logical < logical ? run : this.#runs[index - 1];
  }

  /** The mapped parts of a range. */
  within(logical: number, blocks: number): Run[] {
    const end = logical + blocks;
    const parts: Run[] = [];
    for (let index = this.#indexAt(logical); index < this.#runs.length; index++) {
      const run = this.#runs[index] as Run;
      if (run.logical >= end) break;
      parts.push(cut(run, Math.max(logical, run.logical), Math.min(end, run.logical + run.blocks)));
    }
    return parts;
  }

  /** The parts of a range that are not mapped. */
  gaps(logical: number, blocks: number): { readonly logical: number; readonly blocks: number }[] {
    const gaps: { logical: number; blocks: number }[] = [];
    let at = logical;
    for (const run of this.within(logical, blocks)) {
      if (run.logical > at) gaps.push({ logical: at, blocks: run.logical - at });
      at = run.logical + run.blocks;
    }
    if (at < logical + blocks) gaps.push({ logical: at, blocks: logical + blocks - at });
    return gaps;
  }

  /** Takes a range out. @returns the runs that were there */
  remove(logical: number, blocks: number): Run[] {
    const removed = this.within(logical, blocks);
    const [first] = removed;
    const last = removed.at(-1);
    if (first === undefined || last === undefined) return removed;
    const index = this.#indexAt(first.logical);
    const before = this.#runs[index] as Run;
    const after = this.#runs[index + removed.length - 1] as Run;
    const end = last.logical + last.blocks;
    const kept: Run[] = [];
    if (before.logical < first.logical) kept.push(cut(before, before.logical, first.logical));
    if (end < after.logical + after.blocks) kept.push(cut(after, end, after.logical + after.blocks));
    this.#runs.splice(index, removed.length, ...kept);
    for (const run of removed) this.#blocks -= run.blocks;
    return removed;
  }

  /** Puts a run where nothing is mapped. */
  insert(run: Run): void {
    this.#blocks += run.blocks;
    const index = this.#indexAt(run.logical);
    const before = this.#runs[index - 1];
    const after = this.#runs[index];
    let { logical, physical, blocks } = run;
    let from = index;
    let count = 0;
    if (before !== undefined && follows(before, run)) {
      ({ logical, physical } = before);
      blocks += before.blocks;
      from--;
      count++;
    }
    if (after !== undefined && follows(run, after)) {
      blocks += after.blocks;
      count++;
    }
    this.#runs.splice(from, count, { logical, physical, blocks, kind: run.kind });
  }
}
