import assert from 'node:assert/strict';
import test from 'node:test';
import { type FirstCounts, firstOf, type Grown } from '../../src/filemap/growth.ts';
import { sectors } from '../../src/mapper/units.ts';
import { type Counters, ZERO_COUNTERS } from '../../src/stats/counters.ts';
import { NO_ERROR } from '../../src/stats/error-bound.ts';

const wrote = (writeSectors: number): Counters => ({
  ...ZERO_COUNTERS,
  writes: BigInt(writeSectors / 8),
  writeSectors: BigInt(writeSectors),
});
const START = sectors(800n);
const LENGTH = sectors(80n);
const grown = (beside?: Grown['beside']): Grown => ({
  region: {
    ...{ id: 4, start: START, length: LENGTH, step: LENGTH },
    ...{ programId: 'dmstats', aux: '-', precise: false, bounds: [] },
  },
  beside,
});
const holding = (counted: Counters, held = 80): FirstCounts => ({ held: async () => ({ counted, sectors: held }) });
/** A region with these counters, one reading after the other; the last one stays. */
const reading = (...values: number[]) => {
  let next = 0;
  return async (): Promise<Counters> => wrote(values[Math.min(next++, values.length - 1)] as number);
};

test('firstOf() takes off what the region has counted, when nothing ended between its readings', async () => {
  assert.deepEqual(await firstOf(grown(), holding(wrote(96)), reading(16)), {
    counted: wrote(80),
    missed: 0n,
    error: NO_ERROR,
  });
});

test('firstOf() keeps the reading that I/O raced least, with what ended meanwhile as the bound', async () => {
  // Ten pairs of readings, each with I/O in between: 24 sectors, 8 in the second pair, then 16 each.
  const values = [0, 24, 32, 40, ...Array.from({ length: 16 }, (_, index) => 64 + 16 * index)];
  const { counted, error } = await firstOf(grown(), holding(wrote(200)), reading(...values));
  assert.deepEqual(counted, wrote(160));
  assert.deepEqual(error, { sectors: 8n, ios: 1n });
});

test('firstOf() of sectors that were held in part knows from the areas beside them how much it may have taken off too much', async () => {
  const beside = async () => ({ sectors: 24n, ios: 5n });
  const first = holding(wrote(400), 72);
  assert.deepEqual(await firstOf(grown(beside), first, reading(160)), {
    counted: wrote(240),
    missed: 8n,
    error: { sectors: 24n, ios: 5n },
  });
  // Never more than what was taken off, and all of that where nothing counts them.
  assert.deepEqual((await firstOf(grown(beside), first, reading(16))).error, { sectors: 16n, ios: 2n });
  assert.deepEqual((await firstOf(grown(), first, reading(160))).error, { sectors: 160n, ios: 20n });
  assert.deepEqual(
    (
      await firstOf(
        grown(async () => undefined),
        first,
        reading(160),
      )
    ).error.sectors,
    160n,
  );
});

test('firstOf() misses all of what nothing held, and nothing where nobody can have written', async () => {
  const nothing = { counted: ZERO_COUNTERS, error: NO_ERROR };
  const read = reading(8);
  assert.deepEqual(await firstOf(grown(), undefined, read), { ...nothing, missed: 80n });
  assert.deepEqual(await firstOf(grown(), holding(ZERO_COUNTERS, 0), read), { ...nothing, missed: 80n });
  const untouched = { ...holding(wrote(8)), isUntouched: async () => true };
  assert.deepEqual(await firstOf(grown(), untouched, read), { ...nothing, missed: 0n });
});
