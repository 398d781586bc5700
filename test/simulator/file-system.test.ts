import assert from 'node:assert/strict';
import test from 'node:test';
import { ERRNO, FIEMAP_EXTENT } from '../../src/kernel/index.ts';
import { type FileTarget, SimulatedFileSystem, SimulatedRandom } from '../../src/simulator/index.ts';
import { oneDevice } from './support.ts';

const BLOCK = 4096n;

function mounted(options: ConstructorParameters<typeof SimulatedFileSystem>[2] = {}) {
  const made = oneDevice();
  return { ...made, fs: new SimulatedFileSystem(made.kernel, made.device.number, options) };
}

/** Extents as `logical physical length` in blocks, and the flags. */
async function extents(fs: SimulatedFileSystem, target: FileTarget, sync = false): Promise<(number | string)[][]> {
  using file = fs.open(target);
  return (await file.extents({ sync })).map(({ logical, physical, length, flags }) => [
    Number(logical / BLOCK),
    Number(physical / BLOCK),
    Number(length / BLOCK),
    Object.entries(FIEMAP_EXTENT)
      .filter(([, bit]) => (flags & bit) !== 0)
      .map(([name]) => name)
      .join('|'),
  ]);
}

test('extents() gives one record for each run that is one in the file and on the device, the last one marked', async () => {
  const { fs } = mounted();
  fs.create('/a');
  fs.write('/a', 0, 8192);
  fs.write('/a', 8192, 4096);
  const [[, first] = []] = await extents(fs, '/a');
  assert.deepEqual(await extents(fs, '/a'), [[0, first, 3, 'LAST']]);
  fs.fallocate('/a', 12288, 8192);
  fs.write('/a', 4096 * 8, 1);
  const at = Number(first);
  assert.deepEqual(await extents(fs, '/a'), [
    [0, at, 3, ''],
    [3, at + 3, 2, 'UNWRITTEN'],
    [8, at + 5, 1, 'LAST'],
  ]);
  fs.punch('/a', 4000, 4096 + 4096);
  assert.deepEqual((await extents(fs, '/a')).slice(0, 2), [
    [0, at, 1, ''],
    [2, at + 2, 1, ''],
  ]);
  fs.truncate('/a', 4096);
  assert.deepEqual(await extents(fs, '/a'), [[0, at, 1, 'LAST']]);
});

test('a buffered write has no blocks until the writeback, or until FIEMAP asks for one', async () => {
  const { fs, device } = mounted();
  const { number } = fs.create('/a');
  fs.write('/a', 0, 10_000, { mode: 'buffered' });
  assert.deepEqual(await extents(fs, '/a'), [[0, 0, 3, 'LAST|UNKNOWN|DELALLOC']]);
  using file = fs.open('/a');
  assert.deepEqual([file.facts().size, file.facts().blocks, device.completed.write], [10_000n, 24n, 0]);
  const [[, , blocks, flags] = []] = await extents(fs, '/a', true);
  assert.deepEqual([blocks, flags, device.completed.write], [3, 'LAST', 1]);
  assert.deepEqual(fs.truth.of(number), { reads: 0, readSectors: 0, writes: 1, writeSectors: 24 });
  assert.deepEqual(fs.writeback(), []);
});

test('reflink() shares blocks, and a write to either then moves that one, with as many blocks as before', async () => {
  const { fs } = mounted();
  fs.create('/a');
  fs.write('/a', 0, 16384);
  fs.reflink('/a', '/b');
  const [[, at] = []] = await extents(fs, '/a');
  assert.deepEqual(await extents(fs, '/b'), [[0, at, 4, 'LAST|SHARED']]);
  const free = fs.freeBlocks;
  using file = fs.open('/a');
  const { blocks } = file.facts();
  fs.write('/a', 4096, 8192, { mode: 'aio' });
  assert.equal(file.facts().blocks, blocks);
  assert.equal(fs.freeBlocks, free - 2);
  const moved = await extents(fs, '/a');
  assert.deepEqual(
    moved.map(([logical, , length, flags]) => [logical, length, flags]),
    [
      [0, 1, 'SHARED'],
      [1, 2, ''],
      [3, 1, 'LAST|SHARED'],
    ],
  );
  assert.deepEqual(
    (await extents(fs, '/b')).map(([, physical, length, flags]) => [physical, length, flags]),
    [
      [at, 1, 'SHARED'],
      [Number(at) + 1, 2, ''],
      [Number(at) + 3, 1, 'LAST|SHARED'],
    ],
  );
  fs.unlink('/b');
  assert.equal(fs.freeBlocks, free);
});

