import type { Run } from '../extents.ts';

/** The sectors of `a` that are in `b` too. Both ascending and disjoint, as the result. */
export function intersectRuns(a: readonly Run[], b: readonly Run[]): Run[] {
  const common: Run[] = [];
  let next = 0;
  for (const run of a) {
    while (next < b.length && (b[next] as Run).end <= run.start) next++;
    for (let index = next; index < b.length && (b[index] as Run).start < run.end; index++) {
      const other = b[index] as Run;
      common.push({ start: Math.max(run.start, other.start), end: Math.min(run.end, other.end) });
    }
  }
  return common;
}

/** The sectors of `a` that are not in `b`. Both ascending and disjoint, as the result. */
export function subtractRuns(a: readonly Run[], b: readonly Run[]): Run[] {
  const rest: Run[] = [];
  let next = 0;
  for (const run of a) {
    while (next < b.length && (b[next] as Run).end <= run.start) next++;
    let at = run.start;
    for (let index = next; index < b.length && (b[index] as Run).start < run.end; index++) {
      const other = b[index] as Run;
      if (other.start > at) rest.push({ start: at, end: other.start });
      at = Math.max(at, other.end);
    }
    if (at < run.end) rest.push({ start: at, end: run.end });
  }
  return rest;
}

/** How many sectors runs have. */
export function sectorsOf(runs: readonly Run[]): number {
  return runs.reduce((sum, { start, end }) => sum + end - start, 0);
}
