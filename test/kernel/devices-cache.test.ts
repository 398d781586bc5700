// Caches on the kernel: the crate's cases, and a dirty one that goes.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { CacheDevice, LinearDevice } from '../../src/devices/index.ts';
import { area, grown, MIB, nodeOf, type Place, place } from './devices-support.ts';
import { eventually, sh } from './support.ts';

interface CachePlace extends Place {
  readonly device: CacheDevice;
  readonly parts: { readonly metadata: Area; readonly cache: Area; readonly origin: Area };
}
type Area = ReturnType<typeof area>;

async function withCache(t: TestContext, settings = {}): Promise<CachePlace> {
  sh('modprobe dm-cache-smq');
  const here = place(t);
  const parts = { metadata: area(8), cache: area(16), origin: area(64) };
  const device = await CacheDevice.create(
    here.dm,
    {
      name: here.name('cache'),
      metadata: { name: here.name('cache-meta'), table: grown(parts.metadata, 4) },
      cache: { name: here.name('cache-fast'), table: grown(parts.cache, 8) },
      origin: { name: here.name('cache-slow'), table: grown(parts.origin, 32) },
      blockSize: 64,
      ...settings,
    },
    here.options,
  );
  return { ...here, device, parts };
}

async function cacheStatus(device: CacheDevice) {
  const status = await device.status();
  assert.ok(status.kind === 'parsed' && 'dirty' in status.value, status.raw);
  return status.value;
}

test('a minimal cache works: writethrough, smq, its metadata in order', async (t) => {
  const { device } = await withCache(t);
  const { mode, features, policy, core, cache, metadata, metadataBlockSize, blockSize } = await cacheStatus(device);
  assert.equal(mode, 'rw');
  assert.ok(features.includes('writethrough'));
  assert.equal(policy, 'smq');
  assert.deepEqual(core, [{ name: 'migration_threshold', value: '2048' }]);
  assert.deepEqual([metadataBlockSize, blockSize], [8, 64]);
  assert.deepEqual([cache.used, cache.total], [0n, 256n]);
  assert.equal(metadata.total, 1024n);
});

test('a cache grows by each of its three devices', async (t) => {
  const { device, parts } = await withCache(t);
  await device.setOriginTable(grown(parts.origin, 64));
  assert.equal(await device.size(), BigInt(64 * MIB));
  await device.setCacheTable(grown(parts.cache, 16));
  await device.setMetadataTable(grown(parts.metadata, 8));
  const { cache, metadata } = await cacheStatus(device);
  assert.equal(cache.total, 512n);
  // The kernel keeps to what the metadata were formatted for.
  assert.equal(metadata.total, 1024n);
  assert.equal(sh(`blockdev --getsz ${nodeOf(device)}`).trim(), `${64 * MIB}`);
});

test('a cache is suspended and resumed, and changes its mode and policy', async (t) => {
  const { device } = await withCache(t);
  await device.suspend();
  await device.resume();
  await device.setMode('writeback');
  assert.ok((await cacheStatus(device)).features.includes('writeback'));
  await device.setPolicy({ policy: 'smq', tunables: [{ name: 'migration_threshold', value: '4096' }] });
  assert.deepEqual((await cacheStatus(device)).core, [{ name: 'migration_threshold', value: '4096' }]);
});

test('teardown() of a dirty cache leaves all data on the origin', async (t) => {
  const { dm, options, name, device, parts } = await withCache(t, { mode: 'writeback' });
  const node = nodeOf(device);
  // Block 0 again and again, until the cache has taken it and holds what the origin does not.
  await eventually('a dirty block', 120_000, async () => {
    sh(
      `for i in 1 2 3 4 5 6 7 8; do yes written | head -c 32k | dd of=${node} bs=32k oflag=direct iflag=fullblock conv=notrunc 2>&1; done`,
    );
    return (await cacheStatus(device)).dirty > 0n;
  });
  await device.teardown();
  assert.deepEqual(await dm.list({ namePrefix: name('') }), []);
  const origin = await LinearDevice.create(dm, { name: name('slow'), table: grown(parts.origin, 32) }, options);
  assert.equal(sh(`head -c 8 ${nodeOf(origin)}`), 'written\n');
});
