import assert from 'node:assert/strict';
import test from 'node:test';
import { CacheDevice, MAX_CACHE_BLOCK_SIZE, MIN_CACHE_BLOCK_SIZE, tableOf } from '../../src/devices/index.ts';
import { ERRNO } from '../../src/kernel/errno.ts';
import { sectors } from '../../src/mapper/units.ts';
import { linear } from '../../src/targets/index.ts';
import type { FakeMapper } from './fake-mapper.ts';
import { failEach, failNthIoctl, faked, line, type Place, seen, simulated } from './support.ts';

const area = (offset: number, length: number) =>
  tableOf([linear({ device: { major: 8, minor: 0 }, offset: sectors(offset) }), length]);
const CACHE = {
  name: 'top',
  metadata: { name: 'meta', table: area(0, 1024) },
  cache: { name: 'fast', table: area(1024, 4096) },
  origin: { name: 'slow', table: area(8192, 16_384) },
  blockSize: MIN_CACHE_BLOCK_SIZE,
};

interface CachePlace extends Place {
  readonly dm: FakeMapper;
  readonly device: CacheDevice;
}

async function withCache(settings = {}): Promise<CachePlace> {
  const place = faked();
  return { ...place, device: await CacheDevice.setup(place.dm, { ...CACHE, ...settings }, place.options) };
}

const params = ({ dm }: CachePlace): string | undefined => dm.device('top').live?.lines[0]?.params;

// The form of test/golden/targets-61.txt.
const status = (dirty: number): string =>
  `8 19/128 64 4/64 1 2 3 4 5 6 ${dirty} 1 writeback 2 migration_threshold 2048 smq 0 rw - `;

test('CacheDevice.setup() makes a writethrough cache over three devices, takes it when it is there, removes all four', async () => {
  const place = await withCache();
  const { dm, options, device } = place;
  assert.equal(params(place), '254:0 254:1 254:2 64 1 writethrough default 0');
  assert.equal(await device.size(), 16_384n);
  const before = dm.snapshot();
  await CacheDevice.setup(dm, CACHE, options);
  assert.deepEqual(dm.snapshot(), before);
  await assert.rejects(CacheDevice.create(dm, CACHE, options), /already/);
  dm.device('top').statuses = [status(0)];
  await device.teardown();
  assert.equal(dm.devices.size, 0);
});

test('CacheDevice.setup() refuses block sizes that no cache has, and leaves nothing behind when any call fails', async () => {
  const { dm, options } = faked();
  for (const blockSize of [2 ** 33, -1]) {
    await assert.rejects(CacheDevice.setup(dm, { ...CACHE, blockSize }, options), RangeError);
  }
  for (const blockSize of [65, MAX_CACHE_BLOCK_SIZE + 64]) {
    await assert.rejects(CacheDevice.setup(dm, { ...CACHE, blockSize }, options), {
      name: 'UsageError',
      message: /block_size/,
    });
  }
  await assert.rejects(CacheDevice.setup(dm, { ...CACHE, policy: 'best' }, options), /policy must be smq or/);
  assert.equal(dm.devices.size, 0);
  await failEach(
    async () => simulated(100_000),
    failNthIoctl,
    (place) => CacheDevice.setup(place.dm, CACHE, place.options),
    ({ kernel }, error, n) => {
      assert.ok(error instanceof Error, `call ${n}`);
      assert.deepEqual(kernel.devices, [], `call ${n}`);
    },
  );
});

test('setMode() and setPolicy() change the table, and keep what is not known here', async () => {
  const place = await withCache();
  const { dm, device } = place;
  await device.setMode('writeback');
  assert.equal(params(place), '254:0 254:1 254:2 64 1 writeback default 0');
  await device.setPolicy({ policy: 'smq', tunables: [{ name: 'migration_threshold', value: '4096' }] });
  assert.equal(params(place), '254:0 254:1 254:2 64 1 writeback smq 2 migration_threshold 4096');
  const lines = [line(16_384, 'cache', '254:0 254:1 254:2 64 2 of_tomorrow writeback smq 2 a b')];
  dm.device('top').live = { lines, readOnly: false };
  await device.setMode('passthrough');
  assert.equal(params(place), '254:0 254:1 254:2 64 2 of_tomorrow passthrough smq 2 a b');
});

