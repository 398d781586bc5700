// Devices on the kernel: what the Rust crate's tests ask of its devices, and the failures that leave nothing behind.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import {
  activate,
  applySwap,
  CacheDevice,
  type DesiredDevice,
  type DeviceOptions,
  deactivate,
  deviceExists,
  LinearDevice,
  prepareSwap,
  SwapError,
  swapTable,
  ThinDevice,
  ThinPool,
  tableOf,
  thinDevId,
} from '../../src/devices/index.ts';
import { DeviceMapper } from '../../src/mapper/device-mapper.ts';
import type { TableLine } from '../../src/mapper/table-line.ts';
import { dataBlocks, IEC, sectors } from '../../src/mapper/units.ts';
import { error, flakey, linear } from '../../src/targets/index.ts';
import { cleanUp, eventually, sh } from './support.ts';

const [, DISK = '/dev/vdb'] = (process.env['LAB_DISKS'] ?? '/dev/vda /dev/vdb').split(' ');
const DISK_SECTORS = Number(sh(`blockdev --getsz ${DISK}`));
const MIB = 2048;
let nextSector = 0;
let nextPlace = 0;

interface Place {
  readonly dm: DeviceMapper;
  readonly options: DeviceOptions;
  /** Makes a name; devices of such names are removed after the test. */
  readonly name: (of: string) => string;
}

/** Where one test's devices stand. The lab has no udev: the nodes are ours. */
function place(t: TestContext): Place {
  const dm = DeviceMapper.open();
  const prefix = `d${process.pid}-${nextPlace++}-`;
  const folder = `/tmp/${prefix}nodes`;
  cleanUp(t, async () => {
    const names = (await dm.list({ namePrefix: prefix })).map(({ name }) => name);
    for (const name of names) {
      await dm.clear({ name });
      if ((await dm.info({ name })).suspended) await dm.resume({ name }).catch(() => undefined);
    }
    await deactivate(dm, names, { nodes: { folder } });
    dm[Symbol.dispose]();
    rmSync(folder, { recursive: true, force: true });
  });
  return { dm, options: { nodes: { folder } }, name: (of) => `${prefix}${of}` };
}

/** An area of the scratch disk that no other test uses, with zeros at its beginning. */
function area(mib: number): { readonly offset: number; readonly length: number } {
  const length = mib * MIB;
  if (nextSector + length > DISK_SECTORS) nextSector = 0;
  const offset = nextSector;
  nextSector += length;
  sh(`dd if=/dev/zero of=${DISK} bs=1M seek=${offset / MIB} count=${Math.min(mib, 4)} oflag=direct conv=notrunc 2>&1`);
  return { offset, length };
}

const onDisk = (offset: number) => linear({ device: DISK, offset: sectors(offset) });

/** A table of the first `mib` MiB of an area. */
function grown({ offset }: { readonly offset: number }, mib: number): TableLine[] {
  return tableOf([onDisk(offset), mib * MIB]);
}

function line(length: number, type: string, params = '', start = 0): TableLine {
  return { start: sectors(start), length: sectors(length), type, params };
}

/** Reads or writes with O_DIRECT until the test ends, and says how often. */
function steadyReads(
  t: TestContext,
  node: string,
): { readonly count: () => Promise<number>; readonly failed: () => boolean } {
  const script = `n=0; while dd if=${node} of=/dev/null bs=4k count=1 iflag=direct 2>/dev/null; do n=$((n+1)); echo $n; done; echo failed`;
  const child = spawn('sh', ['-c', script], { stdio: ['ignore', 'pipe', 'ignore'] });
  let last = '';
  child.stdout.on('data', (chunk) => {
    last = `${chunk}`.trim().split('\n').at(-1) ?? last;
  });
  const ended = new Promise((resolve) => child.on('exit', resolve));
  cleanUp(t, async () => {
    child.kill('SIGKILL');
    await ended;
    await new Promise((resolve) => setTimeout(resolve, 50));
  });
  return { count: async () => Number(last), failed: () => last === 'failed' };
}

