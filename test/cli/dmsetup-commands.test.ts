import assert from 'node:assert/strict';
import test from 'node:test';
import { refusalText } from '../../src/cli/dmsetup/failure.ts';
import { infoText } from '../../src/cli/dmsetup/info-text.ts';
import { withoutKeys } from '../../src/cli/dmsetup/table.ts';
import { cookieRow, timeText } from '../../src/cli/dmsetup/udev.ts';
import { sectors } from '../../src/mapper/units.ts';
import type { SampleClock } from '../../src/stats/sample-clock.ts';
import { DmsetupWorld } from './dmsetup-world.ts';

async function withDevices(...lines: readonly string[]): Promise<DmsetupWorld> {
  const world = new DmsetupWorld();
  for (const line of lines) {
    const [name = '', table = ''] = line.split('=');
    await world.ok('create', name, '--table', table);
  }
  world.done.length = 0;
  return world;
}

test('refusalText() writes name, uuid and number as libdevmapper does', () => {
  const number = { major: 253, minor: 2 };
  const start = 'device-mapper: reload ioctl on';
  assert.equal(refusalText('reload', { ref: { name: 'x' } }, 22), `${start} x  failed: Invalid argument`);
  assert.equal(
    refusalText('reload', { ref: { name: 'x' }, number }, 22),
    `${start} x (253:2) failed: Invalid argument`,
  );
  assert.equal(
    refusalText('reload', { ref: { name: 'x' }, uuid: 'U' }, 16),
    `${start} x U failed: Device or resource busy`,
  );
  assert.equal(refusalText('reload', { ref: { uuid: 'U' } }, 6), `${start}  U failed: No such device or address`);
  assert.equal(refusalText('reload', { ref: number }, 6), `${start}  (253:2) failed: No such device or address`);
});

test('infoText() tells all that a device can be', () => {
  const info = {
    name: 'a',
    uuid: 'U',
    number: { major: 253, minor: 7 },
    openCount: 2,
    eventNr: 4,
    targetCount: 3,
    suspended: true,
    internallySuspended: false,
    readOnly: true,
    active: true,
    inactive: true,
    deferredRemove: true,
  };
  assert.equal(
    infoText({ name: 'a', uuid: 'U', info, readAhead: 256 }),
    `Name:              a
State:             SUSPENDED (READ-ONLY) (DEFERRED REMOVE)
Read Ahead:        256
Tables present:    LIVE & INACTIVE
Open count:        2
Event number:      4
Major, minor:      253, 7
Number of targets: 3
UUID: U

`,
  );
});

test('withoutKeys() leaves zeros for the key of crypt', () => {
  const line = { start: sectors(0), length: sectors(8), type: 'crypt', params: 'aes-xts-plain64 00ff 0 1:1 0' };
  assert.equal(withoutKeys(line).params, 'aes-xts-plain64 0000 0 1:1 0');
});

test('timeText() is what ctime(3) writes', () => {
  const zone = process.env['TZ'];
  process.env['TZ'] = 'UTC';
  try {
    assert.equal(timeText(0), 'Thu Jan  1 00:00:00 1970');
    assert.equal(timeText(1795256246), 'Sat Nov 21 10:17:26 2026');
    // As dmsetup 1.02.185 lists it.
    assert.equal(
      cookieRow({ cookie: 0x0d4d1234, id: 0, value: 1, lastOperationTime: 0, changeTime: 0 }),
      '0xd4d1234    0          1          Thu Jan  1 00:00:00 1970  Thu Jan  1 00:00:00 1970\n',
    );
  } finally {
    if (zone === undefined) delete process.env['TZ'];
    else process.env['TZ'] = zone;
  }
});

test('remove tells who holds the device, and leaves its node', async () => {
  const world = await withDevices('low=0 8 linear 1:0 0', 'high=0 8 linear 254:0 0');
  assert.equal(
    await world.refusal('remove', 'low'),
    'device-mapper: remove ioctl on low  failed: Device or resource busy\nheld by: mounted at /mnt\nCommand failed.\n',
  );
  assert.deepEqual(world.done, []);
  await world.ok('remove', '--deferred', 'low');
  assert.match(await world.ok('info', 'low'), /^State: {13}ACTIVE \(DEFERRED REMOVE\)$/m);
  await world.ok('remove', 'high');
  assert.deepEqual(world.names, []);
  assert.deepEqual(world.done, ['nodes  of high']);
});

test('remove --force leaves a table that fails all I/O on a device that is held', async () => {
  const world = await withDevices('low=0 8 zero\n8 8 zero', 'high=0 8 linear 254:0 0');
  assert.equal((await world.run(['remove', '--force', 'low'])).status, 1);
  assert.equal(await world.ok('table', 'low'), '0 16 error \n');
  assert.deepEqual(world.names, ['high', 'low']);
});

