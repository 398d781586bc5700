import assert from 'node:assert/strict';
import test from 'node:test';
import { createFilemap } from '../../src/filemap/filemap.ts';
import { Ahead } from '../../src/filemapd/ahead.ts';
import { DeviceMapper } from '../../src/mapper/device-mapper.ts';
import { SimulatedFileSystem, SimulatedKernel } from '../../src/simulator/index.ts';
import { DeviceStats } from '../../src/stats/device-stats.ts';
import { LOOK_AHEAD_PROGRAM, parseOwner } from '../../src/stats/owner.ts';

const PROGRAM = { programId: 'dmstats' };

async function scene() {
  const kernel = new SimulatedKernel();
  const { number } = kernel.addDevice('vol', { sectors: 2 ** 17 });
  const fs = new SimulatedFileSystem(kernel, number);
  const dm = new DeviceMapper(kernel.openControl());
  const stats = new DeviceStats(dm, number);
  const logged: string[] = [];
  const owners = async (): Promise<string[]> => {
    const { regions } = await stats.list(LOOK_AHEAD_PROGRAM);
    return [...new Set(regions.map(({ aux }) => `${parseOwner(aux)?.groupId} ${parseOwner(aux)?.word}`))].sort();
  };
  /** A file with its group, and a process that looks ahead for it. */
  const map = async (path: string) => {
    fs.create(path);
    fs.write(path, 0, 65536);
    using file = fs.open(path);
    return (await createFilemap(dm, file, { ...PROGRAM, alias: path })).groupId as number;
  };
  const begin = async (path: string, groupId: number, word: string, isFirst = true) => {
    const run = {
      file: fs.follow(path),
      options: { cpus: 2, word, bytes: 500_000 },
      now: () => kernel.clock.now(),
      log: (_: number, text: string) => void logged.push(text),
    };
    const ahead = await Ahead.begin(run, stats, { groupId, isFirst }, PROGRAM);
    await ahead.adjust();
    return ahead;
  };
  return { kernel, stats, map, begin, owners, logged };
}

test('Ahead.begin() removes what a killed process left for the group, and nothing of other groups', async () => {
  const { map, begin, owners } = await scene();
  const [a, b] = [await map('/a'), await map('/b')];
  await begin('/a', a, 'killed');
  await begin('/b', b, 'alive');
  assert.deepEqual(await owners(), [`${a} killed`, `${b} alive`]);
  await begin('/a', a, 'next');
  assert.deepEqual(await owners(), [`${a} next`, `${b} alive`]);
  await begin('/a', a, 'last', false);
  assert.deepEqual(await owners(), [`${a} last`, `${b} alive`]);
});

test('Ahead.begin() removes what was left for groups that are no more', async () => {
  const { kernel, map, begin, owners } = await scene();
  const [a, b] = [await map('/a'), await map('/b')];
  await begin('/a', a, 'killed');
  kernel.message('vol', `@stats_delete ${a}`);
  await begin('/b', b, 'alive');
  assert.deepEqual(await owners(), [`${b} alive`]);
});

test('Ahead.end() removes its own regions, whatever group they name by then', async () => {
  const { map, begin, owners } = await scene();
  const [a, b] = [await map('/a'), await map('/b')];
  const first = await begin('/a', a, 'first');
  await begin('/b', b, 'second');
  await first.rename(77);
  assert.deepEqual(await owners(), [`${b} second`, '77 first'].sort());
  await first.end();
  assert.deepEqual(await owners(), [`${b} second`]);
});

test('DeviceStats.deleteGroup() removes the group’s look-ahead regions, whoever made them', async () => {
  const { stats, map, begin, owners } = await scene();
  const [a, b] = [await map('/a'), await map('/b')];
  await begin('/a', a, 'killed');
  await begin('/b', b, 'alive');
  const { groups } = await stats.list();
  await stats.deleteGroup(groups.find(({ id }) => id === a) as (typeof groups)[0]);
  assert.deepEqual(await owners(), [`${b} alive`]);
});

test('Ahead tells of the kernel’s refusals and goes on', async () => {
  const { kernel, map, begin, logged } = await scene();
  const a = await map('/a');
  const ahead = await begin('/a', a, 'one');
  await kernel.clock.advance(1000);
  kernel.failNext({ errno: 12, text: '@stats_print' });
  assert.equal(await ahead.read(), undefined);
  assert.match(logged.join('\n'), /^The look-ahead could not be read: .*ENOMEM/);
  kernel.failNext({ errno: 12, text: '@stats_set_aux' });
  await ahead.rename(9);
  kernel.failNext({ errno: 12, text: '@stats_list' });
  await ahead.end();
  assert.match(logged.join('\n'), /still name another group: .*\nLook-ahead regions may be left: /);
});
