import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import type { Run } from '../../../src/filemap/extents.ts';
import {
  afterLook,
  areasToRead,
  besideOf,
  changedRuns,
  EVERYWHERE,
  type LaidLayer,
  overlaps,
  piecesOf,
  type Readings,
  sectorsOf,
} from '../../../src/filemap/lookahead/ledger.ts';
import { type Counters, ZERO_COUNTERS } from '../../../src/stats/counters.ts';

const layer = (change: Partial<LaidLayer>): LaidLayer => ({
  ...{ id: 1, role: 'fine', start: 0, step: 8, areas: 100, blocked: [], readings: new Map() },
  ...{ laid: 1, isRead: false, isRetiring: false },
  ...change,
});
const wrote = (writes: number): Counters => ({ ...ZERO_COUNTERS, writes: BigInt(writes) });
const coarse = layer({ id: 0, role: 'middle', step: 64, areas: 12, laid: 0 });
const fine = layer({ id: 1, start: 160, areas: 20 });
const shown = (pieces: ReturnType<typeof piecesOf>) =>
  pieces.map((piece) => [piece.layer.id, piece.first, piece.count]);

test('piecesOf() takes whole areas, large ones first, and fine ones for what sticks out', () => {
  // 192..256 is the coarse area 3; 184..192 and 256..272 are fine areas 3, 12 and 13.
  assert.deepEqual(shown(piecesOf([coarse, fine], { start: 184, end: 272 })), [
    [1, 3, 1],
    [0, 3, 1],
    [1, 12, 2],
  ]);
});

test('piecesOf() never takes an area of which a part is not the file’s', () => {
  assert.deepEqual(piecesOf([coarse], { start: 8, end: 120 }), []);
  assert.deepEqual(shown(piecesOf([layer({ id: 5 })], { start: 4, end: 20 })), [[5, 1, 1]]);
});

test('piecesOf() never takes an area that was counted otherwise when its baseline was taken', () => {
  const blocked = layer({ id: 0, step: 64, areas: 12, blocked: [{ start: 200, end: 208 }] });
  assert.deepEqual(shown(piecesOf([blocked, fine], { start: 192, end: 256 })), [[1, 4, 8]]);
  assert.deepEqual(piecesOf([layer({ blocked: EVERYWHERE })], { start: 0, end: 80 }), []);
});

test('piecesOf() gives the pieces that retiring areas hold to them, the rest to their successors', () => {
  const retiring = layer({ id: 7, areas: 10, isRetiring: true });
  const successor = layer({ id: 8, start: 40, areas: 10 });
  assert.deepEqual(shown(piecesOf([retiring, successor], { start: 64, end: 96 })), [
    [7, 8, 2],
    [8, 5, 2],
  ]);
});

const run = fc
  .tuple(fc.integer({ min: 0, max: 900 }), fc.integer({ min: 1, max: 300 }))
  .map(([start, length]): Run => ({ start, end: start + length }));
const someLayer = fc
  .record({
    start: fc.integer({ min: 0, max: 40 }).map((blocks) => blocks * 4),
    step: fc.constantFrom(4, 8, 32, 128),
    areas: fc.integer({ min: 1, max: 40 }),
    blocked: fc.array(run, { maxLength: 1 }),
  })
  .map((change) => layer(change));

test('piecesOf() is ascending, disjoint, inside the run, clear of what is blocked, and leaves no free fine area out', () => {
  fc.assert(
    fc.property(fc.array(someLayer, { maxLength: 3 }), run, (unsorted, wanted) => {
      const layers = unsorted.sort((a, b) => b.step - a.step);
      const pieces = piecesOf(layers, wanted);
      const held = new Set<number>();
      let end = wanted.start;
      for (const { layer: one, first, count } of pieces) {
        const start = one.start + first * one.step;
        assert.ok(start >= end, 'ascending');
        end = start + count * one.step;
        assert.ok(first >= 0 && first + count <= one.areas);
        for (let sector = start; sector < end; sector++) {
          assert.ok(!one.blocked.some((block) => sector >= block.start && sector < block.end));
          held.add(sector);
        }
      }
      assert.ok(end <= wanted.end);
      assert.equal(sectorsOf(pieces), held.size);
      const finest = layers.at(-1);
      for (let index = 0; index < (finest?.areas ?? 0); index++) {
        const { start, step, blocked } = finest as LaidLayer;
        const [from, to] = [start + index * step, start + (index + 1) * step];
        const isFree = !blocked.some((block) => block.start < to && from < block.end);
        if (from < wanted.start || to > wanted.end || !isFree) continue;
        assert.ok(held.has(from) || pieces.some((piece) => piece.layer !== finest), `area ${index} left out`);
      }
    }),
  );
});