const nodeOf = ({ number }: { readonly number: { readonly minor: number } }): string => `/dev/dm-${number.minor}`;

test('an empty table is refused, for a new device and for one that is there', async (t) => {
  const { dm, options, name } = place(t);
  await assert.rejects(LinearDevice.create(dm, { name: name('a'), table: [] }, options), /table is empty/);
  const device = await LinearDevice.create(dm, { name: name('a'), table: tableOf([onDisk(0), 8]) }, options);
  await assert.rejects(device.setTable([]), /table is empty/);
  assert.equal(await device.size(), 8n);
});

test('rename() moves a device and its node, on the kernel', async (t) => {
  const { dm, options, name } = place(t);
  const device = await LinearDevice.create(dm, { name: name('a'), table: tableOf([onDisk(0), 8]) }, options);
  const folder = options.nodes === false ? '' : (options.nodes?.folder ?? '');
  assert.equal(existsSync(`${folder}/${name('a')}`), true);
  await device.rename(name('a'));
  await device.rename(name('b'));
  assert.deepEqual(
    (await dm.list({ namePrefix: name('') })).map((one) => one.name),
    [name('b')],
  );
  assert.deepEqual([existsSync(`${folder}/${name('a')}`), existsSync(`${folder}/${name('b')}`)], [false, true]);
  await device.teardown();
  assert.equal(existsSync(`${folder}/${name('b')}`), false);
});

test('segments: one, the same one twice, five; read back as they were written', async (t) => {
  const { dm, options, name } = place(t);
  const one = await LinearDevice.setup(dm, { name: name('one'), table: tableOf([onDisk(0), 8]) }, options);
  assert.equal(sh(`blockdev --getsz ${nodeOf(one)}`).trim(), '8');
  const twice = await LinearDevice.setup(
    dm,
    { name: name('twice'), table: tableOf([onDisk(0), 8], [onDisk(0), 8]) },
    options,
  );
  assert.equal(await twice.size(), 16n);
  assert.equal((await dm.dependencies(twice.number)).length, 1);
  const table = tableOf(...[4, 3, 2, 1, 0].map((at) => [onDisk(at * 8), 8] as const));
  const five = await LinearDevice.setup(dm, { name: name('five'), table }, options);
  assert.deepEqual(
    (await five.table()).map(({ params }) => params.split(' ')[1]),
    ['32', '24', '16', '8', '0'],
  );
});

test('setup() takes a device with the same table, whatever its words, and no other', async (t) => {
  const { dm, options, name } = place(t);
  const features = ['drop_writes'] as const;
  const table = tableOf(
    [onDisk(0), 8],
    [flakey({ device: DISK, offset: sectors(8), up: 5, down: 1 }), 8],
    [flakey({ device: DISK, offset: sectors(8), up: 5, down: 1, features }), 8],
    [error(), 8],
  );
  const first = await LinearDevice.setup(dm, { name: name('a'), table }, options);
  const again = await LinearDevice.setup(dm, { name: name('a'), table }, options);
  assert.deepEqual(again.number, first.number);
  const other = { name: name('a'), table: tableOf([onDisk(8), 32]) };
  await assert.rejects(LinearDevice.setup(dm, other, options), /its table is another/);
  await LinearDevice.setup(dm, { name: name('b'), table }, options);
});

test('suspend() and resume(), twice each', async (t) => {
  const { dm, options, name } = place(t);
  const device = await LinearDevice.create(dm, { name: name('a'), table: tableOf([onDisk(0), 8]) }, options);
  for (let round = 0; round < 2; round++) {
    await device.suspend({ noflush: true });
    await device.suspend();
    assert.equal((await device.info()).suspended, true);
    await device.resume();
    await device.resume();
    assert.equal((await device.info()).suspended, false);
  }
});

