/** The page's server on a real kernel: what it tells of a file, against what filefrag and dd know of it. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { closeSync, fsyncSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { seenAtAll, seenIn } from '../../src/dashboard/model/coverage.ts';
import { watchedOf } from '../../src/dashboard/model/file-map.ts';
import { fileGrid } from '../../src/dashboard/model/heat.ts';
import { History } from '../../src/dashboard/model/history.ts';
import { makeKnownFile } from '../../src/dashboard/model/known.ts';
import type { ShownObject } from '../../src/dashboard/model/objects.ts';
import type { Files, Layout, WireCoverage, WireExtent, WireFile, WireSample } from '../../src/dashboard/wire.ts';
import { createFilemap } from '../../src/filemap/filemap.ts';
import { openFile } from '../../src/filemap/open-file.ts';
import { events } from '../dashboard/support.ts';
import { cleanUp, eventually, type FileSystem, mountVolume, sh } from './support.ts';

const BLOCK = 4096;
const SECTOR = 512;
const BLOCK_SECTORS = BLOCK / SECTOR;
const BLOCKS = 80;
const DATA = (BLOCKS / 2) * BLOCK;

/** A file of 40 extents of a block: every other one is a hole. */
function makeFragments(path: string): void {
  const fd = openSync(path, 'w');
  writeSync(fd, Buffer.alloc(BLOCKS * BLOCK, 1));
  fsyncSync(fd);
  closeSync(fd);
  xfsIo(
    path,
    Array.from({ length: BLOCKS / 2 }, (_, index) => `fpunch ${(2 * index + 1) * BLOCK} ${BLOCK}`),
  );
  sh(`sync ${path}`);
}

/** Does many things to one file in one process. */
function xfsIo(path: string, commands: readonly string[], ...options: readonly string[]): void {
  const input = commands.map((command) => `${command}\n`).join('');
  execFileSync('xfs_io', [...options, path], { input, stdio: ['pipe', 'ignore', 'pipe'] });
}

/** The extents that `filefrag` (e2fsprogs, not this library) finds, bytes. */
function extentsByFilefrag(path: string): WireExtent[] {
  return sh(`filefrag -b512 -v '${path}'`)
    .split('\n')
    .flatMap((line): WireExtent[] => {
      const match = /^\s*\d+:\s+(\d+)\.\.\s*\d+:\s+(\d+)\.\.\s*\d+:\s*(\d+):/.exec(line);
      return match === null ? [] : [[1, 2, 3].map((at) => Number(match[at]) * SECTOR) as [number, number, number]];
    });
}