test('defragment() moves all blocks to one place and tells nobody', async () => {
  const { fs, clock } = mounted({ seed: 3 });
  fs.longestRun = 2;
  const { number } = fs.create('/a');
  fs.write('/a', 0, 40 * 4096);
  assert.ok((await extents(fs, '/a')).length > 10);
  let wakes = 0;
  using followed = fs.follow('/a', { onNotice: () => wakes++ });
  const before = fs.truth.of(number);
  const free = fs.freeBlocks;
  fs.defragment('/a');
  await clock.settle();
  assert.equal((await extents(fs, '/a')).length, 1);
  assert.deepEqual([wakes, fs.freeBlocks, followed.takeModified()], [0, free, false]);
  const after = fs.truth.of(number);
  assert.deepEqual([after.readSectors - before.readSectors, after.writeSectors - before.writeSectors], [320, 320]);
});

test('freed blocks go to other files, but not under I/O in flight', async () => {
  const { fs } = mounted();
  fs.create('/a');
  const [io] = fs.write('/a', 0, 4096, { durationNs: 'held' });
  const [[, at] = []] = await extents(fs, '/a');
  fs.unlink('/a');
  fs.create('/b');
  fs.write('/b', 0, 4096);
  assert.notEqual((await extents(fs, '/b'))[0]?.[1], at);
  io?.end();
  fs.create('/c');
  fs.write('/c', 0, 4096);
  assert.equal((await extents(fs, '/c'))[0]?.[1], at);
});

test('a file without a name lives as long as somebody holds it', async () => {
  const { fs, clock } = mounted();
  fs.create('/a');
  fs.write('/a', 0, 4096);
  const free = fs.freeBlocks;
  const holder = fs.hold('/a');
  const other = fs.hold('/a');
  let wakes = 0;
  const followed = fs.follow('/a', { onNotice: () => wakes++ });
  fs.unlink('/a');
  assert.throws(() => fs.write('/a', 0, 1), { name: 'SystemError', code: 'ENOENT' });
  fs.write(holder, 4096, 4096);
  assert.deepEqual(
    [followed.facts().links, await followed.factsAtPath(), followed.isSoleHolder()],
    [0, undefined, false],
  );
  await clock.settle();
  followed.takeModified();
  wakes = 0;
  other.close();
  await clock.settle();
  assert.equal(wakes, 0);
  followed.watchCloses();
  holder.close();
  await clock.settle();
  assert.deepEqual([wakes, followed.isSoleHolder(), fs.freeBlocks], [1, true, free - 1]);
  followed[Symbol.dispose]();
  assert.equal(fs.freeBlocks, free + 1);
});

test('follow() with a descriptor handed over does not count it as another’s hold', () => {
  const { fs } = mounted();
  fs.create('/a');
  const handle = fs.hold('/a');
  using followed = fs.follow(handle);
  assert.equal(followed.isSoleHolder(), true);
  using other = fs.open('/a');
  assert.equal(other.inode, followed.inode);
  assert.equal(followed.isSoleHolder(), false);
});

test('notices gather and wake once until they are taken', async () => {
  const { fs, clock } = mounted();
  fs.create('/a');
  let wakes = 0;
  using followed = fs.follow('/a', { onNotice: () => wakes++ });
  const taken = async (action: () => unknown) => {
    action();
    await clock.settle();
    const isWoken = wakes > 0;
    wakes = 0;
    return followed.takeModified() ? 'modified' : isWoken ? 'woken' : '';
  };
  assert.equal(await taken(() => fs.write('/a', 0, 1)), 'modified');
  assert.equal(await taken(() => fs.write('/a', 0, 1, { mode: 'buffered' })), 'modified');
  assert.equal(await taken(() => fs.write('/a', 0, 9000, { mode: 'aio' })), '');
  assert.equal(await taken(() => fs.write('/a', 9000, 9000, { mode: 'mmap' })), '');
  assert.equal(await taken(() => fs.writeback()), '');
  assert.equal(await taken(() => fs.fallocate('/a', 0, 65536)), 'modified');
  assert.equal(await taken(() => fs.punch('/a', 0, 4096)), 'modified');
  assert.equal(await taken(() => fs.truncate('/a', 100)), 'modified');
  assert.equal(await taken(() => fs.link('/a', '/b')), 'woken');
  assert.equal(await taken(() => fs.unlink('/b')), 'woken');
  assert.equal(await taken(() => fs.rename('/a', '/c')), 'woken');
  assert.equal(await taken(() => fs.setAttributes('/c')), 'woken');
  assert.equal(await taken(() => fs.renameFolder('', '/folder')), '');
  fs.create('/a');
  assert.equal(await taken(() => fs.rename('/a', '/folder/c')), 'woken');
  wakes = 0;
  using handle = fs.hold('/folder/c');
  assert.equal(await followed.reopen(), false);
  fs.rename('/folder/c', '/a');
  assert.equal(await followed.reopen(), true);
  fs.write(handle, 0, 1);
  fs.write('/a', 1, 1);
  await clock.settle();
  assert.equal(wakes, 1);
  followed.takeModified();
  fs.write('/a', 1, 1);
  await clock.settle();
  assert.equal(wakes, 2);
});

