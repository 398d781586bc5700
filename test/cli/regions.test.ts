import assert from 'node:assert/strict';
import test from 'node:test';
import { World } from './support.ts';

async function worldOf(...commands: readonly string[]): Promise<World> {
  const world = new World();
  for (const command of commands) await world.ok(command);
  return world;
}

test('delete takes one region, a group, or all of the program', async () => {
  const world = await worldOf(
    'create t0',
    'create --length 100 t0',
    'create --programid other t0',
    'create --start 100 t0',
    'create t0',
  );
  assert.equal(await world.ok('delete --regionid 0 t0'), '');
  await world.ok('group --regions 1,3 t0');
  assert.equal(await world.ok('delete --groupid 1 t0'), 'Deleted statistics group 1.\n');
  assert.equal(await world.ok('delete --allregions t0'), '');
  assert.equal(world.regions('t0'), '2: 0+20480 20480 other -\n');
  await world.ok('delete --allregions --allprograms --alldevices');
  assert.equal(world.regions('t0'), '');
});

test('delete of a member leaves a group of the others', async () => {
  const world = await worldOf(
    'create --len 9 t0',
    'create --start 9 --len 9 t0',
    'create --start 18 t0',
    'group --regions 0-2 --alias g t0',
  );
  await world.ok('delete --regionid 1 t0');
  assert.match(world.regions('t0'), /^0: .* DMS_GROUP="?g"?:0,2#-\n2: /);
});

test('delete of a leader ends its group and keeps the others', async () => {
  const world = await worldOf(
    'create --length 9 t0',
    'create --start 9 t0',
    'group --regions 0,1 t0',
    'delete --regionid 0 t0',
  );
  assert.equal(world.regions('t0'), '1: 9+20471 20471 dmstats -\n');
});

test('delete does not touch the regions of other programs', async () => {
  const world = await worldOf('create --programid other t0');
  assert.equal(await world.refusal('delete', '--regionid', '0', 't0'), 'No such region: 0 of program "dmstats" on t0');
  await world.ok('delete --regionid 0 --programid other t0');
  assert.equal(world.regions('t0'), '');
});

test('clear sets counters to zero', async () => {
  const world = await worldOf('create t0');
  world.read('t0', 0);
  await world.ok('clear --regionid 0 t0');
  assert.equal(await world.ok('print --regionid 0 t0'), `0+20480${' 0'.repeat(13)}\n`);
});

test('print shows the kernel’s lines, each region once', async () => {
  const world = await worldOf('create --areas 2 t0', 'create --programid other t0');
  world.read('t0', 0);
  const first = `0+10240 1 0 8${' 0'.repeat(10)}\n10240+10240${' 0'.repeat(13)}\n`;
  assert.equal(await world.ok('print --allregions t0'), first);
  assert.equal(await world.ok('print --regionid 1 t0'), `0+20480 1 0 8${' 0'.repeat(10)}\n`);
});

test('print --clear prints what it takes, and then nothing is left', async () => {
  const world = await worldOf('create t0');
  world.read('t0', 0);
  const before = await world.ok('print --allregions --clear t0');
  assert.equal(before, `0+20480 1 0 8${' 0'.repeat(10)}\n`);
  assert.equal(await world.ok('print --allregions t0'), `0+20480${' 0'.repeat(13)}\n`);
});

test('group and ungroup tell what they did', async () => {
  const world = await worldOf('create --length 100 t0', 'create --start 100 t0');
  assert.equal(await world.ok('group --regions 0,1 --alias g t0'), 'Grouped regions 0,1 as group ID 0 on t0\n');
  assert.equal(await world.ok('ungroup --groupid 0 /dev/mapper/t0'), 'Removed group ID 0 on /dev/mapper/t0\n');
  assert.doesNotMatch(world.regions('t0'), /DMS_GROUP/);
});

test('group warns of what it would count twice', async () => {
  const world = await worldOf('create t0', 'create --precise t0');
  const { status, stderr } = await world.run(['group', '--regions', '0,1', 't0']);
  assert.equal(status, 0);
  assert.equal(
    stderr,
    'WARNING: Grouping regions with different clock resolution: precision may be lost.\n' +
      'WARNING: region IDs 0 and 1 overlap. Some events will be counted twice.\n',
  );
});

test('commands for regions without a device go on where a device has no such region', async () => {
  const world = await worldOf('create t1');
  await world.ok('clear --regionid 0');
  assert.equal(await world.refusal('clear', '--regionid', '7'), 'No such region: 7 of program "dmstats" on any device');
});

const REFUSED: readonly (readonly [words: string, message: string | RegExp])[] = [
  ['delete t0', 'Please specify a --regionid or --groupid, or use --allregions.'],
  ['delete --allregions', 'Please specify device(s) or use --alldevices.'],
  ['delete --regionid abc t0', /^Invalid --regionid argument "abc": a whole number/],
  ['delete --regionid 99 t0', 'No such region: 99 of program "dmstats" on t0'],
  ['delete --regionid 0 --groupid 1 t0', 'Please use one of --regionid and --groupid.'],
  ['delete --regionid 0 --allregions t0', 'Please supply one of --allregions and --regionid'],
  ['delete --groupid 55 t0', 'Group ID 55 does not exist on t0'],
  ['clear t0', 'Please specify a --regionid or use --allregions.'],
  ['clear --regionid 77 t0', 'No such region: 77 of program "dmstats" on t0'],
  ['print t0', 'Please specify a --regionid or use --allregions.'],
  ['print --regionid 99 t0', 'No such region: 99 on t0'],
  ['print --allregions --allprograms --programid x t0', 'Please supply one of --allprograms and --programid'],
  ['group t0', 'Group requires --regions.'],
  ['group --regions x t0', /^Could not parse list: 'x'/],
  ['group --regions 9 t0', 'Region ID 9 does not exist'],
  ['ungroup t0', 'Please specify group id.'],
  ['ungroup --groupid 7 t0', 'Group ID 7 does not exist on t0'],
];
for (const [words, message] of REFUSED) {
  test(`"${words}" is refused in one line and changes nothing`, async () => {
    const world = await worldOf('create t0');
    const before = world.regions('t0');
    const line = await world.refusal(...words.split(' '));
    if (typeof message === 'string') assert.equal(line, message);
    else assert.match(line, message);
    assert.equal(world.regions('t0'), before);
  });
}

test('clear forgets what a group carries when its leader is cleared, and shows it until then', async () => {
  const world = new World();
  const carried = '|carried=5,0,40,0,2,0,16,0,0,0,0,0';
  world.kernel.message('t0', `@stats_create 0+8 /1 0 dmstats DMS_GROUP="g":0-1#note${carried}`);
  world.kernel.message('t0', '@stats_create 8+8 /1 0 dmstats -');
  const report = 'report --group -o read_count,write_count --noheadings t0';
  assert.equal(await world.ok(report), '5:2\n');
  await world.ok('clear --regionid 1 t0');
  assert.equal(await world.ok(report), '5:2\n');
  await world.ok('clear --allregions t0');
  assert.equal(await world.ok(report), '0:0\n');
  assert.match(world.regions('t0'), /DMS_GROUP="g":0-1#note\n/);
});