async function startServe(t: TestContext, paths: readonly string[]): Promise<string> {
  const words = ['serve', '--listen', '127.0.0.1:0', '--interval', '0.5', ...paths];
  const child = spawn('dmstats', words, { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.on('data', (chunk) => {
    text += chunk;
  });
  const ended = new Promise((resolve) => child.on('exit', resolve));
  cleanUp(t, async () => {
    child.kill('SIGKILL');
    await ended;
  });
  await eventually('dmstats serves', 60_000, () => text.includes('\n') || child.exitCode !== null);
  return /http:\/\/\S+/.exec(text)?.[0] ?? assert.fail(`no address: ${text}`);
}

interface Followed {
  readonly path: string;
  readonly alias: string;
  readonly isPacked: boolean;
}

/** A fragmented file on a file system of its own, with a group. */
async function follow(
  t: TestContext,
  fileSystem: FileSystem,
  { isPacked }: Pick<Followed, 'isPacked'>,
): Promise<Followed> {
  const { dm, folder } = await mountVolume(t, fileSystem);
  const path = join(folder, 'data');
  const alias = `on ${fileSystem}`;
  makeFragments(path);
  using file = openFile(path);
  await createFilemap(dm, file, { programId: 'dmstats', alias, ...(isPacked ? { maxRegions: 8 } : {}) });
  return { path, alias, isPacked };
}

/** Block 6 three times, 40 and 78 once, without a cache in between. */
function write({ path }: Followed): void {
  for (const block of [6, 40, 6, 78, 6]) {
    sh(`dd if=/dev/zero of='${path}' bs=4k count=1 seek=${block} oflag=direct conv=notrunc 2>&1`);
  }
}

const WRITTEN = 5 * BLOCK_SECTORS;

/** The blocks of `write()` and their sectors. */
const HEAT = [
  [6, 3 * BLOCK_SECTORS],
  [40, BLOCK_SECTORS],
  [78, BLOCK_SECTORS],
];

/** The blocks of a file that saw I/O, and how many sectors of it: a row is a block, a column all of the time. */
function heatOf(history: History, object: ShownObject, file: WireFile): number[][] {
  const to = history.newest?.time ?? 0;
  const { size } = makeKnownFile(object, file).map;
  const { cells } = fileGrid(object, file, size, size / BLOCK).gather(history.between(0, to), { from: 0, to }, 1);
  return [...(cells[0] ?? [])].flatMap((sectors, block) => (sectors === 0 ? [] : [[block, sectors]]));
}

/** What the page knows once all that was written is counted. */
async function watchWrites(t: TestContext, url: string, followed: readonly Followed[]) {
  const history = new History();
  let files: Files = { files: [], problems: [] };
  let isWritten = false;
  for await (const { event, data } of events(`${url}events`, t)) {
    if (event === 'layout') history.setLayout(data as Layout);
    if (event === 'coverage') history.coverage = data as WireCoverage;
    if (event === 'files') {
      files = data as Files;
      history.setFiles(files);
    }
    if (event !== 'sample') continue;
    history.add(data as WireSample);
    if (!isWritten) for (const file of followed) write(file);
    isWritten = true;
    const all = [...history.objects.values()].flatMap((object) => seenAtAll(object, history.coverage)?.counted ?? []);
    if (all.length === followed.length && all.every((counted) => counted >= WRITTEN)) break;
  }
  return { history, files };
}

test('dmstats serve tells where files lie and where they are written, in regions of their own and shared ones', async (t) => {
  const followed = [await follow(t, 'ext4', { isPacked: false }), await follow(t, 'xfs', { isPacked: true })];
  const url = await startServe(
    t,
    followed.map(({ path }) => path),
  );
  const { history, files } = await watchWrites(t, url, followed);
  assert.deepEqual(files.problems, []);
  for (const { path, alias, isPacked } of followed) {
    const file = files.files.find((one) => one.path === path) ?? assert.fail(`no ${path}`);
    const extents = extentsByFilefrag(path);
    assert.equal(extents.length, BLOCKS / 2);
    assert.deepEqual([file.size, file.extents], [BLOCKS * BLOCK, extents]);
    const object = [...history.objects.values()].find(({ name }) => name === alias) ?? assert.fail(`no ${alias}`);
    assert.equal(
      object.listed.some(({ role }) => role === 'packed'),
      isPacked,
    );
    const { map } = makeKnownFile(object, file);
    assert.deepEqual(watchedOf(map), { allocated: DATA, covered: DATA, unplaced: 0 });
    assert.deepEqual(heatOf(history, object, file), HEAT);
    const frames = history.between(0, history.newest?.time ?? 0);
    const exact = { counted: WRITTEN, missed: 0, errorSectors: 0, errorIos: 0, foreign: 0 };
    assert.deepEqual([seenAtAll(object, history.coverage), seenIn(object, frames)], [exact, exact]);
  }
});

/** A file of an overlay whose layers are in a folder. */
function overlaid(t: TestContext, folder: string): Followed {
  const [lower, upper, work, merged] = ['lower', 'upper', 'work', 'merged'].map((name) => join(folder, name));
  for (const one of [lower, upper, work, merged]) mkdirSync(one ?? '');
  sh(`mount -t overlay overlay -o lowerdir=${lower},upperdir=${upper},workdir=${work} ${merged}`);
  cleanUp(t, () => sh(`umount ${merged}`));
  const path = join(merged ?? '', 'data');
  makeFragments(path);
  return { path, alias: 'on an overlay', isPacked: false };
}

const MIB = 2 ** 20;
/** Where a file on a loop device has data that has no blocks in the image. */
const NOWHERE: readonly [logical: number, length: number] = [MIB, MIB];

const PIECE = 64 * 1024;

/** A file on a loop device; the pieces of its image lie on the volume in the opposite order. */
function looped(t: TestContext, folder: string): Followed {
  const image = join(folder, 'image');
  const backwards = Array.from({ length: (32 * MIB) / PIECE }, (_, index) => `pwrite -q ${index * PIECE} ${PIECE}`);
  xfsIo(image, backwards.reverse(), '-f', '-d');
  const node = sh(`modprobe loop && losetup -f --show --direct-io=on ${image}`).trim();
  cleanUp(t, () => sh(`losetup -d ${node}`));
  const inner = join(folder, 'inner');
  mkdirSync(inner);
  sh(
    `mkfs.ext4 -q -F -b 4096 -N 128 -O ^has_journal -E lazy_itable_init=0,nodiscard ${node} && mount ${node} ${inner}`,
  );
  cleanUp(t, () => sh(`umount ${inner}`));
  const path = join(inner, 'data');
  makeFragments(path);
  const [offset, length] = NOWHERE;
  sh(`fallocate -o ${offset} -l ${length} ${path} && sync ${path}`);
  const reserved = extentsByFilefrag(path).filter(([logical]) => logical >= offset);
  xfsIo(
    image,
    reserved.map(([, physical, bytes]) => `fpunch ${physical} ${bytes}`),
  );
  return { path, alias: 'on a loop device', isPacked: false };
}

/** Where each block of a file lies, by extents. */
function blocksOf(extents: readonly WireExtent[]): Map<number, number> {
  return new Map(
    extents.flatMap(([logical, physical, length]) =>
      Array.from(
        { length: length / BLOCK },
        (_, block) => [logical + block * BLOCK, physical + block * BLOCK] as const,
      ),
    ),
  );
}

test('dmstats serve shows I/O at the offsets of a file on an overlay and of one on a loop device', async (t) => {
  const { dm, folder } = await mountVolume(t, 'ext4', 96);
  const followed = [overlaid(t, folder), looped(t, folder)];
  for (const { path, alias } of followed) {
    using file = openFile(path);
    await createFilemap(dm, file, { programId: 'dmstats', alias });
  }
  const image = blocksOf(extentsByFilefrag(join(folder, 'image')));
  const [onOverlay, onLoop] = [join(folder, 'upper', 'data'), followed[1]?.path ?? ''].map((path) =>
    blocksOf(extentsByFilefrag(path)),
  );
  const expected = [
    onOverlay,
    new Map(
      [...(onLoop ?? [])].flatMap(([at, place]) => {
        const below = image.get(place);
        return below === undefined ? [] : [[at, below] as const];
      }),
    ),
  ];
  const url = await startServe(
    t,
    followed.map(({ path }) => path),
  );
  const { history, files } = await watchWrites(t, url, followed);
  assert.deepEqual(files.problems, []);
  for (const [index, { path, alias }] of followed.entries()) {
    const file = files.files.find((one) => one.path === path) ?? assert.fail(`no ${path}`);
    assert.deepEqual(blocksOf(file.extents), expected[index]);
    assert.equal(file.extents.length, BLOCKS / 2);
    const object = [...history.objects.values()].find(({ name }) => name === alias) ?? assert.fail(`no ${alias}`);
    assert.deepEqual(heatOf(history, object, file), HEAT);
    const isSparse = index === 1;
    const { map } = makeKnownFile(object, file);
    assert.deepEqual(
      map.unplaced.map(({ logical, length }) => [logical, length]),
      isSparse ? [NOWHERE] : [],
    );
    const unplaced = isSparse ? MIB : 0;
    assert.deepEqual(watchedOf(map), { allocated: DATA + unplaced, covered: DATA, unplaced });
  }
});