test('wipe_table replaces a table, and refuses a device without one', async () => {
  const world = await withDevices('a=0 8 zero\n8 8 zero');
  await world.ok('wipe_table', 'a');
  assert.equal(await world.ok('table', 'a'), '0 16 error \n');
  await world.ok('create', 'bare', '--notable');
  assert.match(await world.refusal('wipe_table', 'bare'), /^The device has no table/);
});

test('commands on several devices stop at the first that fails', async () => {
  const world = await withDevices('a=0 8 zero', 'b=0 8 zero');
  assert.match(await world.refusal('suspend', 'a', 'nodev', 'b'), /^device-mapper: suspend ioctl on nodev {2}failed/);
  assert.deepEqual(
    world.kernel.devices.map(({ suspended }) => suspended),
    [true, false],
  );
});

test('a device is named by uuid and by number, not in two ways', async () => {
  const world = new DmsetupWorld();
  await world.ok('create', 'a', '-u', 'U-a', '--table', '0 8 zero');
  assert.equal(await world.ok('table', '-u', 'U-a'), '0 8 zero \n');
  assert.equal(await world.ok('table', '-j', '254', '-m', '0'), '0 8 zero \n');
  assert.equal(await world.ok('table', '/dev/mapper/a'), '0 8 zero \n');
  assert.match(await world.refusal('table', '-u', 'U-a', 'a'), /in one way/);
  assert.match(await world.refusal('table', '-j', '254'), /^Please specify both major number and minor number\.\n$/);
  assert.match(await world.refusal('table', '/dev/nosuch'), /^Device \/dev\/nosuch not found\n/);
});

test('ls --exec runs the command with each path, and fails when one does', async () => {
  const world = await withDevices('a=0 8 zero', 'b=0 8 linear 1:0 0');
  assert.equal(await world.ok('ls', '--exec', 'blockdev --getsz'), '');
  assert.deepEqual(world.done, ['blockdev --getsz /dev/mapper/a', 'blockdev --getsz /dev/mapper/b']);
  const { status, stderr } = await world.run(['ls', '--exec', 'false', '--target', 'zero'], { run: () => 3 });
  assert.deepEqual([status, stderr], [1, 'false /dev/mapper/a: exit status 3\n']);
});

test('message sends its words, and prints the answer', async () => {
  const world = await withDevices('a=0 8 zero');
  assert.equal(await world.ok('message', 'a', '0', '@stats_create', '-', '/2'), '0\n');
  assert.match(await world.refusal('message', 'a', 'x', 'hi'), /^Invalid sector "x"/);
  assert.match(await world.refusal('message', 'a', '0'), /^No message supplied\.\n/);
});

test('wait refuses what is no number, and ends with the signal', async () => {
  const world = await withDevices('a=0 8 zero');
  assert.match(await world.refusal('wait', 'a', 'abc'), /^Invalid event number "abc"/);
  const stopped = await world.run(['wait', 'a'], { signal: AbortSignal.abort() });
  assert.deepEqual([stopped.status, stopped.stderr], [130, 'dmsetup: interrupted\n']);
});

test('a change takes part in a cookie that is given, and leaves it', async () => {
  const world = new DmsetupWorld();
  world.udevState = 'running';
  const cookie = (await world.ok('udevcreatecookie')).trim();
  assert.equal(cookie, '0x0D4D1234');
  await world.ok('create', 'a', '--udevcookie', cookie, '--table', '0 8 zero');
  assert.deepEqual(world.done, []);
  // Our share and the one that udev would give up; the first load of a device sends a uevent.
  assert.equal(world.semaphores.value(0), 2);
  assert.equal(await world.ok('udevcomplete', cookie), 'DM_COOKIE_COMPLETED=0xd4d1234   \n');
  await world.ok('udevreleasecookie', cookie);
  assert.equal(world.semaphores.count, 0);
  assert.match(await world.refusal('create', 'b', '--udevcookie', cookie, '--notable'), /no such cookie/);
});

test('udevcomplete_all wants --yes', async () => {
  const world = new DmsetupWorld();
  world.semaphores.create(0x0d4d1234, 1);
  assert.match(await world.refusal('udevcomplete_all'), /give --yes/);
  assert.match(
    await world.ok('udevcomplete_all', '-y'),
    /^1 semaphores with keys prefixed .* destroyed\. 0 skipped\.\n$/,
  );
  assert.equal(world.semaphores.count, 0);
});