interface PoolPlace extends Place {
  readonly pool: ThinPool;
  readonly data: { readonly offset: number; readonly length: number };
  readonly metadata: { readonly offset: number; readonly length: number };
}

/** A pool of 16 MiB in blocks of 64 KiB, with as much again to grow into. */
async function withPool(t: TestContext, features = {}): Promise<PoolPlace> {
  sh('modprobe dm-thin-pool');
  const here = place(t);
  const metadata = area(8);
  const data = area(32);
  const pool = await ThinPool.create(
    here.dm,
    {
      name: here.name('pool'),
      metadata: { name: here.name('pool-meta'), table: grown(metadata, 4) },
      data: { name: here.name('pool-data'), table: grown(data, 16) },
      blockSize: 128,
      features: { skipBlockZeroing: true, ...features },
    },
    here.options,
  );
  return { ...here, pool, data, metadata };
}

test('a minimal pool works and is good', async (t) => {
  const { pool } = await withPool(t);
  const status = await pool.status();
  assert.ok(status.kind === 'parsed' && 'mode' in status.value);
  assert.equal(status.value.data.used, 0n);
  assert.equal(status.value.data.total, 256n);
  assert.equal(status.value.noSpace, 'queue_if_no_space');
  assert.equal(await pool.state({ noflush: true }), 'good');
});

test('a pool whose metadata device is too small is refused, and leaves nothing', async (t) => {
  sh('modprobe dm-thin-pool');
  const { dm, options, name } = place(t);
  const pool = {
    name: name('pool'),
    // One block of metadata: the superblock has no room for a map.
    metadata: { name: name('meta'), table: tableOf([onDisk(area(4).offset), 8]) },
    data: { name: name('data'), table: grown(area(8), 8) },
    blockSize: 128,
  };
  await assert.rejects(ThinPool.create(dm, { ...pool, blockSize: 64 }, options), { name: 'UsageError' });
  await assert.rejects(ThinPool.create(dm, pool, options), { op: 'DM_TABLE_LOAD', reason: /metadata/ });
  assert.deepEqual(await dm.list({ namePrefix: name('') }), []);
});

test('a pool grows by its data and its metadata while its thin devices are read', async (t) => {
  const { dm, options, name, pool, data, metadata } = await withPool(t);
  const thin = await ThinDevice.create(dm, { name: name('thin'), pool, id: thinDevId(0), size: sectors(MIB) }, options);
  sh(`dd if=/dev/zero of=${nodeOf(thin)} bs=64k count=1 oflag=direct 2>&1`);
  const reads = steadyReads(t, nodeOf(thin));
  await eventually('reads go on', 20_000, async () => (await reads.count()) > 0);
  await pool.setDataTable(grown(data, 32));
  await pool.setMetadataTable(grown(metadata, 8));
  const status = await pool.status();
  assert.ok(status.kind === 'parsed' && 'mode' in status.value);
  assert.equal(status.value.data.total, 512n);
  assert.equal(status.value.metadata.total, 2048n);
  assert.equal(await pool.size(), BigInt(32 * MIB));
  const before = await reads.count();
  await eventually('reads go on', 20_000, async () => (await reads.count()) > before);
  assert.equal(reads.failed(), false);
});

test('a pool’s features change, and it takes itself when set up again with them', async (t) => {
  const { dm, options, pool } = await withPool(t);
  await pool.setFeatures({ errorIfNoSpace: true });
  await pool.setLowWaterMark(dataBlocks(7));
  const [line_] = await pool.table();
  assert.match(line_?.params ?? '', / 128 7 2 skip_block_zeroing error_if_no_space ?$/);
  await pool.suspend();
  await pool.resume();
  const opened = await ThinPool.open(dm, { name: pool.name }, options);
  assert.equal(await opened.state(), 'good');
});

