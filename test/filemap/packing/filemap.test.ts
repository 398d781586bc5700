import assert from 'node:assert/strict';
import test from 'node:test';
import { createFilemap, planFilemap } from '../../../src/filemap/filemap.ts';
import { moveFilemap } from '../../../src/filemap/move.ts';
import { updateFilemap } from '../../../src/filemap/update.ts';
import { DeviceMapper } from '../../../src/mapper/device-mapper.ts';
import { UsageError } from '../../../src/mapper/errors.ts';
import { nanoseconds } from '../../../src/mapper/units.ts';
import { SimulatedFileSystem, SimulatedKernel } from '../../../src/simulator/index.ts';
import { DeviceStats } from '../../../src/stats/device-stats.ts';
import { NO_ERROR } from '../../../src/stats/error-bound.ts';
import { PACKED_PROGRAM } from '../../../src/stats/packed.ts';
import { NO_BOUND } from '../../../src/stats/packed-counts.ts';
import { read, totals } from '../../../src/stats/sampler.ts';

const BLOCK = 4096;
const FILE = '/data';
const MAX = 20;
const memory = { cpus: 2, limitBytes: 1 << 30, usedBytes: 0 };

/** A file of `blocks` blocks all over a device, beside another one, mapped with at most `MAX` regions. */
async function fragmented({ blocks = 200, maxRegions = MAX, histogram = false } = {}) {
  const kernel = new SimulatedKernel();
  const { number } = kernel.addDevice('vol', { sectors: 2 ** 16 });
  const fs = new SimulatedFileSystem(kernel, number, { seed: 5 });
  const dm = new DeviceMapper(kernel.openControl());
  const stats = new DeviceStats(dm, { name: 'vol' });
  fs.create(FILE);
  fs.create('/other');
  fs.longestRun = 1;
  fs.write(FILE, 0, blocks * BLOCK);
  fs.write('/other', 0, blocks * BLOCK);
  await kernel.clock.advance(1);
  const file = fs.open(FILE);
  const bounds = histogram ? [nanoseconds(10_000_000)] : [];
  const map = await createFilemap(dm, file, { programId: 'dmstats', alias: 'data', bounds, maxRegions, memory });
  const before = fs.truth.of(fs.inode(FILE).number);
  let groupId = map.groupId as number;
  return {
    ...{ kernel, fs, dm, stats, file, map },
    update: async (maxRegions?: number) => {
      const updated = await updateFilemap(dm, file, { groupId, memory, ...(maxRegions && { maxRegions }) });
      groupId = updated.groupId;
      return updated;
    },
    /** What a report says, as the C tools' program sees it. */
    sample: async () => {
      const sampled = totals(await read(stats, 'dmstats'), 1e9).groups.get(groupId);
      assert.ok(sampled !== undefined, 'the group is gone');
      return sampled;
    },
    /** What the file's I/O was since it was mapped. */
    truth: () => {
      const now = fs.truth.of(fs.inode(FILE).number);
      return {
        reads: BigInt(now.reads - before.reads),
        readSectors: BigInt(now.readSectors - before.readSectors),
        writes: BigInt(now.writes - before.writes),
        writeSectors: BigInt(now.writeSectors - before.writeSectors),
      };
    },
  };
}

type Fragmented = Awaited<ReturnType<typeof fragmented>>;

/** Compares what is reported with the truth. @param missed sectors written before they had a region */
async function assertTrue({ sample, truth }: Fragmented, missed = 0n): Promise<void> {
  const { counters, bound = NO_BOUND } = await sample();
  const { reads, readSectors, writes, writeSectors } = truth();
  assert.deepEqual([counters.readSectors, counters.writeSectors + missed], [readSectors, writeSectors]);
  const off = (a: bigint, b: bigint): bigint => (a < b ? b - a : a - b);
  assert.ok(off(counters.reads, reads) <= bound.reads, `${counters.reads} of ${reads} reads, ±${bound.reads}`);
  assert.ok(off(counters.writes, writes) <= bound.writes + missed);
}

