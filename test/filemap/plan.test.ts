import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { mapExtents, type Range, rangesOf } from '../../src/filemap/extents.ts';
import { ANCHOR, changesNothing, isAnchor, type Plan, planUpdate } from '../../src/filemap/plan.ts';
import { FIEMAP_EXTENT } from '../../src/kernel/fiemap.ts';
import { sectors } from '../../src/mapper/units.ts';
import type { Region } from '../../src/stats/region.ts';

const range = (start: number, length: number): Range => ({ start: sectors(start), length: sectors(length) });
const region = (id: number, start: number, length: number): Region => ({
  id,
  ...range(start, length),
  step: sectors(length),
  programId: 'p',
  aux: '',
  precise: false,
  bounds: [],
});
const ids = (regions: readonly Region[]): number[] => regions.map(({ id }) => id);
const raw = (physical: number, length: number, flags = 0, logical = 0) => ({
  logical: BigInt(logical),
  physical: BigInt(physical),
  length: BigInt(length),
  flags,
});

test('mapExtents() joins neighbours on the device, whatever their flags and order', () => {
  const { runs, tail, pending } = mapExtents([
    raw(8192, 4096, FIEMAP_EXTENT.UNWRITTEN),
    raw(4096, 4096),
    raw(65536, 4096, FIEMAP_EXTENT.LAST),
  ]);
  assert.deepEqual(rangesOf(runs), [range(8, 16), range(128, 8)]);
  assert.equal(pending, false);
  assert.equal(tail, 136);
});

test('mapExtents() tells where the file ends on the device, which need not be its last sector there', () => {
  assert.equal(mapExtents([raw(65536, 4096), raw(4096, 4096, FIEMAP_EXTENT.LAST)]).tail, 16);
});

test('mapExtents() leaves out what has no blocks and says that more will come', () => {
  const extents = mapExtents([raw(0, 4096, FIEMAP_EXTENT.DELALLOC | FIEMAP_EXTENT.UNKNOWN)]);
  assert.deepEqual(extents, { runs: [], tail: undefined, pending: true, notes: [] });
});

test('mapExtents() gives the reason for what it refuses, rounds or shares', () => {
  const { runs, notes } = mapExtents([
    raw(1000, 6, FIEMAP_EXTENT.DATA_INLINE | FIEMAP_EXTENT.NOT_ALIGNED),
    raw(4096, 4096, FIEMAP_EXTENT.ENCODED),
    raw(8192, 4096, FIEMAP_EXTENT.ENCODED | FIEMAP_EXTENT.DATA_ENCRYPTED),
    raw(1_000_100, 10, FIEMAP_EXTENT.NOT_ALIGNED),
    raw(2_097_152, 4096, FIEMAP_EXTENT.SHARED),
  ]);
  assert.deepEqual(rangesOf(runs), [range(16, 8), range(1953, 1), range(4096, 8)]);
  assert.match(notes.join('\n'), /1 extent not mapped: the data is inside the inode/);
  assert.match(notes.join('\n'), /1 extent not mapped: the data is compressed/);
  assert.match(notes.join('\n'), /1 extent rounded/);
  assert.match(notes.join('\n'), /1 extent shared/);
});

test('planUpdate() keeps the region of an extent that grew and gives the growth its own', () => {
  const plan = planUpdate([region(0, 0, 8)], [range(0, 24)], 0, 8);
  assert.deepEqual(plan.keep, [0]);
  assert.deepEqual(plan.create, [range(8, 16)]);
  assert.deepEqual(plan.replace, []);
});

test('planUpdate() hands over the part that a truncation leaves', () => {
  const old = region(3, 100, 50);
  const plan = planUpdate([region(0, 0, 8), old], [range(0, 8), range(100, 20)], 0, 8);
  assert.deepEqual(plan.create, []);
  assert.deepEqual(plan.replace, [{ old: [old], ranges: [range(100, 20)], optional: false }]);
});

test('planUpdate() cuts new ranges at the borders of what leaves, so that only the inside is handed over', () => {
  const old = region(3, 100, 50);
  const plan = planUpdate([old], [range(80, 40)], 3, 8);
  assert.deepEqual(plan.create, [range(80, 20)]);
  assert.deepEqual(plan.replace, [{ old: [old], ranges: [range(100, 20)], optional: false }]);
});