for (const errorIfNoSpace of [true, false]) {
  test(`a pool without space says so, and goes on once it has grown; errorIfNoSpace ${errorIfNoSpace}`, async (t) => {
    const { dm, options, name, pool, data } = await withPool(t, { errorIfNoSpace });
    const desired = { name: name('thin'), pool, id: thinDevId(0), size: sectors(64 * MIB) };
    const thin = await ThinDevice.create(dm, desired, options);
    // More than there is: it fails, or waits for the pool to grow.
    const words = [`of=${nodeOf(thin)}`, 'bs=1M', 'count=24', 'oflag=direct', 'conv=notrunc'];
    const writer = spawn('dd', ['if=/dev/zero', ...words], { stdio: 'ignore' });
    const ended = new Promise((resolve) => writer.on('exit', resolve));
    const outOfSpace = async (): Promise<boolean> => (await pool.state({ noflush: true })) === 'out-of-space';
    await eventually('the pool is out of space', 60_000, outOfSpace);
    await pool.setDataTable(grown(data, 32));
    assert.equal(await ended, errorIfNoSpace ? 1 : 0);
    assert.equal(await pool.state(), 'good');
    sh(`dd if=/dev/zero ${words.join(' ')} 2>&1`);
  });
}

test('a pool cannot shrink: the kernel takes the table and does not start it, and is brought back', async (t) => {
  const { dm, options, name, pool } = await withPool(t);
  const thin = await ThinDevice.create(dm, { name: name('thin'), pool, id: thinDevId(0), size: sectors(MIB) }, options);
  const table = await pool.table();
  const smaller = table.map((one) => ({ ...one, length: sectors(8 * MIB) }));
  await assert.rejects(swapTable(dm, { name: pool.name }, { table: smaller }, options), (failure) => {
    assert.ok(failure instanceof SwapError, `${failure}`);
    assert.deepEqual([failure.op, failure.code, failure.state], ['DM_DEV_SUSPEND', 'EINVAL', 'runs-old']);
    return true;
  });
  assert.deepEqual(await pool.table(), table);
  const { suspended, inactive } = await pool.info();
  assert.deepEqual([suspended, inactive], [false, false]);
  sh(`dd if=/dev/zero of=${nodeOf(thin)} bs=64k count=1 oflag=direct 2>&1`);
});

test('thin devices: no size, no number, taken numbers, and setup again', async (t) => {
  const { dm, options, name, pool } = await withPool(t);
  const desired = { name: name('thin'), pool, id: thinDevId(0), size: sectors(MIB) };
  await assert.rejects(ThinDevice.create(dm, { ...desired, size: sectors(0) }, options), /has no sectors/);
  await assert.rejects(ThinDevice.setup(dm, desired, options), { code: 'ENODATA' });
  assert.equal(await deviceExists(dm, desired.name), false);
  const first = await ThinDevice.create(dm, desired, options);
  await assert.rejects(ThinDevice.create(dm, desired, options), /There is a device/);
  await assert.rejects(ThinDevice.create(dm, { ...desired, name: name('other') }, options), { code: 'EEXIST' });
  const again = await ThinDevice.setup(dm, desired, options);
  assert.deepEqual(again.number, first.number);
  await first.teardown();
  const status = await (await ThinDevice.setup(dm, desired, options)).status();
  assert.ok(status.kind === 'parsed');
  assert.deepEqual(status.value, { mapped: 0n, highest: null });
});

test('destroy() makes a number free again, teardown() does not', async (t) => {
  const { dm, options, name, pool } = await withPool(t);
  const desired = { name: name('thin'), pool, id: thinDevId(16_777_215), size: sectors(MIB) };
  await (await ThinDevice.create(dm, desired, options)).destroy();
  await (await ThinDevice.create(dm, desired, options)).teardown();
  await assert.rejects(ThinDevice.create(dm, desired, options), { code: 'EEXIST' });
});