test('createFilemap() packs a file of many extents, and counts its I/O and nobody else’s', async () => {
  const world = await fragmented({ histogram: true });
  const { map, fs, kernel, stats } = world;
  assert.ok(map.mapping.extents > 100);
  const ids = [...map.regionIds, ...(map.packed?.ids ?? [])];
  assert.ok(ids.length <= MAX, `${ids.length} regions`);
  assert.equal(ids.length, map.mapping.price.regions);
  assert.equal((await stats.list()).regions.length, ids.length);
  fs.read(FILE, 0, 200 * BLOCK, { durationNs: 20_000_000 });
  fs.write(FILE, 10 * BLOCK, 5 * BLOCK, { durationNs: 0 });
  await kernel.clock.advance(100);
  await assertTrue(world);
  const { bound, counters } = await world.sample();
  assert.deepEqual(bound, { reads: 0n, writes: 0n, foreignSectors: 0n });
  const { reads, writes } = world.truth();
  assert.deepEqual([counters.reads, counters.histogram], [reads, [writes, reads]]);
  fs.read('/other', 0, 200 * BLOCK);
  await kernel.clock.advance(100);
  await assertTrue(world);
  assert.equal((await world.sample()).counters.readSectors, 1600n);
});

test('createFilemap() maps up to 256 extents as the C tool does, whatever they cost', async () => {
  const { map } = await fragmented({ blocks: 200, maxRegions: 256 });
  assert.equal(map.packed, undefined);
  assert.equal(map.regionIds.length, map.mapping.extents);
});

test('createFilemap() takes back what it made when the kernel refuses a packed region', async () => {
  const { kernel, dm, stats, fs } = await fragmented();
  const [group] = (await stats.list()).groups;
  assert.ok(group !== undefined);
  await stats.deleteGroup(group);
  let calls = 0;
  kernel.onIoctl = () => (++calls === 4 ? 12 : undefined);
  using file = fs.open(FILE);
  await assert.rejects(createFilemap(dm, file, { programId: 'dmstats', maxRegions: MAX, memory }), /ENOMEM/);
  kernel.onIoctl = undefined;
  assert.deepEqual((await stats.list()).regions, []);
});

test('planFilemap() refuses what the kernel has no memory for, and limits that cannot be kept', async () => {
  const { dm, file, stats } = await fragmented();
  const regions = (await stats.list()).regions.length;
  const small = { ...memory, usedBytes: memory.limitBytes - 100_000 };
  await assert.rejects(planFilemap(dm, file, { maxRegions: MAX, memory: small }), (error) => {
    assert.ok(error instanceof UsageError);
    assert.match(
      error.message,
      /^Cannot map file: its \d+ extents would take [\d.]+ MiB of kernel memory in \d+ regions/,
    );
    return true;
  });
  await assert.rejects(
    planFilemap(dm, file, { maxRegions: 2, strict: true, memory }),
    /at most 2 regions: its \d+ extents need 3 at least/,
  );
  assert.equal((await stats.list()).regions.length, regions);
});

test('updateFilemap() leaves a packed file alone that has not changed', async () => {
  const { update, stats } = await fragmented();
  const before = (await stats.list()).regions;
  const { created, deleted } = await update();
  assert.deepEqual([created, deleted], [[], []]);
  assert.deepEqual((await stats.list()).regions, before);
});

test('updateFilemap() keeps all counts of a packed file that grows', async () => {
  const world = await fragmented();
  const { fs, kernel, update } = world;
  fs.read(FILE, 0, 200 * BLOCK);
  fs.write(FILE, 200 * BLOCK, 5 * BLOCK);
  await kernel.clock.advance(1);
  const { created, missed } = await update();
  assert.ok(created.length > 0);
  await assertTrue(world, missed);
  fs.read(FILE, 0, 205 * BLOCK);
  await kernel.clock.advance(1);
  await assertTrue(world, missed);
});

test('updateFilemap() keeps all counts of a packed file that shrinks, and counts no sector that it left', async () => {
  const world = await fragmented();
  const { fs, kernel, update } = world;
  fs.read(FILE, 0, 200 * BLOCK);
  await kernel.clock.advance(1);
  for (const blocks of [150, 20, 1, 0]) {
    fs.truncate(FILE, blocks * BLOCK);
    assert.deepEqual((await update()).error, NO_ERROR);
    await assertTrue(world);
    // The freed blocks are the neighbour's now.
    fs.write('/other', 200 * BLOCK, 4000 * BLOCK);
    fs.truncate('/other', 200 * BLOCK);
    fs.read(FILE, 0, blocks * BLOCK);
    await kernel.clock.advance(1);
    await assertTrue(world);
  }
  const { regions } = await world.stats.list();
  assert.deepEqual(
    regions.map(({ programId }) => programId),
    ['dmstats'],
  );
});

