import assert from 'node:assert/strict';
import test from 'node:test';
import { findFiles } from '../../src/dashboard/files.ts';
import type { WireExtent } from '../../src/dashboard/wire.ts';
import type { FileView } from '../../src/filemap/file-view.ts';
import { FIEMAP_EXTENT } from '../../src/kernel/fiemap.ts';
import { DeviceMapper } from '../../src/mapper/device-mapper.ts';
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
  for await (const { devices } of sampleDevices(dm, { intervalMs: 1 })) return devices;
  throw new Error('no sample');
}

test('findFiles() takes an alias that is the path of the group’s file', async () => {
  const devices = await sampled();
  const { openFile, open } = fakeFiles({
    '/srv/a': {
      extents: [
        [0, 4, 8],
        [8, 900, 8],
      ],
    },
  });
  assert.deepEqual(await findFiles(openFile, [], devices), {
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
    assert.deepEqual(await findFiles(fakeFiles(files).openFile, [], devices), { files: [], problems: [] });
  }
});

test('findFiles() finds the group that most of a given file lies in, or says why there is none', async () => {
  const devices = await sampled();
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
  const found = await findFiles(openFile, ['/mnt/b', '/mnt/c', '/mnt/d', '/mnt/f'], devices);
  assert.deepEqual(
    found.files.map(({ path, groupId }) => [path, groupId]),
    [['/mnt/b', 2]],
  );
  assert.deepEqual(found.problems, [
    '/mnt/c: no group covers it: dmstats create --filemap makes one',
    '/mnt/d: its file system is on no device with statistics',
    '/mnt/f: no such file',
  ]);
  // What has no blocks yet has no place.
  const [file] = (await findFiles(openFile, ['/mnt/e'], devices)).files;
  assert.deepEqual(file?.extents, [[0, 100 * SECTOR, 8 * SECTOR]]);
});
