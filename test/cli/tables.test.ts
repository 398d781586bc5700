import assert from 'node:assert/strict';
import test from 'node:test';
import type { Environment } from '../../src/cli/dmstats/context.ts';
import { sectors } from '../../src/mapper/units.ts';
import type { BlockDevices, BlockNumber } from '../../src/system/block-devices.ts';
import { World } from './support.ts';

/** A world with regions 0 to 3 on t0: 1 MiB each, the last two grouped as `pair`. */
async function makeWorld(): Promise<World> {
  const world = new World();
  for (const start of [6144, 2048, 0, 4096]) await world.ok(`create --start ${start} --length 2048 t0`);
  await world.ok('group --regions 2,3 --alias pair t0');
  return world;
}

// Words, and the ids of the regions that are shown, in their order.
const ORDERS: readonly (readonly [words: string, ids: string])[] = [
  ['-O region_start', '2 2-3 1 3 0'],
  ['-O -region_start', '0 3 1 2 2-3'],
  ['--sort stats_name,-region_start', '3 2 2-3 0 1'],
  ['-O -region_id', '2-3 3 2 1 0'],
  ['-O group_id,region_id', '2 3 2-3 0 1'],
  ['-S region_start>=2m', '0 3'],
  ['-S region_start>=4096s -O region_start', '3 0'],
  ['-S region_id>0,region_id<3', '1 2'],
  ['-S !(region_id>0,region_id<3)', '0 3 2-3'],
  ['-S stats_name=pair&&obj_type=region', '2 3'],
  ['--select stats_name=~^pa --group', '2-3'],
  ['-S group_id=2', '2 3 2-3'],
  ['-S group_id!=2', '0 1'],
  ['-S precise=0 --region', '0 1 2 3'],
];
for (const [words, ids] of ORDERS) {
  test(`list ${words} shows ${ids}`, async () => {
    const world = await makeWorld();
    const text = await world.ok(`list --noheadings -o region_id ${words} t0`);
    assert.equal(text.trim().replaceAll('\n', ' '), ids);
  });
}

test('report compares what it derives by value', async () => {
  const world = new World();
  await world.ok('create --start 0 --length 4096 t0');
  await world.ok('create --start 4096 --length 4096 t0');
  for (let index = 0; index < 64; index++) world.read('t0', 2048 - index * 16);
  for (let index = 0; index < 8; index++) world.read('t0', 6000 - index * 16);
  const ids = async (words: string): Promise<string> =>
    (await world.ok(`report --noheadings -o region_id ${words} t0`)).trim().replaceAll('\n', ' ');
  assert.equal(await ids('-S reads_per_sec>10'), '0');
  assert.equal(await ids('-S reads_per_sec<=8.0'), '1');
  assert.equal(await ids('-S read_size_per_sec>=256k'), '0');
  assert.equal(await ids('-S avg_request_size=4k -O -reads_per_sec'), '0 1');
  assert.equal(await ids('-O reads_per_sec'), '1 0');
});

test('list --rows, --nameprefixes and --headings shape the table', async () => {
  const world = await makeWorld();
  const list = (words: string): Promise<string> => world.ok(`list --group -o stats_name,region_id ${words} t0`);
  assert.equal(await list('--rows'), 'Name pair\nRgID 2-3\n');
  assert.equal(await list('--rows --noheadings'), 'pair\n2-3\n');
  assert.equal(await list('--nameprefixes --noheadings'), "DM_STATS_NAME='pair':DM_REGION_ID='2-3'\n");
  assert.equal(await list('--nameprefixes --unquoted --headings none'), 'DM_STATS_NAME=pair DM_REGION_ID=2-3\n');
  assert.equal(await list('--headings full --separator ,'), 'stats_name,region_id\npair,2-3\n');
  assert.equal(await list('--headings 0 --separator ,'), 'pair,2-3\n');
  assert.equal(await list('--headings 1 --separator ,'), 'Name,RgID\npair,2-3\n');
});

