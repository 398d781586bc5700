import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { carefulPercentText, percent, percentText, twoDecimals } from '../../src/report/number.ts';

// What "%.2f" of glibc prints, from its rule: the exact binary value, halves to even.
const PRINTF: readonly (readonly [number, string])[] = [
  [0, '0.00'],
  [0.125, '0.12'],
  [0.375, '0.38'],
  [0.625, '0.62'],
  [0.875, '0.88'],
  [1.005, '1.00'],
  [1.115, '1.11'],
  [2.5, '2.50'],
  [-0.125, '-0.12'],
  [1048576.125, '1048576.12'],
];
for (const [value, text] of PRINTF) {
  test(`twoDecimals() rounds ${value} as printf does`, () => {
    assert.equal(twoDecimals(value), text);
  });
}

test('percent() is 0 or 100 only for nothing and all', () => {
  assert.equal(percent(0, 5), 0);
  assert.equal(percent(5, 5), 100_000_000);
  assert.equal(percent(0, 0), 0);
  assert.equal(percent(1, 1e12), 1);
  assert.equal(percent(1e12 - 1, 1e12), 99_999_999);
});

test('carefulPercentText() never shows a little as nothing nor nearly all as all', () => {
  assert.equal(carefulPercentText(1), '0.01');
  assert.equal(carefulPercentText(99_999_999), '99.99');
  assert.equal(carefulPercentText(100_000_000), '100.00');
  assert.equal(carefulPercentText(0), '0.00');
});

test('percentText() rounds like the C tool, halves to even', () => {
  assert.equal(percentText(percent(4, 128)), '3.12');
  assert.equal(percentText(percent(114, 128)), '89.06');
});

test('twoDecimals() is toFixed(2) but for exact halves of a hundredth', () => {
  const value = fc.oneof(
    fc.double({ min: 0, max: 2e9, noNaN: true }),
    // Next to a half of a hundredth, on both sides.
    fc
      .tuple(fc.integer({ min: 0, max: 2_000_000_000 }), fc.constantFrom(-1, 0, 1))
      .map(([count, side]) => (count + 0.5) / 100 + side * 2 ** -40 * (1 + count)),
  );
  fc.assert(
    fc.property(value, (number) => {
      const eighths = number * 8;
      fc.pre(!(Number.isInteger(eighths) && eighths % 2 === 1));
      assert.equal(twoDecimals(number), number.toFixed(2));
    }),
    { numRuns: 2000 },
  );
});
