import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sectorsOfPages } from '../../scripts/demo/phases.ts';
import type { Row } from '../../scripts/demo/recording.ts';
import { duration, percent, tableHead, tableRow } from '../../scripts/demo/table.ts';

const row: Row = {
  atMs: 3020,
  phase: 'append',
  sizeBytes: 9.5 * 1024 * 1024,
  extents: 3,
  regions: 6,
  readsPerSecond: 139.4,
  writesPerSecond: 0,
  readBytesPerSecond: 2.2 * 1024 * 1024,
  writeBytesPerSecond: 0,
  meanWaitMs: 0.954,
  countedSectors: 13_856,
  notSeenSectors: 7424,
};

test('tableRow() puts each number under its heading', () => {
  const [, heading = ''] = tableHead();
  const text = tableRow(row);
  assert.equal(
    text,
    ' 3.0 s O_DIRECT append     9.5       3       6     139        0   2.2   0.0   954 us    13856     7424',
  );
  for (const [word, value] of [
    ['extents', '3'],
    ['reads/s', '139'],
    ['latency', '954 us'],
    ['not seen', '7424'],
  ] as const) {
    const end = heading.indexOf(word) + word.length;
    assert.equal(text.slice(end - value.length, end), value, word);
  }
});

test('duration() changes its unit and has none for nothing', () => {
  assert.deepEqual([0, 0.35, 1, 12.34, 250].map(duration), ['-', '350 us', '1.0 ms', '12.3 ms', '250 ms']);
});

test('percent() never rounds a share up to all of it', () => {
  assert.deepEqual(
    [percent(1, 3), percent(99_999, 100_000), percent(5, 5), percent(0, 0)],
    ['33.3 %', '> 99.9 %', '100.0 %', '-'],
  );
});

test('sectorsOfPages() counts whole pages that a write touches', () => {
  assert.deepEqual(
    [sectorsOfPages(0, 1), sectorsOfPages(4095, 2), sectorsOfPages(4096, 8192), sectorsOfPages(9, 0)],
    [8, 16, 16, 0],
  );
});
