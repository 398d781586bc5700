import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { type Run, union } from '../../../src/filemap/extents.ts';
import { intersectRuns, sectorsOf, subtractRuns } from '../../../src/filemap/packing/runs.ts';

const anyRuns: fc.Arbitrary<Run[]> = fc
  .array(fc.tuple(fc.nat(60), fc.integer({ min: 1, max: 9 })), { maxLength: 10 })
  .map((pairs) => union(pairs.map(([start, length]) => ({ start, end: start + length }))));

const setOf = (runs: readonly Run[]): Set<number> =>
  new Set(runs.flatMap(({ start, end }) => Array.from({ length: end - start }, (_, index) => start + index)));

test('intersectRuns() and subtractRuns() are what sets of sectors say', () => {
  fc.assert(
    fc.property(anyRuns, anyRuns, (a, b) => {
      const [inA, inB] = [setOf(a), setOf(b)];
      const both = intersectRuns(a, b);
      const rest = subtractRuns(a, b);
      assert.deepEqual(setOf(both), new Set([...inA].filter((sector) => inB.has(sector))));
      assert.deepEqual(setOf(rest), new Set([...inA].filter((sector) => !inB.has(sector))));
      assert.equal(sectorsOf(both) + sectorsOf(rest), inA.size);
    }),
  );
});
