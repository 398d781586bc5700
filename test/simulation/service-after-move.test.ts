import assert from 'node:assert/strict';
import test from 'node:test';
import { read, totals } from '../../src/stats/sampler.ts';
import { BLOCK, ServiceScene } from './service-world.ts';

const LINK = '/0/link';
const BLOCKS = 12;

/** A file that is followed by a symbolic link; where it leads to later, another group has the first id. */
async function begin(): Promise<ServiceScene> {
  const scene = new ServiceScene(3, 2 ** 14, 1 << 20);
  for (const path of ['/0/data', '/1/data', '/2/data', '/1/other']) scene.create(path, BLOCKS);
  scene.links.set(LINK, '/0/data');
  await scene.follow('/1/other');
  await scene.follow(LINK, 'path');
  await scene.clock.advance(100);
  return scene;
}

async function readAll(scene: ServiceScene): Promise<number> {
  scene.system(LINK).read(scene.links.get(LINK) ?? '', 0, BLOCKS * BLOCK, { durationNs: 0 });
  await scene.clock.advance(1);
  return (BLOCKS * BLOCK) / 512;
}

/** The group is one, with these counts, where the link leads, and there is nothing else of it. */
async function assertSettled(scene: ServiceScene, sectors: number, when: string): Promise<void> {
  await scene.clock.advance(7000);
  assert.ok(await scene.isTrue(LINK), `${when}: the regions are the file's: ${scene.log}`);
  assert.equal((await scene.files()).find(({ path }) => path === LINK)?.state, 'following', `${when}: ${scene.log}`);
  await scene.service[Symbol.asyncDispose]();
  const counted: number[] = [];
  for (const device of ['/0', '/1', '/2']) {
    const { regions, groups } = await scene.stats(device).list();
    const grouped = groups.flatMap(({ members }) => members).sort((a, b) => a - b);
    assert.deepEqual(
      regions.map(({ id }) => id),
      grouped,
      `${when}: left on ${device}`,
    );
    for (const { group, counters } of totals(await read(scene.stats(device)), 1e9).groups.values()) {
      if (group.alias === LINK) counted.push(Number(counters.readSectors));
    }
  }
  assert.deepEqual(counted, [sectors], when);
}

test('FilemapService goes on with a file that went to another device while no service ran', async () => {
  const scene = await begin();
  const sectors = await readAll(scene);
  scene.kill();
  scene.links.set(LINK, '/2/data');
  await scene.restart();
  await assertSettled(scene, sectors, 'gone while no service ran');
});

test('FilemapService goes on with a file in inode mode only when its path names that file', async () => {
  const scene = new ServiceScene(2);
  for (const path of ['/0/data', '/1/data']) scene.create(path);
  scene.links.set(LINK, '/0/data');
  await scene.follow(LINK);
  scene.kill();
  scene.links.set(LINK, '/1/data');
  await scene.restart();
  assert.deepEqual(await scene.files(), []);
  assert.deepEqual((await scene.stats('/0').list()).groups.length, 1);
  await scene.service[Symbol.asyncDispose]();
});

for (const last of ['/1/data', '/2/data', '/0/data']) {
  test(`FilemapService after one that was killed while it moved a group, its file now ${last}`, async (t) => {
    let requests = Number.POSITIVE_INFINITY;
    for (let request = 0; request < requests; request++) {
      const scene = await begin();
      const sectors = await readAll(scene);
      const before = scene.requests;
      scene.links.set(LINK, '/1/data');
      // The first life is not killed: it says how many requests there are.
      if (request > 0) scene.killAt = before + request;
      await scene.clock.advance(6000);
      if (request === 0) requests = scene.requests - before + 1;
      else {
        assert.ok(scene.requests >= scene.killAt);
        scene.killAt = Number.POSITIVE_INFINITY;
        scene.links.set(LINK, last);
        await scene.restart();
        await assertSettled(scene, sectors, `killed at request ${request}`);
      }
    }
    t.diagnostic(`${requests - 1} kills`);
  });
}