test('a direct write tells of itself when its I/O has ended', async () => {
  const { fs, clock } = mounted();
  fs.create('/a');
  using followed = fs.follow('/a');
  fs.write('/a', 0, 4 * 2 ** 20, { durationNs: 3e6 });
  await clock.advance(2);
  assert.equal(followed.takeModified(), false);
  assert.equal(followed.deviceWrites(), 0n);
  await clock.advance(1);
  assert.equal(followed.takeModified(), true);
  assert.equal(followed.deviceWrites(), 4n);
});

test('small contents lie in the inode until they grow', async () => {
  const { fs } = mounted();
  fs.create('/a', { inline: true });
  fs.write('/a', 0, 6);
  using file = fs.open('/a');
  const [record] = await file.extents();
  assert.equal(record?.length, 6n);
  assert.notEqual(Number(record?.physical) % 512, 0);
  assert.equal(record?.flags, FIEMAP_EXTENT.LAST | FIEMAP_EXTENT.DATA_INLINE | FIEMAP_EXTENT.NOT_ALIGNED);
  fs.write('/a', 6, 200);
  assert.deepEqual(
    (await extents(fs, '/a')).map(([logical, , length, flags]) => [logical, length, flags]),
    [[0, 1, 'LAST']],
  );
});

test('onCall() can fail or precede what the code under test asks', async () => {
  const { fs } = mounted();
  fs.create('/a');
  using followed = fs.follow('/a');
  fs.onCall = ({ call }) => (call === 'extents' ? ERRNO.EIO : undefined);
  await assert.rejects(followed.extents(), { code: 'EIO' });
  fs.onCall = ({ call }) => {
    if (call === 'factsAtPath') fs.unlink('/a');
    return undefined;
  };
  assert.equal(await followed.factsAtPath(), undefined);
  const without = mounted({ fiemap: false }).fs;
  without.create('/a');
  await assert.rejects(without.open('/a').extents(), { code: 'EOPNOTSUPP' });
});

test('a full file system says ENOSPC, and takes nothing', () => {
  const { fs } = mounted({ sizeSectors: 8 * 64 });
  fs.create('/a');
  const free = fs.freeBlocks;
  assert.throws(() => fs.write('/a', 0, 65 * 4096), { name: 'SystemError', code: 'ENOSPC', syscall: 'write' });
  assert.equal(fs.freeBlocks, free);
});

test('a symbolic link can lead to another file system’s file', async () => {
  const { fs } = mounted();
  const other = mounted().fs;
  const { number } = other.create('/x');
  fs.symlink('/link', '/x', other);
  using followed = fs.follow('/link');
  assert.equal((await followed.factsAtPath())?.inode, number);
  fs.unlink('/link');
  assert.deepEqual([await followed.factsAtPath(), followed.takeModified()], [undefined, false]);
});

/** Sums of a region's counters over its areas: reads, sectors read, writes, sectors written. */
function regionTotals(text: string): number[] {
  const totals = [0, 0, 0, 0];
  for (const line of text.trimEnd().split('\n')) {
    const words = line.split(' ').map(Number);
    for (const [index, word] of [1, 3, 5, 7].entries()) totals[index] = (totals[index] ?? 0) + (words[word] ?? 0);
  }
  return totals;
}

