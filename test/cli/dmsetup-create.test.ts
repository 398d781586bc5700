import assert from 'node:assert/strict';
import test from 'node:test';
import { parseConcise } from '../../src/cli/dmsetup/concise.ts';
import { CommandFailure } from '../../src/cli/dmsetup/failure.ts';
import { DmsetupWorld } from './dmsetup-world.ts';

test('create loads the table, makes it live and has the node made', async () => {
  const world = new DmsetupWorld();
  assert.equal(await world.ok('create', 'a', '--table', '0 8 zero\n8 8 linear 1:0 0'), '');
  assert.equal(await world.ok('table', 'a'), '0 8 zero \n8 8 linear 1:0 0\n');
  assert.deepEqual(world.done, ['nodes a of a']);
});

test('create takes the table from a file, or from standard input without comments', async () => {
  const world = new DmsetupWorld();
  world.files.set('/tables/b', '0 16 zero\n').set(0, '# c\n\n0 8 zero\n8 8 error\n');
  await world.ok('create', 'b', '/tables/b', '-M', '640');
  await world.ok('create', 'c');
  assert.equal(await world.ok('table'), 'b: 0 16 zero \nc: 0 8 zero \nc: 8 8 error \n');
  assert.deepEqual(world.done, ['nodes b of b mode 640', 'nodes c of c']);
});

for (const [what, command, errno, udevState] of [
  ['load', 'DM_TABLE_LOAD', 22, 'running'],
  ['resume', 'DM_DEV_SUSPEND', 5, 'absent'],
] as const) {
  test(`create removes the device, its node and its cookie again when ${what} fails`, async () => {
    const world = new DmsetupWorld();
    world.udevState = udevState;
    world.kernel.failNext({ command, errno });
    const stderr = await world.refusal('create', 'a', '--noudevrules', '--table', '0 8 zero');
    assert.match(
      stderr,
      /^device-mapper: (reload|resume) ioctl on a \(254:0\) failed: .*\n([^\n]*\n)?Command failed\.\n$/,
    );
    assert.deepEqual(world.names, []);
    assert.equal(world.semaphores.count, 0);
    assert.deepEqual(world.done, ['nodes  of a']);
  });
}

test('create refuses a table before it makes a device', async () => {
  const world = new DmsetupWorld();
  const refused = await world.refusal('create', 'a', '--table', '0 8 zero\n8 x zero');
  assert.equal(
    refused,
    'Invalid format on line 2 of table on --table: expected a length in sectors at column 3\nCommand failed.\n',
  );
  assert.match(await world.refusal('create', 'a', '/nofile'), /^Couldn't open '\/nofile' for reading\.\n/);
  assert.match(await world.refusal('create', 'a', '/nofile', '--table', '0 8 zero'), /^Please give one table/);
  assert.deepEqual(world.names, []);
});

test('create refuses a foreign major number and leaves nothing', async () => {
  const world = new DmsetupWorld();
  assert.match(await world.refusal('create', 'a', '-j', '7', '-m', '3', '--notable'), /^The major number is 254/);
  assert.deepEqual(world.names, []);
  await world.ok('create', 'a', '-j', '254', '-m', '3', '--notable');
  assert.equal(await world.ok('ls'), 'a\t(254:3)\n');
});

test('create --readahead sets it, +sectors only upwards, and refuses what is no number before all else', async () => {
  const world = new DmsetupWorld();
  world.blockDevices = { ...world.blockDevices, readAheadSectors: () => 256 };
  const sectors = async (name: string, text: string): Promise<string[]> => {
    world.done.length = 0;
    await world.ok('create', name, '--readahead', text, '--table', '0 8 zero');
    return world.done.filter((line) => line.startsWith('read'));
  };
  assert.deepEqual(await sectors('a', '1024'), ['read ahead 254:0 1024']);
  assert.deepEqual(await sectors('b', '+8'), []);
  assert.deepEqual(await sectors('c', '+512'), ['read ahead 254:2 512']);
  assert.deepEqual(await sectors('d', 'none'), ['read ahead 254:3 0']);
  assert.deepEqual(await sectors('e', 'auto'), []);
  assert.match(await world.refusal('create', 'f', '--readahead', 'x', '--table', '0 8 zero'), /^Invalid --readahead/);
});

test('create --concise makes devices of one line, and stops at the first that fails', async () => {
  const world = new DmsetupWorld();
  await world.ok('create', '--concise', 'a,,,,0 8 zero;b,U-b,7,ro,0 8 zero,8 8 error');
  assert.equal(await world.ok('table', '--concise'), 'a,,0,rw,0 8 zero ;b,U-b,7,ro,0 8 zero ,8 8 error \n');
  const stderr = await world.refusal('create', '--concise', 'c,,,,0 8 zero;a,,,,0 8 zero;d,,,,0 8 zero');
  assert.match(stderr, /^device-mapper: create ioctl on a {2}failed: Device or resource busy\n/);
  assert.deepEqual(world.names, ['a', 'b', 'c']);
});

test('parseConcise() takes a backslash for what it stands before', () => {
  const [device] = parseConcise('a\\,b\\;c\\\\d , u , 5 , ro , 0 8 zero');
  assert.deepEqual(
    { ...device, table: device?.table.length },
    { name: 'a,b;c\\d', uuid: 'u', minor: 5, readOnly: true, table: 1 },
  );
  assert.deepEqual(parseConcise(' ; '), []);
});

for (const [text, complaint] of [
  ['x2', /^Five comma-separated fields .* "x2" has 1$/],
  ['x2,,,rw', /has 4$/],
  ['x2,,,xx,0 8 zero', /^Invalid flags parameter 'xx' must be 'ro' or 'rw' or empty\.$/],
  ['x3,,abc,rw,0 8 zero', /^Invalid minor number "abc" of "x3"$/],
  [',,,,0 8 zero', /^A device has no name/],
] as const) {
  test(`parseConcise() refuses ${text}`, () => {
    assert.throws(
      () => parseConcise(text),
      (error) => error instanceof CommandFailure && complaint.test(error.message),
    );
  });
}

test('names that udev cannot have are mangled for the kernel and shown as they were given', async () => {
  const world = new DmsetupWorld();
  await world.ok('create', 'sp ace', '-u', 'u u', '--table', '0 8 zero');
  assert.deepEqual(world.names, ['sp\\x20ace']);
  assert.equal(await world.ok('ls'), 'sp ace\t(254:0)\n');
  assert.equal(await world.ok('ls', '--manglename', 'none'), 'sp\\x20ace\t(254:0)\n');
  assert.match(await world.ok('info', '-u', 'u u'), /^Name: {14}sp ace\n.*\nUUID: u u\n/s);
  assert.match(await world.refusal('create', 'a b\\x20', '--notable'), /is mangled in part/);
  assert.match(await world.refusal('ls', '--manglename', 'foo'), /^Unknown name mangling mode "foo"/);
});
