import assert from 'node:assert/strict';
import test from 'node:test';
import { areasOf } from '../../src/cli/dmstats/create.ts';
import { sectors } from '../../src/mapper/units.ts';
import { World } from './support.ts';

test('create makes a region of the whole device', async () => {
  const world = new World();
  assert.equal(await world.ok('create t0'), 't0: Created new region with 1 area(s) as region ID 0\n');
  assert.equal(world.regions('t0'), '0: 0+20480 20480 dmstats -\n');
});

test('create reads sizes with the suffixes of the manual page', async () => {
  const world = new World();
  await world.ok('create --start 1m --length 4096 --areas 2 t0');
  await world.ok('create --length 1M --areasize 100k t0');
  assert.equal(world.regions('t0'), '0: 2048+4096 2048 dmstats -\n1: 0+1953 200 dmstats -\n');
});

test('create ends a region without --length where the device ends', async () => {
  const world = new World();
  await world.ok('create --start 19000 t0');
  assert.equal(world.regions('t0'), '0: 19000+1480 1480 dmstats -\n');
});

test('create keeps program, user data, precision and bounds', async () => {
  const world = new World();
  await world.ok('create --programid me --userdata a=1 --precise --bounds 10ms,20 t0');
  assert.equal(world.regions('t0'), '0: 0+20480 20480 me a=1 precise_timestamps histogram:10000000,20000000\n');
});

test('create --force makes a region that belongs to no program', async () => {
  const world = new World();
  const { status } = await world.run(['create', '--programid', '', '--force', 't0']);
  assert.equal(status, 0);
  assert.equal(world.regions('t0'), '0: 0+20480 20480 - -\n');
});

test('create takes names, paths, uuids and numbers of devices', async () => {
  const world = new World();
  await world.ok('create /dev/mapper/t1');
  await world.ok('create -u UUID-t1');
  const { number } = world.kernel.device('t1');
  await world.ok(`create -j ${number.major} -m ${number.minor}`);
  await world.ok('create --alldevices');
  assert.equal(world.regions('t1').split('\n').length - 1, 4);
  assert.equal(world.regions('t0').split('\n').length - 1, 1);
});

test('create honours DM_DEV_DIR', async () => {
  const world = new World();
  const { status } = await world.run(['create', '/elsewhere/mapper/t0'], { env: { DM_DEV_DIR: '/elsewhere/' } });
  assert.equal(status, 0);
});

test('create --segments groups a region for each segment', async () => {
  const world = new World();
  await twoSegments(world);
  assert.equal(
    await world.ok('create --segments --alias segs two'),
    'two: Created new region with 1 area(s) as region ID 0\n' +
      'two: Created new region with 1 area(s) as region ID 1\n' +
      'Grouped regions 0,1 as group ID 0 with alias segs\n',
  );
  assert.match(
    world.regions('two'),
    /^0: 0\+10240 10240 dmstats DMS_GROUP="?segs"?:0-1#-\n1: 10240\+10240 10240 dmstats -\n$/,
  );
});

test('create --segments that fails in the middle leaves nothing behind', async () => {
  for (const text of ['@stats_create', '@stats_set_aux']) {
    const world = new World();
    await twoSegments(world);
    let creations = 0;
    world.kernel.onIoctl = (call) => {
      if (call.text?.startsWith(text) !== true) return undefined;
      creations++;
      return creations === 2 || text === '@stats_set_aux' ? 12 : undefined;
    };
    assert.match(await world.refusal('create', '--segments', 'two'), /ENOMEM|cannot allocate|memory/i);
    assert.equal(world.regions('two'), '');
  }
});

async function twoSegments(world: World): Promise<void> {
  const disk = world.kernel.addDisk({ sectors: 20480 });
  const { major, minor } = disk.number;
  await world.dm.create('two');
  await world.dm.load({ name: 'two' }, [
    { start: sectors(0), length: sectors(10240), type: 'linear', params: `${major}:${minor} 0` },
    { start: sectors(10240), length: sectors(10240), type: 'linear', params: `${major}:${minor} 10240` },
  ]);
  await world.dm.resume({ name: 'two' });
}