test('setOriginTable() and its likes hold the cache still meanwhile, and leave all as it was when any call fails', async () => {
  const { dm, device } = await withCache();
  dm.calls.length = 0;
  await device.setOriginTable(area(8192, 32_768));
  assert.deepEqual(dm.calls, ['suspend top', 'load slow', 'resume slow', 'load top', 'resume top']);
  assert.equal(await device.size(), 32_768n);
  const changes: ((device: CacheDevice) => Promise<unknown>)[] = [
    (one) => one.setOriginTable(area(8192, 32_768)),
    (one) => one.setCacheTable(area(1024, 6144)),
    (one) => one.setMetadataTable(area(0, 512)),
  ];
  for (const change of changes) {
    await failEach(
      async () => {
        const place = simulated(100_000);
        const cached = await CacheDevice.setup(place.dm, CACHE, place.options);
        return { ...place, cached, before: seen(place.kernel) };
      },
      failNthIoctl,
      ({ cached }) => change(cached),
      ({ kernel, before }, error, n) => {
        assert.ok(error instanceof Error, `call ${n}`);
        assert.deepEqual(seen(kernel), before, `call ${n}`);
      },
    );
  }
});

test('teardown() cleans a cache that is dirty before it goes', async () => {
  const { dm, device } = await withCache({ mode: 'writeback' });
  dm.device('top').statuses = [9, 7, 3, 0].map(status);
  dm.calls.length = 0;
  let policy: string | undefined;
  dm.fail = (call) => {
    if (call === 'remove top') policy = dm.device('top').live?.lines[0]?.params;
    return undefined;
  };
  await device.teardown();
  assert.equal(policy, '254:0 254:1 254:2 64 1 writeback cleaner 0');
  assert.deepEqual(dm.calls, ['load top', 'resume top', 'remove top', 'remove slow', 'remove fast', 'remove meta']);
});

test('teardown() leaves a dirty cache so when told to, and asks to be told when the kernel does not say', async () => {
  const dirty = await withCache({ mode: 'writeback' });
  dirty.dm.device('top').statuses = [status(9)];
  await dirty.device.teardown({ clean: false });
  assert.equal(dirty.dm.devices.size, 0);
  const failed = await withCache();
  failed.dm.device('top').statuses = ['Fail'];
  await assert.rejects(failed.device.teardown(), /does not tell how many blocks of top are dirty/);
  assert.equal(failed.dm.devices.size, 4);
});

test('clean() puts the policy back when it is cancelled or fails', async () => {
  const place = await withCache({ mode: 'writeback', policy: 'smq' });
  const { dm, device } = place;
  const before = params(place);
  dm.device('top').statuses = [status(9)];
  const stop = new AbortController();
  let looks = 0;
  dm.fail = (call) => {
    if (call === 'status top' && ++looks === 3) stop.abort();
    return undefined;
  };
  await assert.rejects(device.clean({ signal: stop.signal }), { name: 'AbortError' });
  assert.equal(params(place), before);
  dm.fail = (call) => (call === 'status top' ? ERRNO.EIO : undefined);
  await assert.rejects(device.clean(), { code: 'EIO' });
  assert.equal(params(place), before);
});

test('status() keeps the words of a policy that is not known here', async () => {
  const { dm, device } = await withCache();
  dm.device('top').statuses = [status(2).replace('smq 0', 'tomorrow 2 a b')];
  const parsed = await device.status();
  assert.ok(parsed.kind === 'parsed' && 'policy' in parsed.value);
  assert.equal(parsed.value.policy, 'tomorrow');
  assert.deepEqual(parsed.value.tunables, [{ name: 'a', value: 'b' }]);
  assert.equal(parsed.value.dirty, 2n);
});
