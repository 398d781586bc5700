import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { groupCounters, joinCarried, splitCarried } from '../../src/stats/carried.ts';
import { COUNTER_NAMES, type Counters, ZERO_COUNTERS } from '../../src/stats/counters.ts';

const counters = fc
  .tuple(
    fc.array(fc.bigInt({ min: 0n, max: 2n ** 64n }), { minLength: 13, maxLength: 13 }),
    fc.array(fc.bigInt({ min: 0n, max: 2n ** 64n }), { maxLength: 6 }),
  )
  .map(([numbers, histogram]) => {
    const named = Object.fromEntries(COUNTER_NAMES.map((name, index) => [name, numbers[index]]));
    return { ...named, inFlight: 0n, histogram } as unknown as Counters;
  });

test('splitCarried() reads back user data and counters', () => {
  fc.assert(
    fc.property(fc.string(), fc.option(counters, { nil: undefined }), (userData, carried) => {
      fc.pre(!userData.includes('|carried='));
      assert.deepEqual(splitCarried(joinCarried(userData, carried)), { userData, carried });
    }),
  );
});

test('splitCarried() leaves text that only looks like counters to the user', () => {
  assert.deepEqual(splitCarried('x|carried=1,2'), { userData: 'x|carried=1,2', carried: undefined });
});

test('joinCarried() puts no blank into what lvm2 would cut at a blank', () => {
  assert.doesNotMatch(joinCarried('', ZERO_COUNTERS), /\s/);
});

test('groupCounters() adds what is carried to what the regions count', () => {
  const one = { ...ZERO_COUNTERS, reads: 3n, histogram: [1n, 2n] };
  const carried = { ...ZERO_COUNTERS, reads: 10n, histogram: [5n, 5n] };
  const sum = groupCounters([one, one], carried);
  assert.equal(sum.reads, 16n);
  assert.deepEqual(sum.histogram, [7n, 9n]);
});