/** Blocks that a pool has given away. */
async function usedBlocks(pool: ThinPool): Promise<bigint> {
  const status = await pool.status();
  assert.ok(status.kind === 'parsed' && 'data' in status.value);
  return status.value.data.used;
}

test('snapshot() has its source’s size and contents, and costs no blocks until one of them is written', async (t) => {
  const { dm, options, name, pool } = await withPool(t);
  const desired = { name: name('thin'), pool, id: thinDevId(0), size: sectors((8n * IEC.MiB) / 512n) };
  const source = await ThinDevice.create(dm, desired, options);
  sh(`mkfs.ext4 -q -F ${nodeOf(source)}; mkdir -p /tmp/thin; mount ${nodeOf(source)} /tmp/thin`);
  const unmount = (): string => sh('! mountpoint -q /tmp/thin || umount /tmp/thin');
  cleanUp(t, unmount);
  sh('echo contents > /tmp/thin/file');
  // The file system is frozen for it: the snapshot is whole.
  const snapshot = await source.snapshot({ name: name('snap'), id: thinDevId(1) });
  assert.equal(await snapshot.size(), await source.size());
  unmount();
  sh(`mount -o ro,noload ${nodeOf(snapshot)} /tmp/thin`);
  assert.equal(readFileSync('/tmp/thin/file', 'utf8'), 'contents\n');
  unmount();
  const used = await usedBlocks(pool);
  const second = await source.snapshot({ name: name('second'), id: thinDevId(2) });
  assert.equal(await usedBlocks(pool), used);
  sh(`dd if=/dev/zero of=${nodeOf(second)} bs=64k count=4 oflag=direct 2>&1`);
  assert.equal(await usedBlocks(pool), used + 4n);
  await second.destroy();
  assert.equal(await usedBlocks(pool), used);
});

test('a snapshot whose number is taken leaves its source running under I/O', async (t) => {
  const { dm, options, name, pool } = await withPool(t);
  const source = await ThinDevice.create(
    dm,
    { name: name('thin'), pool, id: thinDevId(0), size: sectors(MIB) },
    options,
  );
  const reads = steadyReads(t, nodeOf(source));
  await eventually('reads go on', 20_000, async () => (await reads.count()) > 0);
  await assert.rejects(source.snapshot({ name: name('snap'), id: thinDevId(0) }), { code: 'EEXIST' });
  assert.equal((await source.info()).suspended, false);
  const before = await reads.count();
  await eventually('reads go on', 20_000, async () => (await reads.count()) > before);
  assert.equal(await deviceExists(dm, name('snap')), false);
});

test('a thin device reads from its external origin what was not written to it', async (t) => {
  const { dm, options, name, pool } = await withPool(t);
  const origin = await LinearDevice.create(dm, { name: name('origin'), table: grown(area(4), 1) }, options);
  sh(`yes origin | head -c 64k | dd of=${nodeOf(origin)} bs=64k oflag=direct iflag=fullblock 2>&1`);
  const desired = { name: name('thin'), pool, id: thinDevId(0), size: sectors(MIB), externalOrigin: origin.number };
  const thin = await ThinDevice.create(dm, desired, options);
  assert.equal(sh(`head -c 6 ${nodeOf(thin)}`), 'origin');
  sh(`yes mine | head -c 64k | dd of=${nodeOf(thin)} bs=64k oflag=direct iflag=fullblock 2>&1`);
  assert.equal(sh(`head -c 4 ${nodeOf(thin)}`), 'mine');
  assert.equal(sh(`head -c 6 ${nodeOf(origin)}`), 'origin');
});

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

