import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { nanoseconds } from '../../src/mapper/units.ts';
import { bins } from '../../src/stats/counters.ts';
import { percentileBin } from '../../src/stats/percentile.ts';

const BOUNDS = [10, 20, 30].map(nanoseconds);
const lower = (counts: readonly number[], percent: number): bigint | undefined =>
  percentileBin(bins(BOUNDS, counts.map(BigInt)), percent)?.lower;

// Nearest rank: the smallest value that so many of a hundred are not above.
const CASES: readonly (readonly [counts: readonly number[], percent: number, lower: bigint])[] = [
  [[1, 0, 0, 0], 50, 0n],
  [[50, 50, 0, 0], 50, 0n],
  [[49, 51, 0, 0], 50, 10n],
  [[95, 4, 1, 0], 95, 0n],
  [[94, 5, 1, 0], 95, 10n],
  [[98, 0, 0, 2], 99, 30n],
  [[99, 0, 0, 1], 99, 0n],
  [[99, 0, 0, 1], 100, 30n],
  [[0, 0, 0, 1], 1, 30n],
];
for (const [counts, percent, expected] of CASES) {
  test(`percentileBin() of ${counts} at ${percent} % begins at ${expected}`, () => {
    assert.equal(lower(counts, percent), expected);
  });
}

test('percentileBin() of nothing is undefined', () => {
  assert.equal(lower([0, 0, 0, 0], 50), undefined);
  assert.equal(percentileBin([], 50), undefined);
});

test('percentileBin() is the bin that the sorted values themselves give', () => {
  const counts = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 4, maxLength: 4 });
  fc.assert(
    fc.property(counts, fc.integer({ min: 1, max: 100 }), (some, percent) => {
      const values = some.flatMap((count, bin) => Array.from({ length: count }, () => BigInt(bin * 10)));
      assert.equal(lower(some, percent), values[Math.ceil((values.length * percent) / 100) - 1]);
    }),
  );
});
