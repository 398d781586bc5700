import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import type { Run } from '../../../src/filemap/extents.ts';
import {
  DEFAULT_MAX_REGIONS,
  fewestRegions,
  type Packing,
  planPacking,
  priceOf,
} from '../../../src/filemap/packing/pack.ts';
import { sectors } from '../../../src/mapper/units.ts';
import { creditedRuns, creditOf, MOST_AREAS } from '../../../src/stats/packed.ts';

const costs = { cpus: 2, bounds: 0 };
const BLOCK = 8;

/** So many extents of a block, with a gap of `gap` blocks behind each. */
const scattered = (count: number, gap: number, start = 4096): Run[] =>
  Array.from({ length: count }, (_, index) => {
    const at = start + index * (1 + gap) * BLOCK;
    return { start: at, end: at + BLOCK };
  });

/** Extents of random lengths with random gaps, in units of a block or, seldom, of a sector. */
const anyRuns: fc.Arbitrary<Run[]> = fc
  .record({
    unit: fc.constantFrom(1, BLOCK, BLOCK, BLOCK, 64),
    pieces: fc.array(
      fc.record({
        gap: fc.oneof(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 5000 })),
        length: fc.oneof(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 5000 })),
      }),
      { maxLength: 200 },
    ),
  })
  .map(({ unit, pieces }) => {
    let at = 0;
    return pieces.map(({ gap, length }) => {
      const start = at + gap * unit;
      at = start + length * unit;
      return { start, end: at };
    });
  });

/** What a packing counts for the file, by the bits that a reader will see. */
function counted({ single, spans }: Packing): Run[] {
  const shared = spans.flatMap((span) => {
    const range = { start: sectors(span.start), length: sectors(span.areas * span.step) };
    const region = { id: 0, ...range, programId: '', aux: '', precise: false, bounds: [] };
    return creditedRuns({
      areas: { ...region, step: sectors(span.step) },
      whole: { ...region, step: range.length },
      credited: creditOf(span, span.runs),
    });
  });
  return [...single, ...shared].sort((a, b) => a.start - b.start);
}

test('planPacking() counts every sector of the file in exactly one region or area, and no other', () => {
  fc.assert(
    fc.property(
      anyRuns,
      fc.integer({ min: 1, max: 100 }),
      fc.boolean(),
      fc.boolean(),
      (runs, max, strict, keepFirst) => {
        const packing = planPacking(runs, { ...costs, maxRegions: max, strict, keepFirst });
        assert.deepEqual(counted(packing), runs);
        for (const { start, step, areas, runs: shared } of packing.spans) {
          assert.ok(areas <= MOST_AREAS && shared.length > 2);
          assert.equal(start + step * areas, shared.at(-1)?.end);
          for (const run of shared) assert.ok((run.start - start) % step === 0 && (run.end - start) % step === 0);
        }
      },
    ),
  );
});

test('planPacking() never costs more than a region an extent, unless few regions are worth it', () => {
  fc.assert(
    fc.property(anyRuns, fc.integer({ min: 1, max: 100 }), fc.integer({ min: 1, max: 64 }), (runs, max, cpus) => {
      const limits = { cpus, bounds: 4, maxRegions: max };
      const unpacked = priceOf({ single: runs, spans: [] }, limits);
      const price = priceOf(planPacking(runs, limits), limits);
      assert.ok(price.bytes <= unpacked.bytes && price.regions <= unpacked.regions);
    }),
  );
});

test('planPacking() keeps to the limit where that is possible at all', () => {
  fc.assert(
    fc.property(anyRuns, fc.integer({ min: 1, max: 100 }), (runs, max) => {
      const packing = planPacking(runs, { ...costs, maxRegions: max, strict: true });
      const { regions } = priceOf(packing, costs);
      if (fewestRegions(runs, costs) <= max) assert.ok(regions <= max);
      if (runs.length <= max) assert.deepEqual(packing, { single: runs, spans: [] });
    }),
  );
});

test('planPacking() gives the first extent of a packed file a region of its own: it leads the group', () => {
  const runs = scattered(DEFAULT_MAX_REGIONS + 1, 1);
  const { single, spans } = planPacking(runs, { ...costs, maxRegions: DEFAULT_MAX_REGIONS });
  assert.deepEqual(single, runs.slice(0, 1));
  assert.equal(spans.length, 1);
});

test('planPacking() makes two regions of 4000 extents of every other block, beside the leader, in 3 MB', () => {
  const packing = planPacking(scattered(4000, 1), { ...costs, maxRegions: DEFAULT_MAX_REGIONS });
  const price = priceOf(packing, costs);
  // From the second extent to the last: 3999 blocks and the 3998 between them.
  assert.deepEqual([price.regions, price.areas], [3, 7997]);
  // drivers/md/dm-stats.c with NR_CPUS 8192: 65 664 bytes a region, 328 an area with two CPUs.
  assert.equal(price.bytes, 3 * 65_664 + (7997 + 2) * 328);
});

test('planPacking() leaves extents alone that are too far apart to share anything cheaply', () => {
  // 128 MiB apart: areas of a block in between would cost 10 MB for each.
  const runs = scattered(1000, 32_767);
  const packing = planPacking(runs, { ...costs, maxRegions: DEFAULT_MAX_REGIONS });
  assert.ok(priceOf(packing, costs).bytes <= priceOf({ single: runs, spans: [] }, costs).bytes);
  assert.deepEqual(counted(packing), runs);
});

test('planPacking() lets extents of a single sector share too, as on a file system with blocks of 512 bytes', () => {
  const runs = Array.from({ length: 300 }, (_, index) => ({ start: 2 * index, end: 2 * index + 1 }));
  const { single, spans } = planPacking(runs, { ...costs, maxRegions: 2 * 100 });
  assert.deepEqual(single, runs.slice(0, 1));
  assert.deepEqual(spans, [{ start: 2, step: 1, areas: 2 * 299 - 1, runs: runs.slice(1) }]);
});

test('planPacking() lets distant heaps of extents share by heap, and leaves long extents alone', () => {
  const heaps = [0, 1e8, 2e8].flatMap((start) => scattered(200, 3, start));
  const long = { start: 3e8, end: 3e8 + 2 ** 24 };
  const { single, spans } = planPacking([...heaps, long], { ...costs, maxRegions: 100 });
  assert.equal(spans.length, 3);
  assert.deepEqual(single, [heaps[0], long]);
});

test('priceOf() is what a kernel of two CPUs charges', () => {
  // Measured on 6.12 with P=2: 65 992 bytes for a region of one area, 264 MB for 4000 of them.
  assert.equal(priceOf({ single: scattered(1, 0), spans: [] }, costs).bytes, 65_992);
  assert.equal(priceOf({ single: scattered(4000, 1), spans: [] }, costs).bytes, 4000 * 65_992);
});
