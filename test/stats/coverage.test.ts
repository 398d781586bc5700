import assert from 'node:assert/strict';
import test from 'node:test';
import { ZERO_COUNTERS } from '../../src/stats/counters.ts';
import { coverageOf } from '../../src/stats/coverage.ts';
import { addBounds, distanceOf, isExact, NO_ERROR, shortfallOf } from '../../src/stats/error-bound.ts';

test('coverageOf() is the counted share of what was counted and missed', () => {
  const counters = { ...ZERO_COUNTERS, readSectors: 20n, writeSectors: 10n };
  assert.equal(coverageOf({ counters, missed: 10n, error: NO_ERROR }).ratio, 0.75);
  assert.equal(coverageOf({ counters, missed: 0n, error: NO_ERROR }).ratio, 1);
  assert.equal(coverageOf({ counters: ZERO_COUNTERS, missed: 8n, error: NO_ERROR }).ratio, 0);
});

test('coverageOf() knows the share of other files’ sectors', () => {
  const counters = { ...ZERO_COUNTERS, readSectors: 20n, writeSectors: 10n };
  const bound = { reads: 1n, writes: 0n, foreignSectors: 10n };
  assert.deepEqual(coverageOf({ counters, missed: 0n, error: NO_ERROR, bound }).foreignRatio, 0.25);
  assert.equal(coverageOf({ counters, missed: 0n, error: NO_ERROR }).foreignRatio, 0);
  assert.equal(coverageOf({ counters: ZERO_COUNTERS, missed: 0n, error: NO_ERROR }).foreignRatio, 0);
});

test('coverageOf() of nothing that could be missed is whole', () => {
  assert.equal(coverageOf({ counters: ZERO_COUNTERS, missed: 0n, error: NO_ERROR }).ratio, 1);
});

test('distanceOf() is no less for a counter that went back', () => {
  const before = { ...ZERO_COUNTERS, reads: 5n, readSectors: 40n, writes: 1n, writeSectors: 8n };
  const after = { ...ZERO_COUNTERS, reads: 2n, readSectors: 16n, writes: 2n, writeSectors: 16n };
  assert.deepEqual(distanceOf(after, before), { sectors: 32n, ios: 4n });
  assert.ok(isExact(distanceOf(before, before)));
});

test('shortfallOf() is what is below zero, of each counter', () => {
  const bound = shortfallOf({ ...ZERO_COUNTERS, reads: -2n, writes: 5n, readSectors: -16n, writeSectors: 40n });
  assert.deepEqual(addBounds(bound, { sectors: 1n, ios: 1n }), { sectors: 17n, ios: 3n });
});