for (const seed of [1, 2, 3]) {
  test(`truth equals the counters of regions that cover all blocks, whatever is done to the files (seed ${seed})`, async () => {
    const { fs, kernel, clock } = mounted({ seed, maxIoSectors: 64 });
    kernel.message('d', '@stats_create - /1');
    kernel.message('d', '@stats_create - 4096');
    const random = new SimulatedRandom(seed);
    fs.longestRun = seed === 1 ? Number.POSITIVE_INFINITY : 4;
    const paths = ['/a', '/b', '/c', '/d'];
    const places = new Map<number, string>();
    for (let step = 0; step < 3000; step++) {
      const path = random.pick(paths);
      const exists = fs.names.find(path) !== undefined;
      const offset = random.below(64) * 1000;
      const length = 1 + random.below(64) * 700;
      const io = { durationNs: random.below(3) * 1e6 };
      const actions: (() => unknown)[] = exists
        ? [
            () => fs.write(path, offset, length, { ...io, mode: random.pick(['direct', 'buffered', 'aio', 'mmap']) }),
            () => fs.read(path, offset, length, io),
            () => fs.writeback(undefined, io),
            () => fs.punch(path, offset, length),
            () => fs.truncate(path, offset),
            () => fs.fallocate(path, offset, length),
            () => fs.defragment(path, io),
            () => fs.reflink(path, random.pick(paths.filter((other) => other !== path))),
            () => fs.unlink(path),
            () => fs.rename(path, random.pick(paths)),
          ]
        : [() => fs.create(path)];
      random.pick(actions)();
      if (random.chance(0.3)) clock.advanceNs(random.below(3) * 1e6);
      if (step % 100 > 0) continue;
      // No block belongs to two files but where both say so, and records are in order and as long as they can be.
      places.clear();
      for (const each of paths) {
        if (fs.names.find(each) === undefined) continue;
        let end = -1;
        const records = await extents(fs, each);
        for (const [index, [logical, physical, blocks, flags]] of records.entries()) {
          assert.ok(Number(logical) >= end);
          end = Number(logical) + Number(blocks);
          assert.equal(String(flags).includes('LAST'), index === records.length - 1);
          if (String(flags).includes('DELALLOC') || String(flags).includes('SHARED')) continue;
          for (let block = Number(physical); block < Number(physical) + Number(blocks); block++) {
            assert.equal(places.get(block), undefined);
            places.set(block, each);
          }
        }
      }
    }
    clock.advanceNs(1e9);
    const { reads, readSectors, writes, writeSectors } = fs.truth.totals();
    assert.ok(writes > 100 && reads > 100);
    assert.deepEqual(regionTotals(kernel.message('d', '@stats_print 0') ?? ''), [
      reads,
      readSectors,
      writes,
      writeSectors,
    ]);
    const [, cutReads, , cutWrites] = regionTotals(kernel.message('d', '@stats_print 1') ?? '');
    assert.deepEqual([cutReads, cutWrites], [readSectors, writeSectors]);
    for (const path of paths) if (fs.names.find(path) !== undefined) fs.unlink(path);
    assert.equal(fs.freeBlocks, 2 ** 21 / 8 - 256);
  });
}

test('TruthLog.totals() equals a region’s counters over any interval', () => {
  const { fs, kernel, clock } = mounted();
  fs.create('/a');
  fs.write('/a', 0, 2 ** 20);
  kernel.message('d', '@stats_create 3000+1000 /1');
  const random = new SimulatedRandom(9);
  clock.advanceNs(1);
  const fromNs = clock.nowNs();
  for (let step = 0; step < 200; step++) {
    fs.write('/a', random.below(2 ** 20 - 65536), 1 + random.below(65536), { durationNs: 1e6 });
    fs.read('/a', random.below(2 ** 20), 1 + random.below(65536), { durationNs: 1e6 });
    clock.advanceNs(5e5);
  }
  clock.advanceNs(1e6);
  const counted = regionTotals(kernel.message('d', '@stats_print_clear 0') ?? '');
  const toNs = clock.nowNs() + 1;
  clock.advanceNs(1);
  fs.write('/a', 0, 2 ** 20);
  // Pieces of one write are I/O of their own; each that touches the region counts there once.
  const { reads, readSectors, writes, writeSectors } = fs.truth.totals({
    inode: fs.inode('/a').number,
    fromNs,
    toNs,
    ranges: [{ start: 3000, length: 1000 }],
  });
  assert.ok(reads > 0 && writes > 0);
  assert.deepEqual(counted, [reads, readSectors, writes, writeSectors]);
});