test('planUpdate() makes one region of many pieces, never of the leader', () => {
  const pieces = Array.from({ length: 5 }, (_, index) => region(index, index * 8, 8));
  const plan = planUpdate(pieces, [range(0, 40)], 0, 3);
  assert.deepEqual(plan.keep, [0]);
  assert.deepEqual(plan.replace, [{ old: pieces.slice(1), ranges: [range(8, 32)], optional: true }]);
  assert.ok(changesNothing(planUpdate(pieces, [range(0, 40)], 0, 4)));
});

test('planUpdate() holds an empty file together with a region behind every device, until there is data', () => {
  const plan = planUpdate([region(0, 0, 8)], [], 0, 8);
  assert.deepEqual(plan.create, [ANCHOR]);
  assert.equal(plan.replace.length, 1);
  const anchor = { ...region(4, 0, 1), ...ANCHOR };
  assert.ok(changesNothing(planUpdate([anchor], [], 4, 8)));
  const regrown = planUpdate([anchor], [range(0, 8)], 4, 8);
  assert.deepEqual(regrown.create, [range(0, 8)]);
  assert.deepEqual(regrown.replace, [{ old: [anchor], ranges: [], optional: false }]);
});

test('planUpdate() frees one of two regions over the same sectors', () => {
  const plan = planUpdate([region(0, 0, 8), region(1, 0, 8)], [range(0, 8)], 0, 8);
  assert.deepEqual(plan.keep, [0]);
  assert.deepEqual(ids(plan.replace.flatMap(({ old }) => old)), [1]);
});

const SPACE = 400;
const intervals = fc
  .array(fc.tuple(fc.nat(SPACE - 20), fc.integer({ min: 1, max: 20 })), { maxLength: 30 })
  .map((list) => list.map(([start, length]) => range(start, length)));
const covered = (ranges: readonly Range[]): Set<number> => {
  const set = new Set<number>();
  for (const { start, length } of ranges) {
    for (let at = Number(start); at < Number(start + length); at++) set.add(at);
  }
  return set;
};
const after = (plan: Plan, regions: readonly Region[]): Range[] => [
  ...regions.filter(({ id }) => plan.keep.includes(id)),
  ...plan.create,
  ...plan.replace.flatMap((replacement) => replacement.ranges),
];

test('planUpdate() covers exactly the extents, each sector once, touches nothing twice, from any state', () => {
  fc.assert(
    fc.property(intervals, intervals, fc.integer({ min: 1, max: 5 }), (existing, wanted, maxPieces) => {
      const regions = existing.map(({ start, length }, id) => region(id, Number(start), Number(length)));
      const extents = rangesOf(
        mapExtents(wanted.map(({ start, length }) => raw(Number(start) * 512, Number(length) * 512))).runs,
      );
      const plan = planUpdate(regions, extents, 0, maxPieces);
      const real = after(plan, regions).filter((one) => !isAnchor(one));
      const total = real.reduce((sum, { length }) => sum + Number(length), 0);
      assert.equal(total, covered(real).size, 'a sector is counted twice');
      assert.deepEqual([...covered(real)].sort(), [...covered(extents)].sort());
      const touched = [...plan.keep, ...ids(plan.replace.flatMap(({ old }) => old))];
      assert.deepEqual(touched.sort(), ids(regions).sort());
      for (const { old, ranges } of plan.replace) {
        const before = covered(old);
        for (const sector of covered(ranges)) assert.ok(before.has(sector), 'a successor outside its predecessor');
      }
      // Growth is where no region counted before.
      const all = covered(regions);
      for (const sector of covered(plan.create)) assert.ok(!all.has(sector), 'growth over an old region');
    }),
    { numRuns: 2000 },
  );
});

test('planUpdate() plans 100 000 extents without comparing each with each', () => {
  const count = 100_000;
  const regions = Array.from({ length: count }, (_, id) => region(id, id * 16, 8));
  const extents = regions.map((one, index) => (index === 5 ? range(80, 9) : { start: one.start, length: one.length }));
  let compared = 0;
  for (const one of regions) {
    const { start } = one;
    Object.defineProperty(one, 'start', {
      get() {
        compared++;
        return start;
      },
    });
  }
  const plan = planUpdate(regions, extents, 0, 8);
  assert.deepEqual(plan.create, [range(88, 1)]);
  assert.ok(compared < count * 60, `${compared} reads of a start for ${count} regions`);
});