test('besideOf() has the finest areas over what no piece holds, and nothing where there are none', () => {
  // 160..320 has fine areas. 156..160 lies only in a coarse one; 180..184 is a part of a fine area; 768 is the end.
  const layers = [coarse, fine];
  assert.deepEqual(besideOf(layers, { start: 192, end: 272 }), []);
  assert.deepEqual(shown(besideOf(layers, { start: 180, end: 200 }) ?? []), [[1, 2, 1]]);
  assert.deepEqual(shown(besideOf(layers, { start: 156, end: 176 }) ?? []), [[0, 2, 1]]);
  const blocked = layer({ id: 1, start: 160, areas: 20, blocked: [{ start: 168, end: 176 }] });
  assert.deepEqual(shown(besideOf([coarse, blocked], { start: 160, end: 184 }) ?? []), [[1, 1, 1]]);
  assert.equal(besideOf(layers, { start: 704, end: 776 }), undefined);
  assert.equal(besideOf(layers, { start: 164, end: 166 }), undefined);
});

test('overlaps() agrees with a look at each run', () => {
  const runs = fc.array(fc.integer({ min: 1, max: 20 }), { maxLength: 12 }).map((lengths) => {
    let at = 0;
    return lengths.flatMap((length, index) => {
      at += length;
      return index % 2 === 0 ? [] : [{ start: at - length, end: at }];
    });
  });
  fc.assert(
    fc.property(runs, run, (list, { start, end }) => {
      assert.equal(
        overlaps(list, start, end),
        list.some((one) => one.start < end && start < one.end),
      );
    }),
  );
});

test('changedRuns() joins neighbours and leaves out what stands still', () => {
  const before = layer({ readings: new Map([[2, wrote(5)]]) });
  const now: Readings = new Map([
    [4, wrote(1)],
    [2, wrote(5)],
    [3, wrote(1)],
    [9, wrote(2)],
  ]);
  assert.deepEqual(changedRuns(before, now), [
    { start: 24, end: 40 },
    { start: 72, end: 80 },
  ]);
});

test('areasToRead() looks only below what changed, and at all where nothing above tells', () => {
  const changed = [{ start: 192, end: 256 }];
  assert.deepEqual(areasToRead(fine, [{ layer: coarse, changed }]), [{ first: 4, count: 8 }]);
  assert.deepEqual(areasToRead(fine, [{ layer: coarse, changed: [{ start: 0, end: 64 }] }]), []);
  assert.deepEqual(areasToRead(fine, []), [{ first: 0, count: 20 }]);
  const elsewhere = layer({ start: 1000, areas: 4 });
  assert.deepEqual(areasToRead(elsewhere, [{ layer: coarse, changed }]), [{ first: 0, count: 4 }]);
});

test('areasToRead() looks at all below a layer that was laid later, until that one was read too', () => {
  const changed = [{ start: 192, end: 256 }];
  const later = { ...coarse, laid: 2 };
  const all = [{ first: 0, count: 20 }];
  assert.deepEqual(areasToRead(fine, [{ layer: later, changed }]), all);
  const [read] = afterLook([later], new Map([[later, new Map()]]), []);
  assert.ok(read !== undefined);
  assert.deepEqual(areasToRead(fine, [{ layer: read, changed }]), [{ first: 4, count: 8 }]);
  // A finer one that is read anew with it, but whose coarsest one is older, has that to look below.
  const oldest = { ...coarse, step: 128, areas: 6 };
  assert.deepEqual(
    areasToRead(fine, [
      { layer: oldest, changed: [] },
      { layer: later, changed },
    ]),
    [],
  );
});

test('afterLook() takes readings for baselines, and none where extents or regions were', () => {
  const before = layer({ blocked: [{ start: 80, end: 88 }], readings: new Map([[1, wrote(1)]]) });
  const extents = [{ start: 0, end: 8 }];
  const [read] = afterLook([before], new Map([[before, new Map([[2, wrote(3)]])]]), extents);
  assert.deepEqual(read?.blocked, extents);
  assert.deepEqual([...(read?.readings.keys() ?? [])], [1, 2]);
  // Without a reading the old baselines are as old as they were: what was blocked since then stays so.
  const [unread] = afterLook([before], undefined, extents);
  assert.deepEqual(unread?.blocked, [
    { start: 0, end: 8 },
    { start: 80, end: 88 },
  ]);
  assert.equal(unread?.readings, before.readings);
});
