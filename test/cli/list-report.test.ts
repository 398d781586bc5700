import assert from 'node:assert/strict';
import test from 'node:test';
import { systemSampleClock } from '../../src/stats/sample-clock.ts';
import { World } from './support.ts';

// The tables are those of dmstats 1.02.185 for the same regions.
test('list shows regions and groups as dmstats does', async () => {
  const world = new World();
  await world.ok('create t0');
  await world.ok('create --start 2048 --length 4096 --areas 3 t0');
  await world.ok('create --length 10240 t1');
  await world.ok('create --start 10240 t1');
  await world.ok('group --regions 0,1 --alias segs t1');
  await world.ok('create --programid foo t1');
  assert.equal(
    await world.ok('list'),
    [
      'Name             GrpID RgID ObjType RgStart RgSize #Areas ArSize  ProgID ',
      't0                   -    0 region        0 10.00m      1  10.00m dmstats',
      't0                   -    1 region    1.00m  2.00m      3 683.00k dmstats',
      'segs                 0    0 region        0  5.00m      1   5.00m dmstats',
      'segs                 0    1 region    5.00m  5.00m      1   5.00m dmstats',
      'segs                 0  0-1 group         0 10.00m      1  10.00m dmstats',
      '',
    ].join('\n'),
  );
  assert.equal(
    await world.ok('list --programid foo'),
    'Name             GrpID RgID ObjType RgStart RgSize #Areas ArSize ProgID\n' +
      't1                   -    2 region        0 10.00m      1 10.00m foo   \n',
  );
  assert.equal(await world.ok('list --noheadings --group'), 'segs:0:0-1:group:0:10.00m:1:10.00m:dmstats\n');
  assert.equal(
    await world.ok('list --units s --nosuffix --region t0'),
    'Name             GrpID RgID ObjType RgStart RgSize #Areas ArSize ProgID \n' +
      't0                   -    0 region        0  20480      1  20480 dmstats\n' +
      't0                   -    1 region     2048   4096      3   1366 dmstats\n',
  );
});

test('list --histogram shows bounds', async () => {
  const world = new World();
  await world.ok('create --precise --bounds 300us,600us,1ms,5ms t0');
  await world.ok('create --areas 2 t0');
  assert.equal(
    await world.ok('list --histogram'),
    [
      'Name             GrpID RgID ObjType RgStart RgSize #Areas ArSize #Bins     Histogram Bounds      ',
      't0                   -    0 region        0 10.00m      1 10.00m 5         0s,300us,600us,1ms,5ms',
      't0                   -    1 region        0 10.00m      2  5.00m 0                               ',
      '',
    ].join('\n'),
  );
});

test('list shows nothing where there is nothing', async () => {
  assert.equal(await new World().ok('list'), '');
});

test('list tells what it cannot read and shows the rest', async () => {
  const world = new World();
  world.kernel.message('t0', '@stats_create - /1 0 dmstats DMS_GROUP=broken');
  await world.ok('create t0');
  const { status, stdout, stderr } = await world.run(['list', 't0']);
  assert.equal(status, 0);
  assert.equal(stdout.split('\n').length, 4);
  assert.match(stderr, /^t0: region 0: cannot read its group tag "DMS_GROUP=broken"\n$/);
});

