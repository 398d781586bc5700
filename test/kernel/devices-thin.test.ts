// Thin pools and thin devices on the kernel: the crate's cases, and what goes on under I/O.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import {
  deviceExists,
  LinearDevice,
  SwapError,
  swapTable,
  ThinDevice,
  ThinPool,
  tableOf,
  thinDevId,
} from '../../src/devices/index.ts';
import { dataBlocks, IEC, sectors } from '../../src/mapper/units.ts';
import { area, grown, MIB, nodeOf, onDisk, type Place, place, steadyReads } from './devices-support.ts';
import { cleanUp, eventually, sh } from './support.ts';

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
  const { dm, options, name, pool, data } = await withPool(t);
  const thin = await ThinDevice.create(dm, { name: name('thin'), pool, id: thinDevId(0), size: sectors(MIB) }, options);
  const table = await pool.table();
  const smaller = table.map((one) => ({ ...one, length: sectors(8 * MIB) }));
  await assert.rejects(swapTable(dm, { name: pool.name }, { table: smaller }, options), (failure) => {
    assert.ok(failure instanceof SwapError, `${failure}`);
    assert.deepEqual([failure.op, failure.code, failure.state], ['DM_DEV_SUSPEND', 'EINVAL', 'runs-old']);
    return true;
  });
  assert.deepEqual(await pool.table(), table);
  // Nor with its data device: that is as large as before again, and only then the pool takes its old table.
  const { number: dataNumber } = await pool.deviceUnder('data');
  const dataTable = await dm.table(dataNumber);
  await assert.rejects(pool.setDataTable(grown(data, 8)), { code: 'EINVAL', state: 'runs-old' });
  assert.deepEqual([await pool.table(), await dm.table(dataNumber)], [table, dataTable]);
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

/** Sectors of a thin device that have blocks. */
async function mappedSectors(device: ThinDevice): Promise<bigint> {
  const status = await device.status();
  assert.ok(status.kind === 'parsed' && 'mapped' in status.value);
  return status.value.mapped;
}

test('a thin device maps more as files are written; its snapshot shares what it had and keeps it', async (t) => {
  const { dm, options, name, pool } = await withPool(t);
  const desired = { name: name('thin'), pool, id: thinDevId(0), size: sectors(12 * MIB) };
  const thin = await ThinDevice.create(dm, desired, options);
  assert.equal(await mappedSectors(thin), 0n);
  sh(`mkfs.ext4 -q -F ${nodeOf(thin)}; mkdir -p /tmp/thin-usage; mount ${nodeOf(thin)} /tmp/thin-usage`);
  cleanUp(t, () => sh('! mountpoint -q /tmp/thin-usage || umount /tmp/thin-usage'));
  const write = (file: string): string =>
    sh(`dd if=/dev/urandom of=/tmp/thin-usage/${file} bs=1M count=2 conv=fsync 2>&1`);
  const empty = await mappedSectors(thin);
  write('one');
  const before = await mappedSectors(thin);
  assert.ok(before >= empty + BigInt(2 * MIB), `${before}, ${empty} before the file`);

  const snapshot = await thin.snapshot({ name: name('snap'), id: thinDevId(1) });
  const shared = await mappedSectors(snapshot);
  assert.ok(shared >= before, `${shared}, ${before} before the snapshot`);
  // Two file systems cost hardly more than one: what ext4 writes when it is thawed is all that is no longer shared.
  assert.ok((await usedBlocks(pool)) < (2n * shared) / 128n);
  write('two');
  assert.equal(await mappedSectors(snapshot), shared);
  assert.ok((await mappedSectors(thin)) >= shared + BigInt(2 * MIB));
  // What is written over is no longer shared: the pool has it twice.
  assert.ok((await usedBlocks(pool)) > (await mappedSectors(thin)) / 128n);
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
