import assert from 'node:assert/strict';
import test from 'node:test';
import { PARKED_MS } from '../../src/filemapd/service/parking-clock.ts';
import { SimulatedRandom } from '../../src/simulator/index.ts';
import { LOOK_AHEAD_PROGRAM } from '../../src/stats/owner.ts';
import { BLOCK, ServiceScene } from './service-world.ts';

// More or others: DM_SEED=7 DM_RUNS=1 node --test dist/test/simulation
const FIRST_SEED = Number(process.env['DM_SEED'] ?? 1);
const RUNS = Number(process.env['DM_RUNS'] ?? 8);

const WAYS = {
  mode: 'inode',
  absenceMs: 1000,
  lookAhead: true,
  programId: 'dmstats',
  precise: false,
  bounds: [],
} as const;

test('FilemapService wakes once in 5 s and lists a device once in 30 s for 200 files at rest on two devices', async () => {
  const scene = new ServiceScene(2);
  const paths = Array.from({ length: 200 }, (_, index) => `/${index % 2}/file${index}`);
  for (const path of paths) {
    scene.create(path);
    await scene.follow(path);
  }
  // Those that were new had look-ahead regions, for ten minutes.
  await scene.clock.advance(15 * 60_000);
  scene.clock.wakeups = 0;
  scene.asked.clear();
  await scene.clock.advance(PARKED_MS);
  // And the files' own looks, of which each has one in that time, together.
  assert.ok(scene.clock.wakeups <= PARKED_MS / 5000 + 1, `${scene.clock.wakeups} wake-ups in five minutes`);
  // The list is looked at for the groups of all files of the device; each file looks once in that time, with the others.
  const lists = scene.asked.get('@stats_list') ?? 0;
  assert.ok(lists <= 2 * (PARKED_MS / 30_000 + 1), `${lists} lists in five minutes`);
  assert.deepEqual([...scene.asked.keys()], ['@stats_list']);
  // Still everything is seen.
  scene.system('/1/file1').write('/1/file1', 4 * BLOCK, BLOCK, { durationNs: 0 });
  await scene.clock.advance(1000);
  assert.ok(await scene.isTrue('/1/file1'));
  scene.system('/0/file0').write('/0/file0', 4 * BLOCK, BLOCK, { mode: 'aio', durationNs: 0 });
  await scene.clock.advance(6000);
  assert.ok(await scene.isTrue('/0/file0'));
  await scene.service[Symbol.asyncDispose]();
});

test('FilemapService holds the first writes of a file that begins to grow, and lets go of the regions at rest', async () => {
  const scene = new ServiceScene(1);
  scene.create('/0/a');
  await scene.follow('/0/a');
  const ahead = async (): Promise<number> => (await scene.stats('/0/a').list(LOOK_AHEAD_PROGRAM)).regions.length;
  assert.ok((await ahead()) > 0);
  await scene.clock.advance(60_000);
  scene.system('/0/a').write('/0/a', 4 * BLOCK, 4 * BLOCK, { durationNs: 0 });
  await scene.clock.advance(2000);
  const [file] = await scene.files();
  assert.deepEqual([file?.mapped_bytes, file?.missed_bytes], [8 * BLOCK, 0]);
  await scene.clock.advance(15 * 60_000);
  assert.equal(await ahead(), 0);
  await scene.service[Symbol.asyncDispose]();
});

test('FilemapService follows the files on other devices while one hangs, and that one when it answers', async () => {
  const scene = new ServiceScene(2);
  for (const path of ['/0/a', '/0/b', '/1/c']) {
    scene.create(path);
    await scene.follow(path);
  }
  scene.hanging = 'vol0';
  for (const path of ['/0/a', '/0/b', '/1/c']) {
    scene.system(path).write(path, 4 * BLOCK, BLOCK, { durationNs: 0 });
  }
  await scene.clock.advance(5000);
  assert.ok(await scene.isTrue('/1/c'));
  assert.deepEqual(
    (await scene.files()).map(({ state }) => state),
    ['stuck', 'stuck', 'following'],
  );
  scene.release();
  await scene.clock.advance(5000);
  assert.ok(await scene.isTrue('/0/a'));
  assert.ok(await scene.isTrue('/0/b'));
  assert.deepEqual(new Set((await scene.files()).map(({ state }) => state)), new Set(['following']));
  await scene.service[Symbol.asyncDispose]();
});

test('FilemapService that is told to stop while a device hangs ends all the same', async () => {
  const scene = new ServiceScene(2);
  for (const path of ['/0/a', '/1/c']) {
    scene.create(path);
    await scene.follow(path);
  }
  scene.hanging = 'vol0';
  scene.system('/0/a').write('/0/a', 4 * BLOCK, BLOCK, { durationNs: 0 });
  await scene.clock.advance(3000);
  let isEnded = false;
  void scene.service[Symbol.asyncDispose]().then(() => {
    isEnded = true;
  });
  await scene.clock.advance(6000);
  assert.ok(isEnded);
  assert.deepEqual((await scene.stats('/1/c').list(LOOK_AHEAD_PROGRAM)).regions, []);
});