test('list -o selected shows all rows and which pass', async () => {
  const world = await makeWorld();
  assert.equal(
    await world.ok('list --region --noheadings -o region_id,selected -S region_id=1 t0'),
    '0:0\n1:1\n2:0\n3:0\n',
  );
});

test('-o help, -O help and -S help list the fields and how to select, and report nothing', async () => {
  const world = await makeWorld();
  for (const words of ['list -o help', 'report -o ?', 'list -O help t0', 'report --interval 5 -o +help']) {
    const text = await world.ok(words);
    assert.match(text, /^ {2}reads_per_sec +- /m);
    assert.match(text, /^ {2}vg_name +- /m);
    assert.ok(!text.includes('ArSize'));
  }
  const text = await world.ok('report -S help t0');
  assert.match(text, /^ {2}reads_per_sec +- .* \[number\]$/m);
  assert.match(text, /regular/);
});

const blocks = (facts: Partial<BlockDevices>): BlockDevices => ({
  name: () => undefined,
  readAheadSectors: () => undefined,
  holders: () => [],
  ...facts,
});

/** t1 stands on t0 and on its own disk. */
async function stacked(world: World): Promise<Partial<Environment>> {
  const numberOf = (name: string): BlockNumber => {
    const { major, minor } = world.kernel.device(name).number;
    return `${major}:${minor}`;
  };
  const [t0, t1] = [numberOf('t0'), numberOf('t1')];
  const line = (start: number, params: string) => ({
    start: sectors(start),
    length: sectors(10240),
    type: 'linear',
    params,
  });
  await world.dm.load({ name: 't1' }, [line(0, `${t0} 0`), line(10240, '8:16 10240')]);
  await world.dm.resume({ name: 't1' });
  const names: Readonly<Record<string, string>> = { [t0]: 'dm-0', [t1]: 'dm-1', '8:0': 'sda', '8:16': 'sdb' };
  return {
    blockDevices: blocks({
      name: (number) => names[number],
      readAheadSectors: () => 256,
      holders: (number) => (number === t0 ? [t1] : []),
    }),
  };
}

test('list shows what is known of devices, in every row of theirs', async () => {
  const world = new World();
  await world.ok('create t0');
  await world.ok('create t1');
  const environment = await stacked(world);
  const show = async (fields: string): Promise<string> =>
    (await world.run(['list', '--noheadings', '-o', fields], environment)).stdout;
  assert.equal(
    await show('name,uuid,read_ahead,blkdevname,attr,tables_loaded,suspended,readonly'),
    ['t0::256:dm-0:L--w:Live:Active:Writeable', 't1:UUID-t1:256:dm-1:L--w:Live:Active:Writeable', ''].join('\n'),
  );
  const [t0, t1] = ['t0', 't1'].map((name) => {
    const { major, minor } = world.kernel.device(name).number;
    return `${major}:${minor}`;
  });
  assert.equal(
    await show('name,devno,device_count,devs_used,devnos_used,blkdevs_used'),
    // The kernel tells the last device that it opened first.
    [`t0:${t0}:1::8:0:sda`, `t1:${t1}:2:t0:8:16,${t0}:sdb,dm-0`, ''].join('\n'),
  );
  assert.equal(await show('name,device_ref_count,names_using_dev,devnos_using_dev'), `t0:1:t1:${t1}\nt1:0::\n`);
  assert.equal(await show('name,subsystem,vg_name'), 't0::\nt1:UUID:\n');
});

test('list selects and sorts by devices without showing them', async () => {
  const world = new World();
  await world.ok('create t0');
  await world.ok('create t1');
  const words = ['list', '--noheadings', '-o', 'stats_name'];
  const environment = await stacked(world);
  const show = async (...more: string[]): Promise<string> => (await world.run([...words, ...more], environment)).stdout;
  assert.equal(await show('-S', 'devs_used={t0}'), 't1\n');
  assert.equal(await show('-S', 'uuid=UUID-t1'), 't1\n');
  assert.equal(await show('-O', '-minor'), 't1\nt0\n');
});
