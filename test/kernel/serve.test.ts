/** The page's server on a real kernel: what it tells of a file, against what filefrag and dd know of it. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { seenAtAll, seenIn } from '../../src/dashboard/model/coverage.ts';
import { watchedOf } from '../../src/dashboard/model/file-map.ts';
import { fileGrid } from '../../src/dashboard/model/heat.ts';
import { History } from '../../src/dashboard/model/history.ts';
import { makeKnownFile } from '../../src/dashboard/model/known.ts';
import type { Files, Layout, WireCoverage, WireExtent, WireSample } from '../../src/dashboard/wire.ts';
import { createFilemap } from '../../src/filemap/filemap.ts';
import { openFile } from '../../src/filemap/open-file.ts';
import { events } from '../dashboard/support.ts';
import { cleanUp, eventually, type FileSystem, mountVolume, sh } from './support.ts';

const BLOCK = 4096;
const SECTOR = 512;
const BLOCK_SECTORS = BLOCK / SECTOR;
const BLOCKS = 80;

/** A file of 40 extents of a block: every other one is a hole. */
function makeFragments(path: string): void {
  const fd = openSync(path, 'w');
  writeSync(fd, Buffer.alloc(BLOCKS * BLOCK, 1));
  fsyncSync(fd);
  closeSync(fd);
  const punches = Array.from({ length: BLOCKS / 2 }, (_, index) => `fpunch ${(2 * index + 1) * BLOCK} ${BLOCK}\n`);
  execFileSync('xfs_io', [path], { input: punches.join(''), stdio: ['pipe', 'ignore', 'pipe'] });
  sh(`sync ${path}`);
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
    assert.deepEqual(watchedOf(map), { allocated: (BLOCKS / 2) * BLOCK, covered: (BLOCKS / 2) * BLOCK });
    // A row is a block of the file's, a column all of the time.
    const to = history.newest?.time ?? 0;
    const frames = history.between(0, to);
    const { cells } = fileGrid(object, file, map.size, BLOCKS).gather(frames, { from: 0, to }, 1);
    const written = [...(cells[0] ?? [])].flatMap((sectors, block) => (sectors === 0 ? [] : [[block, sectors]]));
    assert.deepEqual(written, [
      [6, 3 * BLOCK_SECTORS],
      [40, BLOCK_SECTORS],
      [78, BLOCK_SECTORS],
    ]);
    const exact = { counted: WRITTEN, missed: 0, errorSectors: 0, errorIos: 0, foreign: 0 };
    assert.deepEqual([seenAtAll(object, history.coverage), seenIn(object, frames)], [exact, exact]);
  }
});
