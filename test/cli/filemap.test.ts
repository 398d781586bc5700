import assert from 'node:assert/strict';
import test from 'node:test';
import type { Environment } from '../../src/cli/dmstats/context.ts';
import type { PatternAnswer } from '../../src/filemapd/service/client.ts';
import type { PatternRecord } from '../../src/filemapd/service/records.ts';
import type { FileStatus } from '../../src/filemapd/service/status.ts';
import type { StartOptions } from '../../src/filemapd/start.ts';
import { UsageError } from '../../src/mapper/errors.ts';
import { SimulatedFileSystem } from '../../src/simulator/index.ts';
import { DeviceStats } from '../../src/stats/device-stats.ts';
import { nextGeneration } from '../../src/stats/generation.ts';
import { World } from './support.ts';

function mounted() {
  const world = new World();
  const fs = new SimulatedFileSystem(world.kernel, world.kernel.device('t0').number, {});
  for (const path of ['/a.img', '/b.img']) {
    fs.create(path);
    fs.write(path, 0, 65536);
  }
  const started: StartOptions[] = [];
  let failure: Error | undefined;
  const environment: Partial<Environment> = {
    openFile: (path) => ({ file: fs.open(path), fd: 3 }),
    async startFilemapd(options) {
      if (failure !== undefined) throw failure;
      started.push(options);
    },
  };
  return {
    world,
    fs,
    started,
    fail: (message: string) => {
      failure = new UsageError(message);
    },
    run: (...words: readonly string[]) => world.run(words, environment),
  };
}

