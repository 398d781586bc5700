import assert from 'node:assert/strict';
import test from 'node:test';
import {
  cache,
  clone,
  delay,
  dust,
  era,
  integrity,
  linear,
  logWrites,
  mirror,
  pcache,
  snapshot,
  striped,
  thin,
  thinPool,
  vdo,
  verity,
  writecache,
  zoned,
} from '../../src/targets/index.ts';
import { readable } from './support.ts';

// Lines of the captures in test/golden, read by hand; those of dust, clone and zoned after the kernel's format strings.
test('status() reads the values of each target', () => {
  assert.deepEqual(readable(linear.status('')), {});
  assert.deepEqual(readable(striped.status('2 1:0 1:1 1 AA')), { devices: ['1:0', '1:1'], health: 'AA' });
  assert.deepEqual(readable(delay.status('0 0 0')), { reads: 0, writes: 0, flushes: 0 });
  assert.deepEqual(readable(logWrites.status('1 1')), { entries: 1n, sector: 1n });
  assert.deepEqual(readable(logWrites.status('7 90 logging_disabled')), {
    entries: 7n,
    sector: 90n,
    disabled: 'logging_disabled',
  });
  assert.deepEqual(readable(snapshot.status('16/131072 16')), {
    allocated: { used: 16n, total: 131_072n },
    metadata: 16n,
  });
  assert.deepEqual(readable(era.status('8 10/16384 1 -')), {
    metadataBlockSize: 8,
    metadata: { used: 10n, total: 16_384n },
    era: 1,
    heldRoot: null,
  });
  assert.deepEqual(readable(thin.status('256 255')), { mapped: 256n, highest: 255n });
  assert.deepEqual(readable(thin.status('0 -')), { mapped: 0n, highest: null });
});

test('mirror.status() reads the legs and the log', () => {
  const legs = { devices: ['1:0', '1:1'], health: 'AA' };
  assert.deepEqual(readable(mirror.status('2 1:0 1:1 0/1 1 AA 1 core')), {
    ...legs,
    inSync: { used: 0n, total: 1n },
    log: { core: {} },
  });
  assert.deepEqual(readable(mirror.status('2 1:0 1:1 1/1 1 AA 3 disk 1:2 A')), {
    ...legs,
    inSync: { used: 1n, total: 1n },
    log: { disk: { device: '1:2', health: 'A' } },
  });
});

test('thinPool.status() reads a pool that works and one that is full', () => {
  assert.deepEqual(
    readable(thinPool.status('1 1650/16384 0/512 23 rw no_discard_passdown queue_if_no_space - 1024 ')),
    {
      transactionId: 1n,
      metadata: { used: 1650n, total: 16_384n },
      data: { used: 0n, total: 512n },
      heldRoot: 23n,
      mode: 'rw',
      discard: 'no_discard_passdown',
      noSpace: 'queue_if_no_space',
      check: null,
      metadataLowWater: 1024n,
    },
  );
  const full = '0 1649/16384 64/64 - out_of_data_space ignore_discard error_if_no_space needs_check 1024 ';
  assert.deepEqual(readable(thinPool.status(full)), {
    transactionId: 0n,
    metadata: { used: 1649n, total: 16_384n },
    data: { used: 64n, total: 64n },
    heldRoot: null,
    mode: 'out_of_data_space',
    discard: 'ignore_discard',
    noSpace: 'error_if_no_space',
    check: 'needs_check',
    metadataLowWater: 1024n,
  });
});

test('cache.status() reads the counters, the features and the tunables', () => {
  const raw =
    '8 12/16384 128 3/1024 1 2 3 4 5 6 7 2 metadata2 writeback 2 migration_threshold 4096 mq 2 random_threshold 0 rw - ';
  assert.deepEqual(readable(cache.status(raw)), {
    metadataBlockSize: 8,
    metadata: { used: 12n, total: 16_384n },
    blockSize: 128,
    cache: { used: 3n, total: 1024n },
    readHits: 1n,
    readMisses: 2n,
    writeHits: 3n,
    writeMisses: 4n,
    demotions: 5n,
    promotions: 6n,
    dirty: 7n,
    features: ['metadata2', 'writeback'],
    core: [{ name: 'migration_threshold', value: '4096' }],
    policy: 'mq',
    tunables: [{ name: 'random_threshold', value: '0' }],
    mode: 'rw',
    check: null,
  });
});

