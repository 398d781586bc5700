import assert from 'node:assert/strict';
import test from 'node:test';
import { UsageError } from '../../src/mapper/errors.ts';
import { parseUnits, sizeText } from '../../src/report/size.ts';

// From dmstats 1.02.185: RgSize of regions of these lengths with --units, and the man page's list of units.
const SIZES: readonly (readonly [sectors: bigint, units: string, text: string])[] = [
  [0n, 'h', '0'],
  [0n, 'k', '0'],
  [1n, 'h', '512.00b'],
  [1366n, 'h', '683.00k'],
  [19000n, 'h', '9.28m'],
  [20480n, 'h', '10.00m'],
  [8388608n, 'h', '4.00g'],
  [20480n, 'H', '10.49M'],
  [1366n, 'H', '699.39K'],
  [20480n, 'k', '10240.00'],
  [1366n, '4k', '170.75'],
  [1366n, 's', '1366'],
  [20480n, 'B', '10485760'],
  [20480n, 'M', '10.49'],
  [8388608n, 'g', '4.00'],
  [2n ** 61n, 'e', '1024.00'],
];
for (const [sectors, units, text] of SIZES) {
  test(`sizeText() of ${sectors} sectors in ${units} is ${text}`, () => {
    assert.equal(sizeText(sectors, parseUnits(units)), text);
  });
}

for (const text of ['', 'foo', 'x', 'kk', '0k', '-1k', '4', 'h2', '1e']) {
  test(`parseUnits() refuses ${JSON.stringify(text)} and names what is right`, () => {
    const isUnit = text === '1e';
    if (isUnit) return assert.equal(parseUnits(text).kind, 'fixed');
    assert.throws(
      () => parseUnits(text),
      (error) => error instanceof UsageError && error.message.includes('h or H'),
    );
  });
}