test('create looks all devices up before it makes anything', async () => {
  const world = new World();
  assert.equal(await world.refusal('create', 't0', 'nosuch'), 'Device nosuch not found');
  assert.equal(world.regions('t0'), '');
});

const REFUSED: readonly (readonly [words: string, message: string | RegExp])[] = [
  ['create', 'Please specify device(s) or use --alldevices.'],
  ['create -j 253', 'Please specify both major number and minor number.'],
  ['create t0 -u UUID-t1', /one way/],
  ['create --areas 2 --areasize 1m t0', 'Please specify one of --areas and --areasize.'],
  ['create --areas 0 t0', /^Invalid --areas argument "0"/],
  ['create --areas two t0', /^Invalid --areas argument "two"/],
  ['create --programid= t0', 'Creating a region with no program id requires --force.'],
  ['create --areasize 100b t0', /^Invalid --areasize argument "100b": less than a sector of 512 bytes$/],
  ['create --areasize 0 t0', /^Invalid --areasize argument "0"/],
  ['create --start abc t0', /^Invalid --start argument "abc": a number of sectors/],
  ['create --start 10x t0', /^Invalid --start argument "10x"/],
  ['create --length 1.5g t0', /^Invalid --length argument "1\.5g"/],
  ['create --length 0 t0', /^Invalid --length argument "0"/],
  ['create --start 20480 t0', '--start 20480 is beyond the end of t0, which has 20480 sectors'],
  ['create --bounds abc t0', /^Invalid histogram bound "abc"/],
  ['create --bounds 10ms,,20ms t0', 'Empty histogram bin not allowed: "10ms,,20ms"'],
  ['create --bounds 10,5 t0', /^Histogram bounds must ascend/],
  ['create --alias x --nogroup --segments t0', 'Cannot set alias with --nogroup.'],
  ['create --alias x t0', /--alias needs --segments or --filemap/],
  ['create --segments --start 1 t0', /^Please specify one of --segments and --start/],
  ['create --userdata DMS_GROUP=x:0# t0', /must not begin with DMS_GROUP=/],
  ['create --nomonitor t0', /without --filemap/],
];
for (const [words, message] of REFUSED) {
  test(`create refuses "${words}" in one line and makes nothing`, async () => {
    const world = new World();
    const line = await world.refusal(...words.split(' '));
    if (typeof message === 'string') assert.equal(line, message);
    else assert.match(line, message);
    assert.equal(world.regions('t0'), '');
  });
}

test('areasOf() counts the areas that the kernel makes', () => {
  assert.equal(areasOf(sectors(20480), { sectors: sectors(6144) }), 4n);
  assert.equal(areasOf(sectors(4096), { areas: 3 }), 3n);
  // ceil(10 / 6) = 2 sectors each: five areas, where the C tool claims six.
  assert.equal(areasOf(sectors(10), { areas: 6 }), 5n);
  assert.equal(areasOf(sectors(100), { areas: 200 }), 100n);
});

test('create explains the kernel’s refusals', async () => {
  for (const [errno, text] of [
    [12, /^t0: Could not create statistics region: statistics may take a quarter of the memory, .* \(ENOMEM\)$/],
    [22, /^t0: Could not create statistics region: .* \(EINVAL\)$/],
    [75, /^t0: Could not create statistics region: too many areas, .* \(EOVERFLOW\)$/],
  ] as const) {
    const world = new World();
    world.kernel.onIoctl = (call) => (call.text?.startsWith('@stats_create') === true ? errno : undefined);
    assert.match(await world.refusal('create', 't0'), text);
  }
});

test('create that is interrupted leaves nothing behind', async () => {
  const world = new World();
  await twoSegments(world);
  const controller = new AbortController();
  world.kernel.onIoctl = (call) => {
    if (call.text?.startsWith('@stats_create 10240') === true) controller.abort();
    return undefined;
  };
  const { status, stdout, stderr } = await world.run(['create', '--segments', 'two'], { signal: controller.signal });
  assert.deepEqual([status, stdout], [130, '']);
  assert.match(stderr, /^dmstats: interrupted[^\n]*\n$/);
  assert.equal(world.regions('two'), '');
});
