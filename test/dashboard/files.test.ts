import assert from 'node:assert/strict';
import test from 'node:test';
import { findFiles, type OpenFile } from '../../src/dashboard/files.ts';
import type { WireExtent } from '../../src/dashboard/wire.ts';
import type { Run } from '../../src/filemap/extents.ts';
import type { FileView } from '../../src/filemap/file-view.ts';
import type { Part } from '../../src/filemap/stack/parts.ts';
import { FIEMAP_EXTENT } from '../../src/kernel/fiemap.ts';
import { DeviceMapper } from '../../src/mapper/device-mapper.ts';
import { UsageError } from '../../src/mapper/errors.ts';
import { sampleDevices } from '../../src/stats/sample-devices.ts';
import { makeKernel } from './support.ts';

const SECTOR = 512;

interface FakeFile {
  /** In sectors. */
  readonly extents: readonly WireExtent[];
  readonly minor?: number;
  readonly flags?: number;
}

/** Opens files of extents on device 254:0; says what is still open. */
function fakeFiles(files: Readonly<Record<string, FakeFile>>) {
  const open = new Set<string>();
  const openFile = (path: string): FileView => {
    const file = files[path];
    if (file === undefined) throw new Error('no such file');
    open.add(path);
    return {
      facts: () => ({
        device: { major: 254, minor: file.minor ?? 0 },
        inode: 1n,
        isRegular: true,
        links: 1,
        size: 4096n,
        blocks: 8n,
        modifiedNs: 0n,
        changedNs: 0n,
        bornNs: 0n,
      }),
      fileSystem: () => 0xef53,
      async extents() {
        return file.extents.map(([logical, physical, length], index) => ({
          logical: BigInt(logical * SECTOR),
          physical: BigInt(physical * SECTOR),
          length: BigInt(length * SECTOR),
          flags: index === 0 ? 0 : (file.flags ?? 0),
        }));
      },
      [Symbol.dispose]: () => void open.delete(path),
    };
  };
  return { openFile, open };
}

/** A device with a group of the alias `/srv/a` at sectors 0 to 16, and one without alias at 100 to 116. */
async function sampled() {
  const { kernel, say } = makeKernel();
  say('@stats_create 0+8 8 0 p DMS_GROUP=/srv/a:0-1#-');
  say('@stats_create 8+8 8 0 p -');
  say('@stats_create 100+8 8 0 p DMS_GROUP=:2-3#-');
  say('@stats_create 108+8 8 0 p -');
  const dm = new DeviceMapper(kernel.openControl());
  for await (const { devices } of sampleDevices(dm, { intervalMs: 1 })) return { dm, devices };
  throw new Error('no sample');
}

test('findFiles() takes an alias that is the path of the group’s file', async () => {
  const { dm, devices } = await sampled();
  const { openFile, open } = fakeFiles({
    '/srv/a': {
      extents: [
        [0, 4, 8],
        [8, 900, 8],
      ],
    },
  });
  assert.deepEqual(await findFiles(dm, openFile, [], devices), {
    files: [
      {
        path: '/srv/a',
        device: '254:0',
        groupId: 0,
        size: 4096,
        extents: [
          [0, 4 * SECTOR, 8 * SECTOR],
          [8 * SECTOR, 900 * SECTOR, 8 * SECTOR],
        ],
        unplaced: [],
      },
    ],
    problems: [],
  });
  assert.equal(open.size, 0);
  // A name that looks like a path: the file of that path lies elsewhere, or there is none.
  for (const files of [
    { '/srv/a': { extents: [[0, 500, 8]] } },
    { '/srv/a': { extents: [[0, 4, 8]], minor: 9 } },
    {},
  ] as const) {
    assert.deepEqual(await findFiles(dm, fakeFiles(files).openFile, [], devices), { files: [], problems: [] });
  }
});

test('findFiles() finds the group that most of a given file lies in, or says why there is none', async () => {
  const { dm, devices } = await sampled();
  const { openFile } = fakeFiles({
    '/mnt/b': {
      extents: [
        [0, 12, 4],
        [4, 104, 12],
      ],
    },
    '/mnt/c': { extents: [[0, 300, 8]] },
    '/mnt/d': { extents: [[0, 100, 8]], minor: 5 },
    '/mnt/e': {
      extents: [
        [0, 100, 8],
        [8, 0, 8],
      ],
      flags: FIEMAP_EXTENT.DELALLOC,
    },
  });
  const found = await findFiles(dm, openFile, ['/mnt/b', '/mnt/c', '/mnt/d', '/mnt/f'], devices);
  assert.deepEqual(
    found.files.map(({ path, groupId }) => [path, groupId]),
    [['/mnt/b', 2]],
  );
  assert.deepEqual(found.problems, [
    '/mnt/c: no group covers it: dmstats create --filemap makes one',
    '/mnt/d: its data is on no device with statistics',
    '/mnt/f: no such file',
  ]);
  // What has no blocks yet has no place.
  const [file] = (await findFiles(dm, openFile, ['/mnt/e'], devices)).files;
  assert.deepEqual(file?.extents, [[0, 100 * SECTOR, 8 * SECTOR]]);
  assert.deepEqual(file?.unplaced, [[8 * SECTOR, 8 * SECTOR]]);
});

/** A file on 254:40, of which sectors lie on 254:0 at `below`. */
function fileAbove(below: readonly Part[], unplaced: readonly Run[]): FileView {
  const { openFile } = fakeFiles({ '/merged': { extents: [[0, 700, 100]], minor: 40 } });
  return {
    ...openFile('/merged'),
    async locate(_dm, level = { major: 254, minor: 40 }) {
      if (level.minor !== 40 && level.minor !== 0) throw new UsageError('Cannot map file: not there');
      return level;
    },
    async placed() {
      return { parts: below, unplaced };
    },
  };
}

test('findFiles() tells the offsets of a file that is only through others on the device of its group', async () => {
  const { dm, devices } = await sampled();
  const file = (path: string): FileView => {
    assert.equal(path, '/merged');
    return fileAbove([{ start: 3, end: 11, below: 105 }], [{ start: 11, end: 20 }]);
  };
  assert.deepEqual(await findFiles(dm, file, ['/merged'], devices), {
    files: [
      {
        path: '/merged',
        device: '254:0',
        groupId: 2,
        size: 4096,
        extents: [[3 * SECTOR, 105 * SECTOR, 8 * SECTOR]],
        unplaced: [[11 * SECTOR, 9 * SECTOR]],
      },
    ],
    problems: [],
  });
  const elsewhere = devices.map((device) => ({ ...device, number: { major: 254, minor: 1 } }));
  assert.deepEqual(await findFiles(dm, file, ['/merged'], elsewhere), {
    files: [],
    problems: ['/merged: its data is on no device with statistics'],
  });
  const refused: OpenFile = (path) => ({
    ...file(path),
    locate: () => Promise.reject(new UsageError('Cannot map file: it lies on an overlay')),
  });
  const { problems } = await findFiles(dm, refused, ['/merged'], devices);
  assert.deepEqual(problems, ['/merged: Cannot map file: it lies on an overlay']);
});

test('findFiles() does not tell of files in more pieces than can be looked at', async () => {
  const { dm, devices } = await sampled();
  const pieces = Array.from({ length: 200_001 }, (_, index) => ({ start: index, end: index + 1, below: 2 * index }));
  const { problems } = await findFiles(dm, () => fileAbove(pieces, []), ['/merged'], devices);
  assert.deepEqual(problems, ['/merged: it is in 200001 pieces: the page shows 200000 at most']);
});
