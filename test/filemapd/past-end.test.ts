import assert from 'node:assert/strict';
import test from 'node:test';
import { reservedEnd, unwrittenPastEnd } from '../../src/filemapd/past-end.ts';
import { FIEMAP_EXTENT } from '../../src/kernel/fiemap.ts';
import type { RawExtent } from '../../src/system/fiemap.ts';

const { UNWRITTEN, DELALLOC, UNKNOWN } = FIEMAP_EXTENT;

/** In blocks of 4096 bytes. */
const extent = (logical: number, physical: number, length: number, flags = 0): RawExtent => ({
  logical: BigInt(logical) * 4096n,
  physical: BigInt(physical) * 4096n,
  length: BigInt(length) * 4096n,
  flags,
});

test('reservedEnd() ends at the first gap, and where blocks are only promised', () => {
  assert.equal(reservedEnd([], 5000n), 5000n);
  assert.equal(reservedEnd([extent(0, 100, 2)], 5000n), 8192n);
  assert.equal(reservedEnd([extent(0, 100, 2), extent(2, 300, 4, UNWRITTEN)], 5000n), 6n * 4096n);
  assert.equal(reservedEnd([extent(0, 100, 2), extent(3, 300, 4, UNWRITTEN)], 8192n), 8192n);
  assert.equal(reservedEnd([extent(0, 100, 2), extent(2, 0, 4, DELALLOC | UNKNOWN)], 8192n), 8192n);
});

test('unwrittenPastEnd() tells sectors of unwritten extents, without those before the end', () => {
  assert.deepEqual(unwrittenPastEnd([extent(0, 100, 2)], 5000n), []);
  // A file of one and a half blocks, one extent of four that was never written: the end is 2048 bytes into the second.
  assert.deepEqual(unwrittenPastEnd([extent(0, 100, 4, UNWRITTEN)], 6144n), [{ start: 812, end: 832 }]);
  // A part of a sector belongs to the file.
  assert.deepEqual(unwrittenPastEnd([extent(0, 100, 4, UNWRITTEN)], 6145n), [{ start: 813, end: 832 }]);
  assert.deepEqual(unwrittenPastEnd([extent(2, 100, 1, UNWRITTEN)], 4096n), [{ start: 800, end: 808 }]);
  assert.deepEqual(unwrittenPastEnd([extent(0, 100, 2, UNWRITTEN)], 8192n), []);
});
