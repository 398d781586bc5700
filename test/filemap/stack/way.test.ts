import assert from 'node:assert/strict';
import test from 'node:test';
import type { Extents } from '../../../src/filemap/extents.ts';
import { findWay } from '../../../src/filemap/stack/way.ts';
import type { DeviceNumber } from '../../../src/kernel/dm-ioctl.ts';
import { DeviceMapper } from '../../../src/mapper/device-mapper.ts';
import { parseTable } from '../../../src/mapper/table-line.ts';
import { SimulatedKernel } from '../../../src/simulator/index.ts';
import type { BlockLayers } from '../../../src/system/block-layers.ts';

const NOTHING: BlockLayers = { name: () => undefined, partition: () => undefined, loop: () => undefined };
const DISK = { major: 8, minor: 0 };

/** Two disks of device-mapper's, and a way to make more devices. */
async function machine() {
  const kernel = new SimulatedKernel();
  const dm = new DeviceMapper(kernel.openControl());
  const left = kernel.addDevice('left', { sectors: 10_000 }).number;
  const right = kernel.addDevice('right', { sectors: 10_000 }).number;
  const add = async (name: string, table: string): Promise<DeviceNumber> => {
    await dm.create(name);
    await dm.load({ name }, parseTable(table));
    return (await dm.resume({ name })).number;
  };
  return { dm, left, right, add };
}

const text = ({ major, minor }: DeviceNumber): string => `${major}:${minor}`;

function extentsAt(...places: readonly (readonly [start: number, end: number])[]): Extents {
  const runs = places.map(([start, end]) => ({ start, end }));
  return { runs, tail: runs.at(-1)?.end, pending: false, notes: [] };
}

test('findWay() stays on a device of device-mapper when no level is asked for', async () => {
  const { dm, left, add } = await machine();
  const top = await add('top', `0 1000 linear ${text(left)} 100`);
  using way = await findWay(dm, top, undefined, NOTHING);
  assert.deepEqual(way.device, top);
  const extents = extentsAt([5, 10]);
  assert.equal(await way.compose(extents, false), extents);
});

test('findWay() goes down through each table to the level, and tells what is elsewhere', async () => {
  const { dm, left, right, add } = await machine();
  const middle = await add('middle', `0 500 linear ${text(right)} 7\n500 500 linear ${text(left)} 2000`);
  const top = await add('top', `0 800 linear ${text(middle)} 100`);
  using way = await findWay(dm, top, left, NOTHING);
  assert.deepEqual(way.device, left);
  assert.deepEqual(await way.compose(extentsAt([0, 10], [390, 410], [700, 701]), false), {
    runs: [
      { start: 2000, end: 2010 },
      { start: 2300, end: 2301 },
    ],
    tail: 2301,
    pending: false,
    notes: ['20 sectors not mapped: they are not on left but on other devices'],
  });
});

test('parts() tells where each sector lies on the level, and leaves out those that are elsewhere', async () => {
  const { dm, left, right, add } = await machine();
  const middle = await add('middle', `0 500 linear ${text(right)} 7\n500 500 linear ${text(left)} 2000`);
  const top = await add('top', `0 800 linear ${text(middle)} 100`);
  using way = await findWay(dm, top, left, NOTHING);
  const runs = [
    { start: 390, end: 410 },
    { start: 700, end: 701 },
  ];
  assert.deepEqual(await way.parts(runs), [
    { start: 400, end: 410, below: 2000 },
    { start: 700, end: 701, below: 2300 },
  ]);
  using direct = await findWay(dm, top, undefined, NOTHING);
  assert.deepEqual(
    await direct.parts(runs),
    runs.map(({ start, end }) => ({ start, end, below: start })),
  );
});

test('findWay() has no tail where the last extent is on another device', async () => {
  const { dm, left, right, add } = await machine();
  const top = await add('top', `0 500 linear ${text(left)} 0\n500 500 linear ${text(right)} 0`);
  using way = await findWay(dm, top, left, NOTHING);
  assert.equal((await way.compose(extentsAt([0, 8], [600, 608]), false)).tail, undefined);
});

test('findWay() goes through partitions, above device-mapper and between its devices', async () => {
  const { dm, left, add } = await machine();
  const part = { major: 259, minor: 3 };
  const layers: BlockLayers = {
    ...NOTHING,
    partition: (number) => (text(number) === text(part) ? { disk: left, start: 64 } : undefined),
  };
  using above = await findWay(dm, part, undefined, layers);
  assert.deepEqual(above.device, left);
  assert.deepEqual((await above.compose(extentsAt([0, 8]), false)).runs, [{ start: 64, end: 72 }]);
  const top = await add('top', `0 100 linear ${text(left)} 500`);
  using between = await findWay(dm, top, left, layers);
  assert.deepEqual((await between.compose(extentsAt([1, 3]), false)).runs, [{ start: 501, end: 503 }]);
});

test('findWay() names the devices that the file is on where the level is none of them', async () => {
  const { dm, left, right, add } = await machine();
  const top = await add('my top', `0 1000 linear ${text(left)} 100`);
  await assert.rejects(findWay(dm, top, right, NOTHING), {
    name: 'UsageError',
    message:
      `Cannot map file on right (${text(right)}): it does not lie there, ` +
      `but on my top (${text(top)}), left (${text(left)})`,
  });
});

test('findWay() refuses a file system on no device of device-mapper, naming its device', async () => {
  const { dm, left } = await machine();
  const layers = { ...NOTHING, name: () => 'sda' };
  for (const level of [undefined, left]) {
    await assert.rejects(findWay(dm, DISK, level, layers), {
      name: 'UsageError',
      message: /^Cannot map file: not a device-mapper device \(its file system is on sda, 8:0\); the file system must/,
    });
  }
});

test('findWay() refuses a level below a device that does not keep its sectors at one place, with the reason', async () => {
  const { dm, left, right, add } = await machine();
  const mirror = await add('twice', `0 1000 mirror core 1 64 2 ${text(left)} 0 ${text(right)} 0`);
  const top = await add('top', `0 500 linear ${text(mirror)} 0`);
  await assert.rejects(findWay(dm, top, left, NOTHING), {
    name: 'UsageError',
    message:
      'Cannot map file on left: above it is twice, a mirror device: each of its sectors is on several devices; map it on twice',
  });
  using way = await findWay(dm, top, mirror, NOTHING);
  assert.deepEqual((await way.compose(extentsAt([1, 2]), false)).runs, [{ start: 1, end: 2 }]);
});

test('compose() refuses extents on the part of a divided device whose place cannot be told', async () => {
  const { dm, left, right, add } = await machine();
  const top = await add(
    'top',
    `0 100 linear ${text(left)} 0\n100 128 mirror core 1 64 2 ${text(left)} 200 ${text(right)} 0`,
  );
  using way = await findWay(dm, top, left, NOTHING);
  assert.deepEqual((await way.compose(extentsAt([90, 100]), false)).runs, [{ start: 90, end: 100 }]);
  await assert.rejects(way.compose(extentsAt([90, 101]), false), /top, a mirror device: each of its sectors/);
});
