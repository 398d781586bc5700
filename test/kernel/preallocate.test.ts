import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync, statSync } from 'node:fs';
import test, { type TestContext } from 'node:test';
import { createFilemap } from '../../src/filemap/filemap.ts';
import { openFile } from '../../src/filemap/open-file.ts';
import { freePastEnd, reservePastEnd } from '../../src/system/past-end.ts';
import {
  countsOfGroup,
  type Daemon,
  directWrite,
  eventually,
  FILE_SYSTEMS,
  type FileSystem,
  mountVolume,
  sectorsByFilefrag,
  sectorsByRegions,
  sh,
  startDaemon,
  type Volume,
} from './support.ts';

const PATIENCE_MS = 60_000;
const MIB = 1 << 20;

interface Followed extends Volume {
  readonly path: string;
  readonly groupId: number;
  readonly daemon: Daemon;
}

/** A file of 64 KiB that a daemon follows which keeps so much reserved. */
async function follow(t: TestContext, fileSystem: FileSystem, size: string): Promise<Followed> {
  const volume = await mountVolume(t, fileSystem);
  const path = `${volume.folder}/data`;
  directWrite(path, { count: 1 });
  using file = openFile(path);
  const { groupId = -1 } = await createFilemap(volume.dm, file, { programId: 'dmstats', alias: 'data' });
  const daemon = await startDaemon(t, path, groupId, 'inode', ['--preallocate', size, '--no-look-ahead']);
  return { ...volume, path, groupId, daemon };
}

/** Of a file whose size is a multiple of a block; `st_blocks` has the extent tree's blocks too. */
const pastEnd = (path: string): number => sectorsByFilefrag(path).size * 512 - statSync(path).size;

async function isTrue(followed: Followed): Promise<boolean> {
  const [regions, extents] = [await sectorsByRegions(followed, followed.groupId), sectorsByFilefrag(followed.path)];
  return regions.size === extents.size && [...extents].every((sector) => regions.has(sector));
}

async function isReserved(followed: Followed, bytes: number): Promise<boolean> {
  return pastEnd(followed.path) >= bytes && (await isTrue(followed));
}