test('create --filemap maps a file and has it followed', async () => {
  const { run, started, world } = mounted();
  assert.deepEqual(await run('create', '--filemap', '/a.img'), {
    status: 0,
    stdout: '/a.img: Created new group with 1 region(s) as group ID 0.\n',
    stderr: '',
  });
  assert.match(world.regions('t0'), /^0: \d+\+128 128 dmstats DMS_GROUP="?a\.img"?:0#-\n$/);
  assert.deepEqual(
    started.map(({ path, groupId, mode, foreground }) => ({ path, groupId, mode, foreground })),
    [{ path: '/a.img', groupId: 0, mode: 'inode', foreground: false }],
  );
});

test('create --filemap has the daemon look ahead unless told not to', async () => {
  const { run, started } = mounted();
  await run('create', '--filemap', '/a.img');
  await run('create', '--filemap', '--no-look-ahead', '/b.img');
  assert.deepEqual(
    started.map(({ lookAhead }) => lookAhead),
    [true, false],
  );
});

test('create --filemap --preallocate says what it does to the file, and has the daemon do it', async () => {
  const { run, started, world } = mounted();
  const { status, stderr } = await run('create', '--filemap', '--preallocate', '64m', '/a.img');
  assert.equal(status, 0);
  assert.match(stderr, /^\/a\.img: 64\.00m are kept reserved past the end [^\n]*changes how it is laid out[^\n]*\n$/);
  assert.equal(started[0]?.preallocate, 64n << 20n);
  for (const [word, reason] of [
    ['--nomonitor', /incompatible with --nomonitor/],
    ['--nogroup', /incompatible with --nogroup/],
    ['--dry-run', /incompatible with --dry-run/],
  ] as const) {
    const refused = await run('create', '--filemap', '--preallocate', '64m', word, '/b.img');
    assert.equal(refused.status, 1);
    assert.match(refused.stderr, reason);
  }
  assert.match((await run('create', '--filemap', '--preallocate', '0', '/b.img')).stderr, /leave the option out/);
  assert.match((await run('create', '--filemap', '--preallocate', '5x', '/b.img')).stderr, /^Invalid --preallocate/);
  assert.equal(world.regions('t0').trim().split('\n').length, 1);
});

test('create --filemap honours --programid, --alias, --follow and --bounds', async () => {
  const { run, started, world } = mounted();
  const { status } = await run(
    'create',
    '--filemap',
    '--programid',
    'me',
    '--alias',
    'vm',
    '--follow=path',
    '--bounds',
    '1ms',
    '/a.img',
  );
  assert.equal(status, 0);
  assert.match(world.regions('t0'), /128 128 me DMS_GROUP="?vm"?:0#- histogram:1\n$/);
  assert.equal(started[0]?.mode, 'path');
});

test('create --filemap --nogroup makes single regions and starts nothing', async () => {
  const { run, started, world } = mounted();
  assert.deepEqual(await run('create', '--filemap', '--nogroup', '/a.img'), {
    status: 0,
    stdout: '/a.img: Created new region with 1 area as region ID 0.\n',
    stderr: '',
  });
  assert.deepEqual(started, []);
  assert.match(world.regions('t0'), /dmstats -\n$/);
});

test('create --filemap whose daemon does not start removes its regions, says so and fails', async () => {
  const { run, fail, world } = mounted();
  fail('no such program');
  const { status, stdout, stderr } = await run('create', '--filemap', '/a.img');
  assert.deepEqual([status, stdout], [1, '']);
  assert.match(
    stderr,
    /^\/a\.img: dmfilemapd did not start \(no such program\): its regions were removed again; use --nomonitor [^\n]+\n$/,
  );
  assert.equal(world.regions('t0'), '');
});

test('create --filemap keeps what it made for earlier files when a later one fails', async () => {
  const { run, world } = mounted();
  const { status, stdout, stderr } = await run('create', '--filemap', '--nomonitor', '/a.img', '/b.img', '/dev/null');
  assert.equal(status, 1);
  assert.equal(
    stdout,
    '/a.img: Created new group with 1 region(s) as group ID 0.\n/b.img: Created new group with 1 region(s) as group ID 1.\n',
  );
  assert.equal(stderr.split('\n').length, 2);
  assert.equal(world.regions('t0').split('\n').length - 1, 2);
});

test('create --filemap with a pattern asks the service, and tells what it follows and what it cannot', async () => {
  const { world, started } = mounted();
  const asked: PatternRecord[] = [];
  const file: FileStatus = {
    ...{ path: '/images/a.img', device: '253:0', device_name: 't0', group_id: 4, region_count: 2 },
    ...{ state: 'following', reason: null, mode: 'path', pattern: '/images/*.img', last_change: null },
    ...{ mapped_bytes: 8192, coverage_ratio: 1, missed_bytes: 0, look_ahead_region_count: 0 },
  };
  const followPattern = async (pattern: PatternRecord): Promise<PatternAnswer> => {
    asked.push(pattern);
    return { files: [file], refused: [{ path: '/images/b.img', reason: 'no' }] };
  };
  const words = ['create', '--filemap', '--follow', 'path', '--bounds', '1ms', '--no-look-ahead', '/images/*.img'];
  assert.deepEqual(await world.run(words, { followPattern }), {
    status: 0,
    stdout:
      '/images/a.img: Created new group with 2 region(s) as group ID 4.\n/images/*.img: Following 1 file(s); new ones join.\n',
    stderr: '/images/b.img: no\n',
  });
  const [{ bounds, ...ways } = { bounds: [] }] = asked;
  assert.deepEqual(bounds.map(Number), [1_000_000]);
  assert.deepEqual(ways, {
    pattern: '/images/*.img',
    mode: 'path',
    absenceMs: 1000,
    lookAhead: false,
    maxRegions: 256,
    programId: 'dmstats',
    precise: false,
  });
  assert.deepEqual(started, []);
});

for (const option of ['--nomonitor', '--nogroup', '--foreground', '--alias=x']) {
  test(`create --filemap ${option} with a pattern is refused`, async () => {
    const { status, stdout, stderr } = await mounted().run('create', '--filemap', option, '/images/*.img');
    assert.deepEqual([status, stdout], [1, '']);
    assert.match(stderr, /^Cannot use --\w+ with a pattern: the service follows its files\.\n$/);
  });
}

test('update_filemap updates the group and has it followed', async () => {
  const { run, fs, started, world } = mounted();
  await run('create', '--filemap', '--nomonitor', '/a.img');
  fs.write('/a.img', 65536, 65536);
  assert.deepEqual(await run('update_filemap', '--groupid', '0', '/a.img'), {
    status: 0,
    stdout: '/a.img: Updated group ID 0 with 2 region(s).\n',
    stderr: '',
  });
  assert.equal(started.length, 1);
  assert.match(world.regions('t0'), /DMS_GROUP="?a\.img"?:0-1#/);
});

test('update_filemap takes a group along that a killed process was to take to the device of the file', async () => {
  const { run, world, started } = mounted();
  await run('create', '--filemap', '--nomonitor', '/a.img');
  const { number } = world.kernel.device('t1');
  const old = new DeviceStats(world.dm, world.kernel.device('t0').number);
  const [group] = (await old.list()).groups;
  assert.ok(group !== undefined);
  await old.writeGroup({ ...group, generation: nextGeneration(undefined), partner: number });
  const fs = new SimulatedFileSystem(world.kernel, number, {});
  fs.create('/a.img');
  fs.write('/a.img', 0, 32768);
  const environment: Partial<Environment> = { openFile: (path) => ({ file: fs.open(path), fd: 3 }) };
  assert.deepEqual(await world.run(['update_filemap', '--nomonitor', '--groupid', '0', '/a.img'], environment), {
    status: 0,
    stdout: '/a.img: Updated group ID 0 with 1 region(s).\n',
    stderr: '',
  });
  assert.deepEqual(started, []);
  assert.equal(world.regions('t0'), '');
  assert.match(world.regions('t1'), /^0: \d+\+64 64 dmstats DMS_GROUP="?a\.img"?:0#[^\n]*\n$/);
  assert.doesNotMatch(world.regions('t1'), /partner/);
});

test('update_filemap whose daemon does not start keeps the group', async () => {
  const { run, fail, world } = mounted();
  await run('create', '--filemap', '--nomonitor', '/a.img');
  fail('busy.');
  const { status, stderr } = await run('update_filemap', '--groupid', '0', '/a.img');
  assert.equal(status, 1);
  assert.equal(stderr, '/a.img: dmfilemapd did not start (busy); the group remains\n');
  assert.match(world.regions('t0'), /DMS_GROUP/);
});

const REFUSED: readonly (readonly [words: string, message: string | RegExp])[] = [
  ['create --filemap', '--filemap requires a file path argument'],
  ['create --filemap --areas 2 /a.img', '--filemap is incompatible with --areas and --areasize.'],
  ['create --filemap --start 2 /a.img', '--filemap is incompatible with --start and --length.'],
  ['create --filemap --segments /a.img', '--filemap and --segments are incompatible.'],
  ['create --filemap --userdata x /a.img', '--userdata is not yet supported with --filemap.'],
  ['create --filemap -u x /a.img', '--uuid and --major are incompatible with --filemap.'],
  ['create --filemap --alldevices /a.img', '--alldevices is incompatible with --filemap.'],
  ['create --filemap --nomonitor --follow inode /a.img', 'Use of --follow is incompatible with --nomonitor.'],
  ['create --filemap --follow foo /a.img', /^Could not parse dmfilemapd mode: foo/],
  ['create --filemap --alias x --nogroup /a.img', 'Cannot set alias with --nogroup.'],
  ['create --filemap --foreground /a.img /b.img', /^--foreground follows one file/],
  ['update_filemap /a.img', '--groupid is required to update a filemap group.'],
  ['update_filemap --groupid 0', 'update_filemap requires a file path argument'],
  ['update_filemap --groupid 0 /a.img /b.img', /^update_filemap takes one file/],
  ['update_filemap --groupid 9 /a.img', /^Group ID 9 does not exist/],
];
for (const [words, message] of REFUSED) {
  test(`"${words}" is refused in one line and makes nothing`, async () => {
    const { run, world } = mounted();
    const { status, stdout, stderr } = await run(...words.split(' '));
    assert.deepEqual([status, stdout, stderr.split('\n').length], [1, '', 2]);
    if (typeof message === 'string') assert.equal(stderr, `${message}\n`);
    else assert.match(stderr, message);
    assert.equal(world.regions('t0'), '');
  });
}

test('create --filemap names a file that is not there', async () => {
  const { status, stderr } = await new World().run(['create', '--filemap', '/no/such/file']);
  assert.equal(status, 1);
  assert.equal(stderr, 'Could not canonicalize file name: /no/such/file (no such file or directory)\n');
});