test('udevflags names the flags of a cookie', async () => {
  const world = new DmsetupWorld();
  const text = "DM_UDEV_DISABLE_DM_RULES_FLAG='1'\nDM_SUBSYSTEM_UDEV_FLAG7='1'\n";
  assert.equal(await world.ok('udevflags', '0x80010000'), text);
  assert.match(await world.refusal('udevflags', '0'), /is no cookie/);
});

test('splitname takes names of LVM apart', async () => {
  const world = new DmsetupWorld();
  assert.equal(await world.ok('splitname', 'vg-lv--x-tpool'), 'VG   LV   LVLayer\nvg   lv-x tpool  \n');
  assert.equal(await world.ok('splitname', 'vg-lv', '-o', '+subsystem', '--noheadings'), 'vg:lv::LVM\n');
});

test('every command that prints has --json', async () => {
  const world = await withDevices('a=0 8 linear 1:0 5');
  const rows = async (...words: readonly string[]): Promise<unknown> =>
    JSON.parse(await world.ok(...words, '--json')).rows;
  assert.deepEqual(await rows('ls'), [{ name: 'a', uuid: '', major: 254, minor: 0 }]);
  assert.deepEqual(await rows('deps'), [{ name: 'a', dependencies: [{ major: 1, minor: 0, name: null }] }]);
  const [table] = (await rows('table')) as { targets: unknown }[];
  assert.deepEqual(table?.targets, [{ start_sectors: 0, length_sectors: 8, target: 'linear', params: '1:0 5' }]);
  assert.deepEqual(await rows('table', '--concise'), [{ name: 'a', concise: 'a,,0,rw,0 8 linear 1:0 5' }]);
  const [tree] = (await rows('ls', '--tree')) as { label: string; children: { label: string }[] }[];
  assert.deepEqual([tree?.label, tree?.children[0]?.label], ['a (254:0)', '(1:0)']);
  const [info] = (await rows('info')) as { live_table: boolean; open: number }[];
  assert.deepEqual([info?.live_table, info?.open], [true, 0]);
  const [report] = (await rows('info', '-c', '-o', 'name,attr')) as unknown[];
  assert.deepEqual(report, { name: 'a', attr: 'L--w' });
  assert.deepEqual(await rows('suspend', 'a'), []);
  assert.deepEqual(await rows('ls', '--target', 'zero'), []);
});

for (const [words, complaint] of [
  ['bogus', /^Unknown command "bogus"/],
  ['ls a', /^Incorrect number of arguments: dmsetup ls\n$/],
  ['setgeometry a 1 2', /^Incorrect number of arguments: dmsetup setgeometry <device>/],
  ['ls --showkeys', /^Cannot use --showkeys with ls\.\n$/],
  ['create a --table x --notable', /^--table and --notable are incompatible\.\n$/],
  ['create --concise x --uuid u', /^--concise and --uuid are incompatible\.\n$/],
  ['ls -o bogus', /^Option not recognised: bogus\./],
  ['ls --tree -o ascii,bogus', /^Tree options not recognised: bogus\./],
  ['remove', /^No device specified\.\nCommand failed\.\n$/],
] as const) {
  test(`dmsetup ${words} is refused`, async () => {
    assert.match(await new DmsetupWorld().refusal(...words.split(' ')), complaint);
  });
}

test('info -c --count and --interval repeat a report, as dmstats report does', async () => {
  const world = new DmsetupWorld();
  await world.ok('create', 'vol', '--notable');
  const waits: number[] = [];
  let now = 0n;
  const clock: SampleClock = {
    now: () => now,
    async wait(ms) {
      waits.push(ms);
      now += BigInt(ms * 1e6) + 3_000_000n;
      if (waits.length === 1) await world.ok('rename', 'vol', 'new');
    },
  };
  const words = ['info', '-c', '-o', 'name,open', '--separator', ' '];
  const { stdout } = await world.run([...words, '--interval', '2.5', '--count', '3'], { clock });
  const table = (name: string): string => `Name Open\n${name} 0\n`;
  assert.equal(stdout, [table('vol'), table('new'), table('new')].join('\n'));
  assert.deepEqual(waits, [2500, 2497], 'what a report takes is no drift');

  const stop = new AbortController();
  const stopping: SampleClock = {
    now: () => 0n,
    async wait() {
      stop.abort();
      throw stop.signal.reason;
    },
  };
  const endless = { clock: stopping, signal: stop.signal, timeOfDay: () => 0 };
  const json = await world.run(['info', '-c', '-o', 'name', '--json', '--count', '0'], endless);
  assert.deepEqual([json.status, json.stderr], [0, '']);
  assert.deepEqual(JSON.parse(json.stdout).rows, [{ cycle: 1, time: '1970-01-01T00:00:00.000Z', name: 'new' }]);
  assert.match(await world.refusal('info', '-c', '--count', 'x'), /Invalid --count argument "x"/);
});
