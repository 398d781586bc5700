import assert from 'node:assert/strict';
import { test } from 'node:test';
import { coverExactly, regionsInFile } from '../../scripts/demo/file-regions.ts';
import { FIEMAP_EXTENT } from '../../src/kernel/fiemap.ts';
import { sectors } from '../../src/mapper/units.ts';

const MIB = 1024n * 1024n;
const extent = (logical: bigint, physical: bigint, length: bigint, flags = 0) => ({
  logical: logical * MIB,
  physical: physical * MIB,
  length: length * MIB,
  flags,
});
const range = (start: bigint, length: bigint) => ({
  start: sectors((start * MIB) / 512n),
  length: sectors((length * MIB) / 512n),
});
const named = (name: string, start: bigint, length: bigint) => ({ name, ...range(start, length) });
const mib = (value: number) => value * 1024 * 1024;

test('regionsInFile() places regions by the file, not by the device', () => {
  const { pieces, uncovered } = regionsInFile(
    [extent(0n, 20n, 2n), extent(2n, 10n, 2n)],
    [named('low', 10n, 2n), named('high', 20n, 2n)],
  );
  assert.deepEqual(pieces, [
    { offset: 0, length: mib(2), region: 'high' },
    { offset: mib(2), length: mib(2), region: 'low' },
  ]);
  assert.deepEqual(uncovered, []);
});

test('regionsInFile() joins written and unwritten neighbours in one region', () => {
  const { pieces } = regionsInFile(
    [extent(0n, 10n, 1n), extent(1n, 11n, 1n, FIEMAP_EXTENT.UNWRITTEN)],
    [named('one', 10n, 2n)],
  );
  assert.deepEqual(pieces, [{ offset: 0, length: mib(2), region: 'one' }]);
});

test('regionsInFile() gives what no region covers, also between two', () => {
  const { pieces, uncovered } = regionsInFile(
    [extent(0n, 10n, 8n)],
    [named('b', 15n, 1n), named('a', 11n, 2n), named('elsewhere', 30n, 1n)],
  );
  assert.deepEqual(
    pieces.map(({ region }) => region),
    ['a', 'b'],
  );
  assert.deepEqual(uncovered, [
    { offset: 0, length: mib(1) },
    { offset: mib(3), length: mib(2) },
    { offset: mib(6), length: mib(2) },
  ]);
});

test('regionsInFile() leaves out data that has no blocks yet', () => {
  const raw = [extent(0n, 0n, 4n, FIEMAP_EXTENT.DELALLOC | FIEMAP_EXTENT.UNKNOWN)];
  assert.deepEqual(regionsInFile(raw, []), { pieces: [], uncovered: [] });
});

test('coverExactly() takes pieces for their sum', () => {
  assert.ok(coverExactly([range(10n, 4n), range(20n, 1n)], [range(20n, 1n), range(12n, 2n), range(10n, 2n)]));
});

test('coverExactly() sees a gap, a sector too many and a sector covered twice', () => {
  assert.ok(!coverExactly([range(10n, 4n)], [range(10n, 3n)]));
  assert.ok(!coverExactly([range(10n, 4n)], [range(10n, 5n)]));
  assert.ok(!coverExactly([range(10n, 4n)], [range(10n, 3n), range(12n, 2n)]));
  assert.ok(!coverExactly([range(10n, 4n)], []));
});