test('FilemapService has the files of a pattern followed as they come, and their groups deleted as they go', async () => {
  const scene = new ServiceScene(1);
  scene.create('/0/one.img');
  scene.create('/0/other');
  await scene.service.addPattern({ ...WAYS, pattern: '/0/*.img' });
  const aliases = async (): Promise<string[]> =>
    (await scene.stats('/0').list()).groups.map(({ alias }) => alias).sort();
  assert.deepEqual(await aliases(), ['one.img']);
  scene.create('/0/two.img', 0);
  await scene.clock.advance(100);
  scene.system('/0/two.img').write('/0/two.img', 0, 3 * BLOCK, { durationNs: 0 });
  await scene.clock.advance(1000);
  assert.ok(await scene.isTrue('/0/two.img', 'two.img'));
  // All that this one has was written before anybody could lay a region; the past of the first one is not ours.
  scene.create('/0/late.img', 5);
  await scene.clock.advance(1000);
  const missed = async (): Promise<Record<string, bigint>> =>
    Object.fromEntries((await scene.stats('/0').list()).groups.map((group) => [group.alias, group.missed]));
  assert.deepEqual(
    { ...(await missed()), 'two.img': 0n },
    { 'one.img': 0n, 'two.img': 0n, 'late.img': BigInt((5 * BLOCK) / 512) },
  );
  scene.system('/0/late.img').unlink('/0/late.img');
  scene.system('/0/one.img').unlink('/0/one.img');
  await scene.clock.advance(10_000);
  assert.deepEqual(await aliases(), ['two.img']);
  // What came and went while nobody looked.
  scene.kill();
  scene.create('/0/three.img');
  scene.system('/0').unlink('/0/two.img');
  await scene.clock.advance(1000);
  await scene.restart();
  assert.deepEqual(await aliases(), ['three.img']);
  assert.equal(await scene.service.release('/0/*.img'), 1);
  assert.deepEqual(await aliases(), ['three.img']);
  scene.create('/0/four.img');
  await scene.clock.advance(6000);
  assert.deepEqual(await aliases(), ['three.img']);
  await scene.service[Symbol.asyncDispose]();
});

test('FilemapService loses no file and no count when it is killed and begun anew at any moment', async () => {
  for (let seed = FIRST_SEED; seed < FIRST_SEED + RUNS; seed++) {
    const random = new SimulatedRandom(seed);
    const scene = new ServiceScene(3);
    const paths = Array.from({ length: 12 }, (_, index) => `/${index % 3}/file${index}`);
    const read = new Map<string, number>();
    try {
      for (const path of paths) {
        scene.create(path);
        await scene.follow(path, random.chance(0.5) ? 'path' : 'inode');
      }
      for (let step = 0; step < 60; step++) {
        const path = paths[random.below(paths.length)] as string;
        const system = scene.system(path);
        const size = Number(system.inode(path).size);
        const mode = random.chance(0.5) ? 'direct' : 'aio';
        if (random.chance(0.5)) system.write(path, size, BLOCK * (1 + random.below(4)), { durationNs: 0, mode });
        else if (await scene.isTrue(path)) {
          system.read(path, 0, size, { durationNs: 0 });
          read.set(path, (read.get(path) ?? 0) + size / 512);
        }
        await scene.clock.settle();
        if (random.chance(0.1)) {
          scene.kill();
          await scene.clock.advance(random.below(3000));
          await scene.restart();
        }
        await scene.clock.advance(random.below(1000));
      }
      await scene.clock.advance(15_000);
      const files = await scene.files();
      assert.deepEqual(
        files.map(({ path, state }) => [path, state]),
        [...paths].sort().map((path) => [path, 'following']),
      );
      for (const path of paths) {
        assert.ok(await scene.isTrue(path), `the regions are not those of ${path}`);
        const { regions, groups } = await scene.stats(path).list();
        const group = groups.find(({ alias }) => alias === path);
        const members = regions.filter(({ id }) => group?.members.includes(id));
        let counted = Number(group?.carried?.readSectors ?? 0n);
        for (const region of members) counted += Number((await scene.stats(path).counters(region)).readSectors);
        assert.equal(counted, read.get(path) ?? 0, `sectors read of ${path}`);
      }
      await scene.service[Symbol.asyncDispose]();
      for (const path of ['/0', '/1', '/2']) {
        assert.deepEqual((await scene.stats(path).list(LOOK_AHEAD_PROGRAM)).regions, []);
      }
    } catch (error) {
      throw new Error(`DM_SEED=${seed}: ${(error as Error).message}\n${scene.log.slice(-12).join('\n')}`, {
        cause: error,
      });
    }
  }
});
