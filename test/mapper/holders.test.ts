import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { DeviceNumber } from '../../src/kernel/dm-ioctl.ts';
import { findHolders, type HolderSearch } from '../../src/mapper/holders/find.ts';
import { type Holder, holdersText } from '../../src/mapper/holders/holder.ts';
import { parseMountinfo, parseSwaps } from '../../src/mapper/holders/parse.ts';
import { SimulatedClock } from '../../src/simulator/clock.ts';

const VOLUME = { major: 253, minor: 4 };
const OTHER = { major: 253, minor: 5 };

/** A made-up machine: files by path, links by path (`->` first), block devices by path. */
function machine(
  t: TestContext,
  files: Record<string, string>,
  blocks: Record<string, DeviceNumber> = {},
): HolderSearch {
  const root = mkdtempSync(join(tmpdir(), 'holders-'));
  t.after(() => rmSync(root, { recursive: true }));
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    if (content.startsWith('->')) symlinkSync(content.slice(2), join(root, path));
    else writeFileSync(join(root, path), content);
  }
  return { root, blockNumber: async (path) => blocks[relative(root, path)] };
}

// Lines of a Debian 12 machine, the mount points changed.
const ROOT_LINE = '23 1 259:2 / / rw,relatime shared:1 - ext4 /dev/nvme0n1p2 rw,errors=remount-ro';
const MOUNT_LINE = '96 23 253:4 / /mnt/with\\040blank\\134x rw,relatime shared:51 master:2 - xfs /dev/mapper/vol rw';
const BTRFS_LINE = '97 23 0:51 /@sub /srv rw,relatime - btrfs /dev/mapper/vol rw,subvol=/@sub';
const PROC_LINE = '24 23 0:22 / /proc rw,nosuid,nodev,noexec,relatime shared:12 - proc proc rw';

test('parseMountinfo() reads number, path, type and source, whatever optional fields there are', () => {
  const text = `${[ROOT_LINE, MOUNT_LINE, BTRFS_LINE].join('\n')}\nnonsense\n`;
  assert.deepEqual(parseMountinfo(text), [
    { id: 23, number: { major: 259, minor: 2 }, path: '/', fileSystem: 'ext4', source: '/dev/nvme0n1p2' },
    { id: 96, number: VOLUME, path: '/mnt/with blank\\x', fileSystem: 'xfs', source: '/dev/mapper/vol' },
    { id: 97, number: { major: 0, minor: 51 }, path: '/srv', fileSystem: 'btrfs', source: '/dev/mapper/vol' },
  ]);
  assert.deepEqual(parseMountinfo(''), []);
});

test('parseSwaps() reads the paths behind the heading', () => {
  const text = [
    'Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority',
    '/dev/dm-4                               partition\t65532\t\t0\t\t-2',
    '/swap\\040file                           file\t\t65532\t\t0\t\t-3',
    '',
  ].join('\n');
  assert.deepEqual(parseSwaps(text), ['/dev/dm-4', '/swap file']);
  assert.deepEqual(parseSwaps('Filename\tType\n'), []);
});

test('findHolders() names mounts once, those of other name spaces with a process that sees them', async (t) => {
  const search = machine(
    t,
    {
      'proc/self/ns/mnt': '->mnt:[1]',
      'proc/self/mountinfo': `${ROOT_LINE}\n${PROC_LINE}\n${MOUNT_LINE}\n`,
      'proc/1/ns/mnt': '->mnt:[1]',
      'proc/1/mountinfo': 'not read: the name space is known',
      'proc/70/ns/mnt': '->mnt:[2]',
      'proc/70/mountinfo': `${MOUNT_LINE}\n${BTRFS_LINE}\n`,
      'proc/80/ns/mnt': '->mnt:[2]',
      'proc/90/comm': 'no name space may be read here\n',
    },
    { 'dev/mapper/vol': VOLUME },
  );
  assert.deepEqual(await findHolders(VOLUME, search), [
    { kind: 'mount', path: '/mnt/with blank\\x', fileSystem: 'xfs', pid: undefined },
    { kind: 'mount', path: '/srv', fileSystem: 'btrfs', pid: 70 },
  ]);
  assert.deepEqual(await findHolders(OTHER, search), []);
});