test('list sends no control characters of aliases to the terminal', async () => {
  const world = new World();
  world.kernel.message('t0', '@stats_create - /1 0 dmstats DMS_GROUP=\u001b[31mred:0#-');
  assert.match(await world.ok('list t0'), /^\\x1b\[31mred +0 /m);
});

test('list and report take fields and a region', async () => {
  const world = new World();
  await world.ok('create t0');
  await world.ok('create --userdata note t0');
  assert.equal(await world.ok('list --regionid 1 -o regionid,userdata --noheadings'), '1:note\n');
  assert.match(await world.ok('list -o+precise'), /ProgID {2}Precise\n/);
});

test('report shows everything since the last clear as one second, and clears nothing', async () => {
  const world = new World();
  await world.ok('create t0');
  for (let index = 0; index < 64; index++) world.read('t0', 8192 - index * 128, 128);
  const expected = [
    'Name             GrpID RgID ObjType ArID ArStart ArSize RMrg/s WMrg/s R/s   W/s  RSz/s WSz/s AvgRqSz QSize Util% AWait RdAWait WrAWait',
    't0                   -    0 area       0       0 10.00m   0.00   0.00 64.00 0.00 4.00m     0  64.00k  0.00  0.00  0.00    0.00    0.00',
    '',
  ].join('\n');
  assert.equal(await world.ok('report'), expected);
  assert.equal(await world.ok('report'), expected);
});

test('report --interval shows what happened in each interval, the first one too', async () => {
  const world = new World();
  await world.ok('create t0');
  world.read('t0', 0);
  let nowNs = 0n;
  const clock = {
    now: () => nowNs,
    async wait(ms: number) {
      nowNs += BigInt(Math.round(ms * 1e6));
      for (let index = 0; index < 5; index++) world.read('t0', 4096 - index * 16);
    },
  };
  const words = ['report', '--interval', '0.5', '--count', '2', '-o', 'reads_per_sec,interval,read_count', 't0'];
  const { stdout, stderr, status } = await world.run(words, { clock });
  const table = 'R/s   Interval #Reads\n10.00 0.500000      5\n';
  assert.deepEqual({ stdout, stderr, status }, { stdout: `${table}\n${table}`, stderr: '', status: 0 });
});

test('report --interval goes on when somebody clears the counters, and says so once', async () => {
  const world = new World();
  await world.ok('create t0');
  for (let index = 0; index < 9; index++) world.read('t0', 4096 - index * 16);
  let nowNs = 0n;
  let reads = 4;
  const clock = {
    now: () => nowNs,
    async wait(ms: number) {
      nowNs += BigInt(Math.round(ms * 1e6));
      world.kernel.message('t0', '@stats_clear 0');
      reads--;
      for (let index = 0; index < reads; index++) world.read('t0', 4096 - index * 16);
    },
  };
  const { stdout, stderr } = await world.run(
    ['report', '--interval', '1', '--count', '3', '-oread_count', '--noheadings', 't0'],
    { clock },
  );
  assert.equal(stdout, '3\n\n2\n\n1\n');
  assert.match(stderr, /^WARNING: t0: another program cleared the counters of region 0: [^\n]+\n$/);
});

test('report --interval ends cleanly when it is interrupted', async () => {
  const world = new World();
  await world.ok('create t0');
  const controller = new AbortController();
  const running = world.run(['report', '--interval', '1000'], { clock: systemSampleClock, signal: controller.signal });
  setTimeout(() => controller.abort(), 20);
  const { status, stdout, stderr } = await running;
  assert.deepEqual({ status, stdout, stderr }, { status: 0, stdout: '', stderr: '' });
});

test('report --interval goes on with the other devices when one is removed', async () => {
  const world = new World();
  await world.ok('create --alldevices');
  let nowNs = 0n;
  let waits = 0;
  const clock = {
    now: () => nowNs,
    async wait(ms: number) {
      nowNs += BigInt(Math.round(ms * 1e6));
      if (++waits === 3) world.kernel.removeDevice('t1');
    },
  };
  const { status, stdout, stderr } = await world.run(
    ['report', '--interval', '1', '--count', '2', '-ostats_name', '--noheadings'],
    { clock },
  );
  assert.equal(status, 0);
  assert.equal(stdout, 't0\nt1\n\nt0\n');
  assert.equal(stderr, 'WARNING: t1: the device is gone\n');
});

const REFUSED: readonly (readonly [words: string, message: string | RegExp])[] = [
  ['list nosuch', 'Device nosuch not found'],
  ['list /dev/dm-99', 'Device /dev/dm-99 not found'],
  ['list -u nosuch', 'Device nosuch not found'],
  ['list -j 253 -m 99', 'Device 253:99 not found'],
  ['list --units foo', /^Invalid --units argument "foo": h or H/],
  ['list -o region_id,foo', /^Unrecognised field: foo;/],
  ['list --headings some', /^Unknown headings type "some"/],
  ['list --headings full --noheadings', 'Only one of --headings and --noheadings permitted.'],
  ['report --interval 0', /^Invalid --interval argument "0": a positive number of seconds, such as 5 or 0\.5$/],
  ['report --interval abc', /^Invalid --interval/],
  ['report --count -1', /^Invalid --count argument "-1"/],
  ['report --regionid x', /^Invalid --regionid/],
];
for (const [words, message] of REFUSED) {
  test(`"${words}" is refused in one line`, async () => {
    const line = await new World().refusal(...words.split(' '));
    if (typeof message === 'string') assert.equal(line, message);
    else assert.match(line, message);
  });
}

test('help lists every command and option; no command at all is an error', async () => {
  const world = new World();
  const text = await world.ok('help');
  for (const word of ['create', 'update_filemap', '--filemap', '--interval', '-u, --uuid'])
    assert.ok(text.includes(word), word);
  assert.match(await world.ok('create --help'), /^Usage: dmstats create /);
  assert.match(await world.ok('help --columns'), /reads_per_sec/);
  const { status, stdout, stderr } = await world.run([]);
  assert.deepEqual([status, stdout, stderr.startsWith('Usage: dmstats')], [1, '', true]);
});

test('version tells the package’s and the kernel’s', async () => {
  assert.match(
    await new World().ok('version'),
    /^Library version: {3}\d+\.\d+\.\d+ \(devicemapper\)\nDriver version: {4}4\.\d+\.\d+\n$/,
  );
});

test('devices are found and shown by their names, mangled or not', async () => {
  const world = new World();
  world.kernel.addDevice('my\\x20d\\xc3\\xa9v', { sectors: 2048 });
  for (const word of ['my dév', '/dev/mapper/my dév', 'my\\x20d\\xc3\\xa9v']) {
    const { status, stdout, stderr } = await world.run(['create', word]);
    assert.equal(status, 0, stderr);
    assert.match(stdout, /^my dév: Created new region/);
  }
  assert.match(await world.ok('list --noheadings -ostatsname'), /^(my dév\n){3}$/);
  const { stdout } = await world.run(['list', '--noheadings', '-ostatsname'], {
    env: { DM_DEFAULT_NAME_MANGLING_MODE: 'none' },
  });
  assert.match(stdout, /^(my\\x20d\\xc3\\xa9v\n){3}$/);
});

test('a device’s name cannot drive the terminal, mangled or not', async () => {
  const world = new World();
  world.kernel.addDevice('a\\x1b[2J', { sectors: 2048 });
  await world.ok('create --alldevices');
  assert.ok(!(await world.ok('list')).includes('\u001b'));
});