test('swapTable() brings a device back from an area beyond the end, under I/O, and says the kernel’s reason', async (t) => {
  const { dm, options, name } = place(t);
  const device = await LinearDevice.create(dm, { name: name('a'), table: tableOf([onDisk(0), MIB]) }, options);
  const reads = steadyReads(t, nodeOf(device));
  const table = tableOf([onDisk(DISK_SECTORS - 8), MIB]);
  await assert.rejects(device.setTable(table), { name: 'UsageError', message: /beyond|ends at sector/ });
  await assert.rejects(device.setTable(table, { check: false }), (failure) => {
    assert.ok(failure instanceof SwapError);
    assert.deepEqual([failure.code, failure.state], ['EINVAL', 'runs-old']);
    return true;
  });
  const { suspended, inactive } = await device.info();
  assert.deepEqual([suspended, inactive, await device.size()], [false, false, BigInt(MIB)]);
  const before = await reads.count();
  await eventually('reads go on', 20_000, async () => (await reads.count()) > before);
  assert.equal(reads.failed(), false);
});

test('swapTable() says that a crypt device without its key stays suspended, and takes a table with one', async (t) => {
  sh('modprobe dm-crypt');
  const { dm, options, name } = place(t);
  const table = (key: string): TableLine[] => [line(MIB, 'crypt', `aes-cbc-plain64 ${key} 0 ${DISK} 0`)];
  const key = '7f'.repeat(16);
  const device = await LinearDevice.create(dm, { name: name('a'), table: table(key), secure: true }, options);
  await device.suspend();
  await dm.message(device.number, 'key wipe');
  const beyond = [line(MIB, 'linear', `${DISK} ${DISK_SECTORS}`)];
  await assert.rejects(swapTable(dm, device.number, { table: beyond }, { ...options, check: false }), (failure) => {
    assert.ok(failure instanceof SwapError);
    assert.equal(failure.state, 'suspended-old', failure.message);
    return true;
  });
  const plan = await prepareSwap(dm, device.number, { table: table(key), secure: true }, options);
  assert.doesNotMatch(plan.toString(), /7f7f/);
  assert.match(plan.toString(), /there is no table to put back/);
  await applySwap(dm, plan, options);
  assert.equal((await device.info()).suspended, false);
  sh(`dd if=${nodeOf(device)} of=/dev/null bs=4k count=1 iflag=direct 2>&1`);
});

test('a graph of six devices is made at once, has nodes without udev, and is removed; a failure leaves nothing', async (t) => {
  const { dm, options, name } = place(t);
  const folder = options.nodes === false ? '' : (options.nodes?.folder ?? '');
  const on = (of: string, ...below: string[]): DesiredDevice => ({
    name: name(of),
    table: tableOf(
      ...(below.length === 0
        ? [[onDisk(0), 64] as const]
        : below.map((one) => [linear({ device: `/dev/mapper/${name(one)}`, offset: sectors(0) }), 32] as const)),
    ),
  });
  const tower = [on('f', 'd', 'e'), on('e', 'b', 'c'), on('d', 'b'), on('c', 'a'), on('b', 'a'), on('a')];
  {
    await using graph = await activate(dm, tower, options);
    assert.equal(graph.numbers.size, 6);
    for (const { name: each } of tower) assert.ok(existsSync(`${folder}/${each}`), each);
    const [top] = tower;
    sh(`dd if=${folder}/${top?.name} of=/dev/null bs=4k count=1 iflag=direct 2>&1`);
    await assert.rejects(deactivate(dm, [name('a')], { ...options, removeDeadlineMs: 50 }), {
      code: 'EBUSY',
      message: /held by: used by the device/,
    });
    await activate(dm, tower, options);
  }
  assert.deepEqual(await dm.list({ namePrefix: name('') }), []);
  for (const { name: each } of tower) assert.equal(existsSync(`${folder}/${each}`), false, each);
  const broken = [...tower, { name: name('g'), table: [line(64, 'linear', `/dev/mapper/${name('f')} 0 surplus`)] }];
  await assert.rejects(activate(dm, broken, options), { code: 'EINVAL', reason: /[Ii]nvalid argument count/ });
  assert.deepEqual(await dm.list({ namePrefix: name('') }), []);
});
