import assert from 'node:assert/strict';
import test from 'node:test';
import type { SimulatedFileSystem } from '../../src/simulator/index.ts';
import { World } from './world.ts';

const NO_CHANCES = { race: 0, fault: 0, others: 0 };
const BLOCK = 4096;

/** Milliseconds until the regions are the file's again, at most `limit`. */
async function latency(world: World, limit: number, isBusy: boolean): Promise<number> {
  const start = world.kernel.clock.now();
  for (;;) {
    try {
      world.assertTrue();
      return world.kernel.clock.now() - start;
    } catch (error) {
      if (!(error instanceof assert.AssertionError)) throw error;
    }
    assert.ok(
      world.kernel.clock.now() - start <= limit,
      `not mapped within ${limit} ms\n${world.log.slice(-5).join('\n')}`,
    );
    if (isBusy) world.fs.write('/other', 0, BLOCK, { durationNs: 0 });
    await world.kernel.clock.advance(1);
  }
}

async function atRest(isBusy: boolean): Promise<World> {
  const world = new World(3, NO_CHANCES);
  await world.start();
  world.fs.write('/other', 0, BLOCK, { durationNs: 0 });
  if (isBusy)
    for (let ms = 0; ms < 8000; ms += 10) {
      world.fs.write('/other', 0, BLOCK, { durationNs: 0 });
      await world.kernel.clock.advance(10);
    }
  else await world.kernel.clock.advance(31_000);
  world.assertTrue();
  return world;
}

const changes: Readonly<Record<string, { change: (fs: SimulatedFileSystem) => void; isTold: boolean }>> = {
  'a direct write that allocates': {
    change: (fs) => fs.write('/data', 40 * BLOCK, BLOCK, { durationNs: 0 }),
    isTold: true,
  },
  'a preallocation': { change: (fs) => fs.fallocate('/data', 60 * BLOCK, 8 * BLOCK), isTold: true },
  'a write by libaio': {
    change: (fs) => fs.write('/data', 40 * BLOCK, BLOCK, { mode: 'aio', durationNs: 0 }),
    isTold: false,
  },
  'a store through mmap and its write-back': {
    change: (fs) => {
      fs.write('/data', 40 * BLOCK, BLOCK, { mode: 'mmap' });
      fs.writeback(undefined, { durationNs: 0 });
    },
    isTold: false,
  },
  'a defragmentation': {
    change: (fs) => {
      fs.defragment('/data', { durationNs: 0 });
    },
    isTold: false,
  },
};

for (const [name, { change, isTold }] of Object.entries(changes)) {
  for (const isBusy of [false, true]) {
    const limit = isTold ? 50 : isBusy ? 1000 : 6000;
    test(`filemapd maps ${name} within ${limit} ms on a ${isBusy ? 'busy' : 'quiet'} device`, async (t) => {
      const world = await atRest(isBusy);
      change(world.fs);
      if (name !== 'a defragmentation' || isBusy) assert.throws(() => world.assertTrue(), 'nothing changed');
      t.diagnostic(`${await latency(world, limit, isBusy)} ms`);
      await world.deleteGroup();
    });
  }
}

test('filemapd asks nothing of the kernel but one look and one list in 5 s on a quiet device', async () => {
  const world = await atRest(false);
  let requests = 0;
  const questions: string[] = [];
  world.kernel.onIoctl = ({ text, command }) => {
    requests++;
    questions.push(text ?? command);
    return undefined;
  };
  let looks = 0;
  world.fs.onCall = ({ call }) => {
    if (call === 'extents') looks++;
    return undefined;
  };
  await world.kernel.clock.advance(50_000);
  assert.ok(requests <= 11, `${requests} requests in 50 s: ${questions.join(', ')}`);
  assert.equal(looks, 0, 'the extents of a quiet file are not read');
  await world.deleteGroup();
});

test('filemapd does not force data to the disk', async () => {
  const world = await atRest(false);
  const written = world.fs.deviceWrites();
  world.fs.write('/data', 40 * BLOCK, 8 * BLOCK, { mode: 'buffered' });
  await world.kernel.clock.advance(10_000);
  assert.equal(world.fs.deviceWrites(), written);
  world.fs.writeback(undefined, { durationNs: 0 });
  assert.ok((await latency(world, 6000, false)) <= 6000);
  await world.deleteGroup();
});
