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
    fc.property(
      fc.string(),
      fc.option(counters, { nil: undefined }),
      fc.bigInt({ min: 0n, max: 2n ** 64n }),
      (userData, carried, missed) => {
        fc.pre(!userData.includes('|carried=') && !userData.includes('|missed='));
        assert.deepEqual(splitCarried(joinCarried(userData, carried, missed)), { userData, carried, missed });
      },
    ),
  );
});

test('splitCarried() reads what was written before there was a number of missed sectors', () => {
  const { carried, missed } = splitCarried('user|carried=1,2,3,4,5,6,7,8,9,10,11,12');
  assert.equal(carried?.writeSectors, 7n);
  assert.equal(missed, 0n);
  assert.match(joinCarried('user', carried, 5n), /^user\|missed=5\|carried=1,2,3,4,5,6,7,8,9,10,11,12$/);
});

test('splitCarried() leaves text that only looks like counters to the user', () => {
  assert.deepEqual(splitCarried('x|carried=1,2'), {
    userData: 'x|carried=1,2',
    carried: undefined,
    missed: 0n,
  });
});

test('splitCarried() leaves text that only looks like missed sectors to the user', () => {
  for (const text of ['|missed=', '|missed=0', '|missed=x', '|missed=1 '])
    assert.equal(splitCarried(text).userData, text);
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
