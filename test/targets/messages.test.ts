import assert from 'node:assert/strict';
import test from 'node:test';
import { cache, clone, dust, era, logWrites, switchTarget, thinPool, zoned } from '../../src/targets/index.ts';

test('messages give the texts of the kernel documentation', () => {
  assert.equal(thinPool.messages.create_thin({ id: 0 }), 'create_thin 0');
  assert.equal(thinPool.messages.create_snap({ id: 1, origin: 0 }), 'create_snap 1 0');
  assert.equal(thinPool.messages.set_transaction_id({ current: 0n, next: 1n }), 'set_transaction_id 0 1');
  assert.equal(thinPool.messages.reserve_metadata_snap(), 'reserve_metadata_snap');
  assert.equal(cache.messages.migration_threshold({ sectors: 8192n }), 'migration_threshold 8192');
  assert.equal(
    cache.messages.invalidate_cblocks({ ranges: [{ first: 2345n }, { first: 3456n, end: 4567n }] }),
    'invalidate_cblocks 2345 3456-4567',
  );
  assert.equal(clone.messages.hydration_batch_size({ regions: 16 }), 'hydration_batch_size 16');
  assert.equal(era.messages.checkpoint(), 'checkpoint');
  assert.equal(dust.messages.addbadblock({ block: 60n }), 'addbadblock 60');
  assert.equal(dust.messages.addbadblock({ block: 60n, writeFailures: 12 }), 'addbadblock 60 12');
  assert.equal(zoned.messages.reclaim(), 'reclaim');
});

test('messages.mark() is two words whatever the text', () => {
  assert.equal(logWrites.messages.mark({ text: 'fsck ok' }), String.raw`mark fsck\ ok`);
});

test('messages.set_region_mappings() writes hexadecimal numbers', () => {
  const mappings = [{ region: 255, path: 1 }, { path: 10 }, { cycle: 2, count: 16 }];
  assert.equal(switchTarget.messages.set_region_mappings({ mappings }), 'set_region_mappings ff:1 :a R2,10');
});

test('messages refuse values that the kernel refuses', () => {
  assert.throws(() => thinPool.messages.create_thin({ id: 2 ** 24 }), {
    name: 'RangeError',
    message: 'thin-pool create_thin: id must be a number from 0 to 16777215, not "16777216"',
  });
  assert.throws(() => cache.messages.invalidate_cblocks({ ranges: [{ first: 5n, end: 5n }] }), RangeError);
});