test('updateFilemap() packs anew when growth has left too many regions, and loses no count', async () => {
  const world = await fragmented();
  const { fs, kernel, update, stats } = world;
  let missed = 0n;
  for (let blocks = 200; blocks < 300; blocks += 10) {
    fs.write(FILE, blocks * BLOCK, 10 * BLOCK);
    await kernel.clock.advance(1);
    const updated = await update(MAX);
    missed += updated.missed;
    assert.deepEqual(updated.error, NO_ERROR);
    fs.read(FILE, 0, (blocks + 10) * BLOCK);
    await kernel.clock.advance(1);
    await assertTrue(world, missed);
    const { regions } = await stats.list();
    // The limit, and what came with the last update.
    assert.ok(regions.length <= MAX + 10, `${regions.length} regions`);
  }
});

test('updateFilemap() packs a plain group only when told how many regions there may be', async () => {
  const world = await fragmented({ maxRegions: 1000 });
  const { fs, kernel, update, stats, map } = world;
  fs.read(FILE, 0, 200 * BLOCK);
  await kernel.clock.advance(1);
  assert.deepEqual((await update()).created, []);
  assert.equal((await stats.list()).regions.length, map.regionIds.length);
  assert.deepEqual((await update(MAX)).error, NO_ERROR);
  assert.ok((await stats.list()).regions.length <= MAX);
  await assertTrue(world);
  fs.read(FILE, 0, 200 * BLOCK);
  await kernel.clock.advance(1);
  await assertTrue(world);
});

test('updateFilemap() makes a span anew of which somebody deleted one half, and leaves nothing of the other', async () => {
  const { stats, update, map, fs, kernel, sample } = await fragmented();
  const [first, second] = map.packed?.ids ?? [];
  assert.ok(first !== undefined && second !== undefined);
  await stats.deleteRegion(second);
  await update();
  fs.read(FILE, 0, 200 * BLOCK);
  await kernel.clock.advance(1);
  assert.equal((await sample()).counters.readSectors, 1600n);
  const listing = await stats.list();
  const named = new Set([
    ...(listing.groups[0]?.members ?? []),
    ...[...(listing.spans?.values() ?? [])].flat().flatMap(({ areas, whole }) => [areas.id, whole.id]),
  ]);
  assert.deepEqual(
    listing.regions.filter(({ id }) => !named.has(id)),
    [],
  );
});

test('a failed update of a packed file leaves the group as it was', async () => {
  for (let failing = 1; failing < 12; failing++) {
    const world = await fragmented();
    const { fs, kernel, update, stats } = world;
    fs.read(FILE, 0, 200 * BLOCK);
    fs.truncate(FILE, 150 * BLOCK);
    await kernel.clock.advance(1);
    // A group that changes for the first time is numbered before anything else.
    const regions = async () =>
      (await stats.list()).regions.map((one) => ({ ...one, aux: one.aux.replace(/\|gen=[\w.]+$/, '') }));
    const before = await regions();
    let calls = 0;
    kernel.onIoctl = () => (++calls === failing ? 12 : undefined);
    const failed = await update().then(
      () => false,
      () => true,
    );
    kernel.onIoctl = undefined;
    if (failed) assert.deepEqual(await regions(), before);
    await update();
    await assertTrue(world);
  }
});

test('moveFilemap() takes the counts of a packed file along', async () => {
  const { kernel, dm, stats, fs, map } = await fragmented();
  fs.read(FILE, 0, 200 * BLOCK);
  await kernel.clock.advance(1);
  const { number } = kernel.addDevice('vol2', { sectors: 2 ** 16 });
  const other = new SimulatedFileSystem(kernel, number, { seed: 6 });
  other.create(FILE);
  other.longestRun = 1;
  other.write(FILE, 0, 400 * BLOCK);
  await kernel.clock.advance(1);
  using file = other.open(FILE);
  const groupId = await moveFilemap(dm, file, stats, map.groupId as number, { maxRegions: MAX });
  assert.deepEqual((await stats.list()).regions, []);
  const there = new DeviceStats(dm, number);
  const sample = totals(await read(there, 'dmstats'), 1e9).groups.get(groupId as number);
  assert.equal(sample?.counters.readSectors, 1600n);
  assert.ok((await there.list(PACKED_PROGRAM)).regions.length > 0);
  other.read(FILE, 0, 400 * BLOCK);
  await kernel.clock.advance(1);
  assert.equal(totals(await read(there), 1e9).groups.get(groupId as number)?.counters.readSectors, 4800n);
});
