import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { groupCounters, joinCarried, splitCarried } from '../../src/stats/carried.ts';
import { COUNTER_NAMES, type Counters, ZERO_COUNTERS } from '../../src/stats/counters.ts';
import { NO_ERROR } from '../../src/stats/error-bound.ts';

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
      fc
        .tuple(fc.bigInt({ min: 0n, max: 2n ** 64n }), fc.bigInt({ min: 0n, max: 2n ** 64n }))
        .map(([sectors, ios]) => ({ sectors, ios })),
      fc.option(
        fc
          .tuple(fc.stringMatching(/^[0-9a-f]{12}$/), fc.integer({ min: 1 }))
          .map(([line, number]) => ({ line, number })),
        { nil: undefined },
      ),
      (userData, carried, missed, error, generation) => {
        fc.pre(!/\|(carried|missed|error|gen)=/.test(userData));
        const kept = { carried, missed, error, generation };
        assert.deepEqual(splitCarried(joinCarried(userData, kept)), { userData, ...kept });
      },
    ),
  );
});

test('splitCarried() reads what was written before there was a number of missed sectors', () => {
  const { carried, missed } = splitCarried('user|carried=1,2,3,4,5,6,7,8,9,10,11,12');
  assert.equal(carried?.writeSectors, 7n);
  assert.equal(missed, 0n);
  assert.match(joinCarried('user', { carried, missed: 5n }), /^user\|missed=5\|carried=1,2,3,4,5,6,7,8,9,10,11,12$/);
});

test('splitCarried() leaves text that only looks like counters to the user', () => {
  assert.deepEqual(splitCarried('x|carried=1,2'), {
    userData: 'x|carried=1,2',
    carried: undefined,
    missed: 0n,
    error: NO_ERROR,
    generation: undefined,
  });
});

test('splitCarried() leaves text that only looks like its own to the user', () => {
  for (const text of [
    '|missed=',
    '|missed=0',
    '|missed=x',
    '|missed=1 ',
    '|error=1',
    '|error=1,x',
    '|gen=ab',
    '|gen=x.1',
  ])
    assert.equal(splitCarried(text).userData, text);
});

test('joinCarried() puts no blank into what lvm2 would cut at a blank', () => {
  assert.doesNotMatch(
    joinCarried('', {
      carried: ZERO_COUNTERS,
      missed: 1n,
      error: { sectors: 8n, ios: 1n },
      generation: { line: 'ab', number: 1 },
    }),
    /\s/,
  );
});

test('groupCounters() adds what is carried to what the regions count', () => {
  const one = { ...ZERO_COUNTERS, reads: 3n, histogram: [1n, 2n] };
  const carried = { ...ZERO_COUNTERS, reads: 10n, histogram: [5n, 5n] };
  const sum = groupCounters([one, one], carried);
  assert.equal(sum.reads, 16n);
  assert.deepEqual(sum.histogram, [7n, 9n]);
});
