import assert from 'node:assert/strict';
import test from 'node:test';
import {
  cache,
  clone,
  delay,
  dust,
  era,
  linear,
  logWrites,
  mirror,
  type Status,
  snapshot,
  striped,
  thin,
  thinPool,
  zoned,
} from '../../src/targets/index.ts';

/** The value of a status that must be readable to its end. */
function readable<S>(status: Status<S>): S {
  if (status.kind !== 'parsed') throw new Error(`${status.raw}: ${status.reason}`);
  assert.deepEqual(status.rest, []);
  return status.value;
}

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