test('status() reads targets that the captures do not have', () => {
  assert.deepEqual(readable(dust.status('8:0 fail_read_on_bad_block quiet')), {
    device: '8:0',
    reads: 'fail_read_on_bad_block',
    log: 'quiet',
  });
  const cloned = readable(
    clone.status('8 4/64 8 10/512 2 1 no_hydration 4 hydration_threshold 1 hydration_batch_size 1 rw '),
  );
  assert.deepEqual('hydrated' in cloned && [cloned.hydrated, cloned.hydrating, cloned.features, cloned.mode], [
    { used: 10n, total: 512n },
    2n,
    ['no_hydration'],
    'rw',
  ]);
  assert.deepEqual(readable(zoned.status('64 zones 3/4 cache 1/2 random 5/60 sequential')), {
    zones: 64,
    cache: { used: 3n, total: 4n },
    devices: [{ random: { used: 1n, total: 2n }, sequential: { used: 5n, total: 60n } }],
  });
});

test('integrity.status() gives mismatches, the size and how far tags were made anew', () => {
  assert.deepEqual(readable(integrity.status('3 129160 4096')), {
    mismatches: 3n,
    provided: 129160n,
    recalculated: 4096n,
  });
  assert.deepEqual(readable(integrity.status('0 129160 -')), { mismatches: 0n, provided: 129160n, recalculated: null });
});

test('writecache.status() names its fourteen numbers', () => {
  assert.deepEqual(readable(writecache.status('-5 100 90 2 11 12 13 14 15 16 17 18 19 20')), {
    error: -5,
    blocks: 100n,
    free: 90n,
    writeback: 2n,
    reads: 11n,
    readHits: 12n,
    writes: 13n,
    writeHitsUncommitted: 14n,
    writeHitsCommitted: 15n,
    writesAround: 16n,
    writesAllocate: 17n,
    writesBlocked: 18n,
    flushes: 19n,
    discards: 20n,
  });
});

test('verity.status() gives the state, and from newer kernels how much was repaired', () => {
  assert.deepEqual(readable(verity.status('V')), { state: 'V' });
  assert.deepEqual(readable(verity.status('C -')), { state: 'C', corrected: null });
  assert.deepEqual(readable(verity.status('C 7')), { state: 'C', corrected: 7n });
});

test('vdo.status() gives modes and blocks', () => {
  assert.deepEqual(readable(vdo.status('/dev/dm-1 normal - online offline 3932 262144')), {
    device: '/dev/dm-1',
    mode: 'normal',
    recovery: '-',
    index: 'online',
    compression: 'offline',
    used: 3932n,
    total: 262144n,
  });
  const broken = vdo.status('/dev/sda read-only recovering error online 1 2');
  assert.deepEqual(broken.kind === 'parsed' ? [broken.value.mode, broken.value.recovery, broken.value.index] : [], [
    'read-only',
    'recovering',
    'error',
  ]);
});

test('pcache.status() gives segments, flags and places', () => {
  assert.deepEqual(readable(pcache.status('1 64 63 12 70 1f 3:4096 2:0 1:128')), {
    superblockFlags: 1,
    segments: 64,
    cacheSegments: 63,
    usedSegments: 12,
    gcPercent: 70,
    cacheFlags: 31,
    keyHead: { segment: 3, offset: 4096 },
    dirtyTail: { segment: 2, offset: 0 },
    keyTail: { segment: 1, offset: 128 },
  });
  assert.equal(pcache.status('g 64 63 12 70 1f 3:4096 2:0 1:128').kind, 'unparsed');
});

test('status() takes a state in place of the values', () => {
  assert.deepEqual(readable(thinPool.status('Fail')), { state: 'Fail' });
  assert.deepEqual(readable(thinPool.status('Error')), { state: 'Error' });
  assert.deepEqual(readable(thin.status('-')), { state: '-' });
  assert.deepEqual(readable(snapshot.status('Merge failed')), { state: 'Merge failed' });
  assert.deepEqual(readable(snapshot.status('Overflow')), { state: 'Overflow' });
});

test('status() keeps a text that it cannot read, a word that it does not know, and words behind the end', () => {
  assert.deepEqual(thinPool.status('strange 1/2'), {
    kind: 'unparsed',
    raw: 'strange 1/2',
    reason: 'data is missing at column 12',
  });
  const status = era.status('8 10/16384 1 - later');
  assert.deepEqual(status.kind === 'parsed' && status.rest, ['later']);
  const odd = readable(thinPool.status('0 1/2 0/512 - rebuilding discard_passdown queue_if_no_space - 1024 '));
  assert.deepEqual('mode' in odd && odd.mode, { unknown: 'rebuilding' });
});
