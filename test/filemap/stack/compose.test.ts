import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import type { Run } from '../../../src/filemap/extents.ts';
import { composeMap } from '../../../src/filemap/stack/compose.ts';
import type { Part } from '../../../src/filemap/stack/parts.ts';
import { parseTable } from '../../../src/mapper/table-line.ts';

const run = (start: number, end: number): Run => ({ start, end });

/** Ascending runs with gaps between them. */
const anyRuns = fc.array(fc.tuple(fc.nat(20), fc.integer({ min: 1, max: 20 })), { maxLength: 8 }).map((steps) => {
  const runs: Run[] = [];
  let at = 0;
  for (const [gap, length] of steps) {
    runs.push(run(at + gap, at + gap + length));
    at += gap + length + 1;
  }
  return runs;
});

const sectorsOf = (runs: readonly Run[]): number[] =>
  runs.flatMap(({ start, end }) => Array.from({ length: end - start }, (_, index) => start + index));

/** Each sector with the one that it lies on. */
const placesOf = (parts: readonly Part[]): (readonly [sector: number, below: number])[] =>
  parts.flatMap((part) => sectorsOf([part]).map((sector) => [sector, part.below + sector - part.start] as const));

/** A table's line, and where a sector of its target lies by the documentation of the kernel. */
interface Known {
  readonly length: number;
  readonly text: string;
  readonly where: (sector: number) => string | undefined;
}

const linear = fc.record({ minor: fc.nat(2), offset: fc.nat(999), length: fc.integer({ min: 1, max: 60 }) });
const anyKnown: fc.Arbitrary<Known> = fc.oneof(
  linear.map(({ minor, offset, length }) => ({
    length,
    text: `linear 253:${minor} ${offset}`,
    where: (sector: number) => `253:${minor}/${offset + sector}`,
  })),
  linear.map(({ minor, offset, length }) => ({
    length,
    text: `crypt aes-xts-plain64 ${'0'.repeat(64)} 0 253:${minor} ${offset}`,
    where: (sector: number) => `253:${minor}/${offset + sector}`,
  })),
  fc
    .record({
      stripes: fc.array(fc.record({ minor: fc.nat(3), offset: fc.nat(99) }), { minLength: 1, maxLength: 4 }),
      chunk: fc.integer({ min: 1, max: 8 }),
      rows: fc.integer({ min: 1, max: 5 }),
    })
    .map(({ stripes, chunk, rows }) => ({
      length: stripes.length * chunk * rows,
      text: `striped ${stripes.length} ${chunk} ${stripes.map(({ minor, offset }) => `253:${minor} ${offset}`).join(' ')}`,
      // Documentation/admin-guide/device-mapper/striped.rst: chunks go to the stripes in turn.
      where(sector: number) {
        const row = Math.floor(sector / chunk / stripes.length);
        const stripe = stripes[Math.floor(sector / chunk) % stripes.length];
        return stripe && `253:${stripe.minor}/${stripe.offset + row * chunk + (sector % chunk)}`;
      },
    })),
  fc.integer({ min: 1, max: 60 }).map((length) => ({ length, text: 'thin 253:0 1', where: () => undefined })),
);

test('composeMap() takes every sector of any runs where the table says, and counts those that it does not place', () => {
  fc.assert(
    fc.property(anyRuns, fc.array(anyKnown, { minLength: 1, maxLength: 5 }), (runs, lines) => {
      let end = 0;
      const starts = lines.map(({ length }) => {
        end += length;
        return end - length;
      });
      const table = parseTable(lines.map(({ length, text }, index) => `${starts[index]} ${length} ${text}`).join('\n'));
      const places = sectorsOf(runs)
        .filter((sector) => sector < end)
        .map((sector) => {
          const index = lines.findLastIndex((_, at) => (starts[at] as number) <= sector);
          const where = lines[index]?.where(sector - (starts[index] as number));
          return where && `${sector} on ${where}`;
        });
      const { below, unplaced } = composeMap(runs, table);
      const composed = below.flatMap(({ device: { major, minor }, parts }) => {
        for (const [index, one] of parts.entries())
          assert.ok(index === 0 || (parts[index - 1] as Part).end <= one.start);
        return placesOf(parts).map(([sector, at]) => `${sector} on ${major}:${minor}/${at}`);
      });
      assert.deepEqual(composed.sort(), places.filter((place) => place !== undefined).sort());
      assert.equal(
        unplaced.reduce((sum, { sectors }) => sum + sectors, 0),
        places.filter((place) => place === undefined).length,
      );
    }),
    { numRuns: 2000 },
  );
});

test('composeMap() says which targets do not keep their sectors at one place', () => {
  const table = parseTable(
    '0 10 linear 253:7 100\n10 10 thin 253:0 1\n20 10 delay 253:1 0 5 253:2 0 7\n30 10 delay 253:1 4 5',
  );
  assert.deepEqual(composeMap([run(8, 12), run(18, 34)], table), {
    below: [
      { device: { major: 253, minor: 7 }, parts: [{ ...run(8, 10), below: 108 }] },
      { device: { major: 253, minor: 1 }, parts: [{ ...run(30, 34), below: 4 }] },
    ],
    unplaced: [
      { type: 'thin', sectors: 4 },
      { type: 'delay', sectors: 10 },
    ],
  });
});