test('findHolders() names swap, devices on top, loop devices and processes', async (t) => {
  const search = machine(
    t,
    {
      'proc/swaps': 'Filename Type\n/dev/dm-4 partition 1 0 -2\n/swap file 1 0 -3\n',
      'proc/12/comm': 'fio\n',
      'proc/12/fd/0': '',
      'proc/12/fd/7': '',
      'proc/12/fd/8': '',
      'proc/13/comm': 'idle\n',
      'proc/13/fd/0': '',
      'proc/14/fd/3': '',
      'sys/dev/block/253:4/holders/dm-9/x': '',
      'sys/dev/block/253:4/holders/md0/x': '',
      'sys/block/dm-9/dm/name': 'top\n',
      'sys/block/loop0/size': '0\n',
      'sys/block/loop1/loop/backing_file': '/dev/mapper/vol\n',
      'sys/block/loop2/loop/backing_file': '/images/disk\n',
    },
    {
      'dev/dm-4': VOLUME,
      'dev/mapper/vol': VOLUME,
      'proc/12/fd/7': VOLUME,
      'proc/12/fd/8': VOLUME,
      'proc/13/fd/0': OTHER,
      'proc/14/fd/3': VOLUME,
    },
  );
  assert.deepEqual(await findHolders(VOLUME, search), [
    { kind: 'swap', path: '/dev/dm-4' },
    { kind: 'device', name: 'top' },
    { kind: 'device', name: 'md0' },
    { kind: 'loop', name: 'loop1' },
    { kind: 'open', pid: 12, command: 'fio' },
    { kind: 'open', pid: 14, command: '?' },
  ]);
  assert.deepEqual(
    (await findHolders(VOLUME, { ...search, limit: 1 })).map(({ kind }) => kind),
    ['swap', 'device', 'loop', 'open'],
  );
});

test('findHolders() does not wait for a descriptor that cannot be looked at', async (t) => {
  const clock = new SimulatedClock();
  const files = {
    'proc/12/fd/0': '',
    'proc/12/comm': 'fio\n',
    'proc/13/fd/0': '',
    'proc/14/fd/0': '',
    'sys/dev/block/253:4/holders/md0/x': '',
  };
  const search = {
    ...machine(t, files),
    clock,
    deadlineMs: 50,
    blockNumber: (path: string): Promise<DeviceNumber> => {
      if (!path.includes('proc/13')) return Promise.resolve(VOLUME);
      clock.advanceNs(50e6);
      return new Promise(() => undefined);
    },
  };
  assert.deepEqual(await findHolders(VOLUME, search), [
    { kind: 'device', name: 'md0' },
    { kind: 'open', pid: 12, command: 'fio' },
  ]);
});

test('findHolders() finds nothing where there is nothing to read', async (t) => {
  assert.deepEqual(await findHolders(VOLUME, machine(t, {})), []);
});

test('findHolders() looks at this machine without an error', async () => {
  assert.deepEqual(await findHolders({ major: 4095, minor: 1 }), []);
});

test('holdersText() is one line that names the first eight', () => {
  const mounted: Holder = { kind: 'mount', path: '/mnt', fileSystem: 'ext4' };
  assert.equal(
    holdersText([
      mounted,
      { ...mounted, pid: 70 },
      { kind: 'swap', path: '/dev/dm-4' },
      { kind: 'device', name: 'top' },
      { kind: 'loop', name: 'loop1' },
      { kind: 'open', pid: 4_000_001, command: 'fio' },
      { kind: 'open', pid: process.pid, command: 'node' },
    ]),
    'held by: mounted at /mnt, mounted at /mnt (in the mount name space of pid 70), in use as swap (/dev/dm-4), ' +
      'used by the device top, used by the loop device loop1, opened by fio (pid 4000001), ' +
      `opened by this process (pid ${process.pid})`,
  );
  const many = Array.from({ length: 11 }, (): Holder => ({ kind: 'loop', name: 'loop7' }));
  assert.match(holdersText(many), /^held by: (used by the loop device loop7, ){8}3 more$/);
  assert.match(holdersText([]), /^in use, by nothing that can be seen/);
});
