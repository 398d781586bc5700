import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import type { Run } from '../../../src/filemap/extents.ts';
import { inPlace, type Part, placementOf, runsBelow, throughParts } from '../../../src/filemap/stack/parts.ts';
import { FIEMAP_EXTENT } from '../../../src/kernel/fiemap.ts';

/** Ascending parts with gaps between them, or none; `below` anywhere. */
const anyParts = fc
  .array(fc.tuple(fc.nat(20), fc.integer({ min: 1, max: 20 }), fc.nat(150)), { maxLength: 8 })
  .map((steps) => {
    const parts: Part[] = [];
    let at = 0;
    for (const [gap, length, below] of steps) {
      parts.push({ start: at + gap, end: at + gap + length, below });
      at += gap + length;
    }
    return parts;
  });

const sectorsOf = ({ start, end }: Run): number[] => Array.from({ length: end - start }, (_, index) => start + index);

const placesOf = (parts: readonly Part[]): (readonly [sector: number, below: number])[] =>
  parts.flatMap((part) => sectorsOf(part).map((sector) => [sector, part.below + sector - part.start] as const));

test('throughParts() takes each sector to the place of its place, and tells those that have none', () => {
  fc.assert(
    fc.property(anyParts, anyParts, (upper, lower) => {
      const further = new Map(placesOf(lower));
      const places = placesOf(upper).map(([sector, at]) => [sector, further.get(at)] as const);
      const { parts, missing } = throughParts(upper, lower);
      assert.deepEqual(
        placesOf(parts),
        places.filter(([, place]) => place !== undefined),
      );
      assert.deepEqual(
        missing.flatMap(sectorsOf),
        places.filter(([, place]) => place === undefined).map(([sector]) => sector),
      );
    }),
    { numRuns: 2000 },
  );
});

test('runsBelow() tells the sectors on which parts lie, each once', () => {
  fc.assert(
    fc.property(anyParts, (parts) => {
      const runs = runsBelow(parts);
      for (const [index, one] of runs.entries()) assert.ok(index === 0 || (runs[index - 1] as Run).end < one.start);
      const expected = new Set(placesOf(parts).map(([, below]) => below));
      assert.deepEqual(
        runs.flatMap(sectorsOf),
        [...expected].sort((a, b) => a - b),
      );
      assert.deepEqual(throughParts(parts, inPlace(runs)), { parts, missing: [] });
    }),
  );
});

test('placementOf() gives data without a place of its own none', () => {
  const extent = (logical: bigint, physical: bigint, flags: number) => ({ logical, physical, length: 4096n, flags });
  assert.deepEqual(
    placementOf([
      extent(0n, 40_960n, 0),
      extent(8192n, 0n, FIEMAP_EXTENT.UNKNOWN | FIEMAP_EXTENT.DELALLOC),
      extent(12_288n, 81_920n, FIEMAP_EXTENT.UNWRITTEN),
      extent(16_384n, 4096n, FIEMAP_EXTENT.ENCODED),
    ]),
    {
      parts: [
        { start: 0, end: 8, below: 80 },
        { start: 24, end: 32, below: 160 },
      ],
      unplaced: [
        { start: 16, end: 24 },
        { start: 32, end: 40 },
      ],
    },
  );
});