for (const fileSystem of FILE_SYSTEMS) {
  test(`dmfilemapd --preallocate counts appends in regions that are there, and frees the rest, on ${fileSystem}`, async (t) => {
    const followed = await follow(t, fileSystem, '8m');
    const { path, daemon, groupId, stats } = followed;
    await eventually(`8 MiB are reserved: ${daemon.output()}`, PATIENCE_MS, () => isReserved(followed, 8 * MIB));
    // Twice, the second time over the border of what was reserved first.
    directWrite(path, { count: 96, seek: 1 });
    await eventually(`it is reserved again: ${daemon.output()}`, PATIENCE_MS, () => isReserved(followed, 6 * MIB));
    directWrite(path, { count: 96, seek: 97 });
    await eventually(`the regions are true: ${daemon.output()}`, PATIENCE_MS, () => isReserved(followed, 4 * MIB));
    const { groups } = await stats.list();
    assert.equal(groups.find(({ id }) => id === groupId)?.missed, 0n, daemon.output());
    assert.equal((await countsOfGroup(stats, groupId)).writeSectors, BigInt((192 * 64 * 1024) / 512));
    daemon.child.kill('SIGTERM');
    assert.equal(await daemon.ended, 0);
    assert.equal(pastEnd(path), 0, daemon.output());
    assert.ok(await isTrue(followed), daemon.output());
    assert.equal((await countsOfGroup(stats, groupId)).writeSectors, BigInt((192 * 64 * 1024) / 512));
  });

  test(`dmfilemapd leaves what it has reserved where others have the file open, and says so, on ${fileSystem}`, async (t) => {
    const followed = await follow(t, fileSystem, '1m');
    const { path, daemon } = followed;
    await eventually(`1 MiB is reserved: ${daemon.output()}`, PATIENCE_MS, () => isReserved(followed, MIB));
    const fd = openSync(path, 'a');
    daemon.child.kill('SIGTERM');
    assert.equal(await daemon.ended, 0);
    closeSync(fd);
    assert.match(daemon.output(), /^1048576 bytes stay reserved past the file's end: others have the file open/m);
    assert.equal(pastEnd(path), MIB);
    sh(`truncate -s +0 ${path}`);
    assert.equal(pastEnd(path), 0);
  });

  test(`dmfilemapd frees what one had reserved that was killed, on ${fileSystem}`, async (t) => {
    const followed = await follow(t, fileSystem, '8m');
    const { path, daemon, groupId, stats } = followed;
    await eventually(`8 MiB are reserved: ${daemon.output()}`, PATIENCE_MS, () => isReserved(followed, 8 * MIB));
    daemon.child.kill('SIGKILL');
    await daemon.ended;
    assert.ok(pastEnd(path) >= 8 * MIB);
    directWrite(path, { count: 16, seek: 1 });
    const next = await startDaemon(t, path, groupId, 'inode', ['--preallocate', '8m', '--no-look-ahead']);
    await eventually(`it is used: ${next.output()}`, PATIENCE_MS, () => isReserved(followed, 4 * MIB));
    assert.equal((await stats.list()).groups.find(({ id }) => id === groupId)?.missed, 0n, next.output());
    next.child.kill('SIGKILL');
    await next.ended;
    assert.ok(pastEnd(path) >= 4 * MIB);
    // One that is to reserve nothing frees it at once.
    const last = await startDaemon(t, path, groupId, 'inode', ['--no-look-ahead']);
    await eventually(`nothing is reserved: ${last.output()}`, PATIENCE_MS, () => pastEnd(path) === 0);
    await eventually(`the regions are true: ${last.output()}`, PATIENCE_MS, () => isTrue(followed));
    last.child.kill('SIGTERM');
    assert.equal(await last.ended, 0);
    assert.equal((await countsOfGroup(stats, groupId)).writeSectors, BigInt((16 * 64 * 1024) / 512));
    assert.equal(statSync(path).size, 17 * 64 * 1024);
  });

  test(`freePastEnd() never cuts what others append, on ${fileSystem}`, async (t) => {
    const { folder } = await mountVolume(t, fileSystem);
    const path = `${folder}/log`;
    sh(`: > ${path}`);
    const lines = 800;
    const writer = spawn('sh', ['-c', `for i in $(seq ${lines}); do echo $i >> ${path}; done`], { stdio: 'inherit' });
    const ended = once(writer, 'exit');
    let [freed, left] = [0, 0];
    while (writer.exitCode === null) {
      const fd = openSync(path, 'r+');
      await reservePastEnd(fd, 65_536n);
      if (await freePastEnd(fd, 0n)) freed++;
      else left++;
      closeSync(fd);
    }
    assert.deepEqual(await ended, [0, null]);
    t.diagnostic(`freed ${freed} times, left ${left} times`);
    assert.ok(freed > 0);
    assert.equal(readFileSync(path, 'utf8'), Array.from({ length: lines }, (_, index) => `${index + 1}\n`).join(''));
  });
}

test('dmfilemapd follows on where nothing can be reserved, and says why once', async (t) => {
  const followed = await follow(t, 'ext4', '1g');
  const { path, daemon } = followed;
  await eventually('it says why', PATIENCE_MS, () => daemon.output().includes('Nothing is reserved past the end'));
  assert.match(
    daemon.output(),
    /^Nothing is reserved past the end: 1073741824 bytes are wanted and \d+ bytes are free/m,
  );
  directWrite(path, { count: 4, seek: 1 });
  await eventually(`the regions are true: ${daemon.output()}`, PATIENCE_MS, () => isTrue(followed));
  assert.equal(daemon.output().split('Nothing is reserved').length, 2);
  assert.equal(pastEnd(path), 0);
});

test('dmfilemapd leaves what others have reserved', async (t) => {
  const volume = await mountVolume(t, 'xfs');
  const path = `${volume.folder}/data`;
  directWrite(path, { count: 1 });
  sh(`fallocate -n -o 65536 -l 524288 ${path}`);
  using file = openFile(path);
  const { groupId = -1 } = await createFilemap(volume.dm, file, { programId: 'dmstats', alias: 'data' });
  const daemon = await startDaemon(t, path, groupId, 'inode', ['--preallocate', '4m']);
  file[Symbol.dispose]();
  await eventually('4 MiB are reserved', PATIENCE_MS, () => pastEnd(path) === 4 * MIB);
  daemon.child.kill('SIGTERM');
  assert.equal(await daemon.ended, 0);
  assert.equal(pastEnd(path), 524_288, daemon.output());
});
