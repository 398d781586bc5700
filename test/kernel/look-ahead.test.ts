import assert from 'node:assert/strict';
import { closeSync, fsyncSync, openSync, statfsSync, truncateSync, writeSync } from 'node:fs';
import test, { type TestContext } from 'node:test';
import { createFilemap } from '../../src/filemap/filemap.ts';
import { openFile } from '../../src/filemap/open-file.ts';
import { LOOK_AHEAD_PROGRAM } from '../../src/stats/owner.ts';
import {
  countsOfGroup,
  type Daemon,
  directRead,
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

const KIB = 1024;
const START = 64 * KIB;
const GROWTH = 64 << 20;
const LINE = 200;
const LINES = 600;

interface Written {
  readonly bytes: number;
  /** How often a sector may have been written. */
  readonly times: number;
}

/** Ways in which files grow; each returns what of the file the device had to write. */
const WAYS: Readonly<Record<string, (path: string) => Written>> = {
  'O_DIRECT appends': (path) => {
    directWrite(path, { count: GROWTH / START, seek: 1 });
    return { bytes: GROWTH, times: 1 };
  },
  'buffered appends': (path) => {
    sh(`dd if=/dev/zero of='${path}' bs=64k count=${GROWTH / START} oflag=append conv=notrunc,fsync 2>&1`);
    return { bytes: GROWTH, times: 1 };
  },
  'fsynced log lines': (path) => {
    // ext4 has blocks of 1 KiB on a volume this small.
    const block = statfsSync(path).bsize;
    const fd = openSync(path, 'a');
    let written = 0;
    for (let index = 0; index < LINES; index++) {
      writeSync(fd, Buffer.alloc(LINE, 'x'));
      fsyncSync(fd);
      // Each fsync writes the blocks that the line touches.
      written += (Math.floor(((index + 1) * LINE - 1) / block) - Math.floor((index * LINE) / block) + 1) * block;
    }
    closeSync(fd);
    return { bytes: written, times: Math.ceil(block / LINE) + 1 };
  },
  'writes by libaio': (path) => {
    // fio would unlink a file that is too short for it.
    truncateSync(path, START + GROWTH);
    sh(
      `fio --name=a --filename=${path} --ioengine=libaio --iodepth=8 --direct=1 --rw=write --bs=64k ` +
        `--offset=${START} --size=${GROWTH} --fallocate=none 2>&1`,
    );
    return { bytes: GROWTH, times: 1 };
  },
  'random writes into what was reserved': (path) => {
    sh(
      `fallocate -o ${START} -l ${GROWTH} '${path}'; fio --name=a --filename=${path} --ioengine=psync --direct=1 ` +
        `--rw=randwrite --bs=64k --offset=${START} --size=${GROWTH} --fallocate=none 2>&1`,
    );
    return { bytes: GROWTH, times: 1 };
  },
};

interface Followed extends Volume {
  readonly path: string;
  readonly groupId: number;
  readonly daemon: Daemon;
}

/** A file of 64 KiB that a daemon follows. */
async function follow(t: TestContext, fileSystem: FileSystem, options: readonly string[] = []): Promise<Followed> {
  const volume = await mountVolume(t, fileSystem);
  const path = `${volume.folder}/data`;
  directWrite(path, { count: 1 });
  using file = openFile(path);
  const { groupId = -1 } = await createFilemap(volume.dm, file, { programId: 'dmstats', alias: 'data' });
  return { ...volume, path, groupId, daemon: await startDaemon(t, path, groupId, 'inode', options) };
}

async function isTrue(followed: Followed): Promise<boolean> {
  const [regions, extents] = [await sectorsByRegions(followed, followed.groupId), sectorsByFilefrag(followed.path)];
  return regions.size === extents.size && [...extents].every((sector) => regions.has(sector));
}

/** Waits until all that was written is mapped. */
const rest = (followed: Followed): Promise<number> =>
  eventually(`the regions are the file's: ${followed.daemon.output()}`, 15_000, () => isTrue(followed));

/** What the group says of its counts: sectors of which the past is not known, and by how many it may be wrong. */
async function doubts({ stats, groupId }: Followed): Promise<{ readonly missed: number; readonly error: number }> {
  const { groups } = await stats.list();
  const group = groups.find(({ id }) => id === groupId);
  return { missed: Number(group?.missed), error: Number(group?.error.sectors) };
}

const missed = async (followed: Followed): Promise<number> => (await doubts(followed)).missed;

for (const fileSystem of FILE_SYSTEMS) {
  for (const [way, write] of Object.entries(WAYS)) {
    test(`dmfilemapd counts 99 % of ${way} from their first write on, on ${fileSystem}`, async (t) => {
      const followed = await follow(t, fileSystem);
      const whole = await followed.stats.createRegion({ programId: 'test' });
      const { bytes, times } = write(followed.path);
      const written = bytes / 512;
      await rest(followed);
      const counted = Number((await countsOfGroup(followed.stats, followed.groupId)).writeSectors);
      const { missed: known, error: bound } = await doubts(followed);
      t.diagnostic(`${counted} of ${written} sectors, ${known} told as missed, error ${bound}`);
      assert.ok(
        counted >= 0.99 * written,
        `${counted} of ${written} sectors\n${followed.daemon.output().slice(-3000)}`,
      );
      assert.ok(counted <= written, `${counted} counted where ${written} sectors were written`);
      const { regions } = await followed.stats.list();
      const region = regions.find(({ id }) => id === whole);
      assert.ok(region !== undefined);
      assert.ok(counted <= Number((await followed.stats.counters(region)).writeSectors));
      // A sector that is told as missed may be counted all the same, when it was written after its region was there.
      const unseen = written - counted;
      assert.ok(unseen <= known * times + bound, `${unseen} unseen, ${known} told as missed, error ${bound}`);
    });
  }
}

test('dmfilemapd credits a growing file with nothing of its neighbour’s, growing at the same time', async (t) => {
  const followed = await follow(t, 'ext4');
  const neighbour = followed.path.replace(/data$/, 'neighbour');
  sh(
    `(dd if=/dev/zero of='${neighbour}' bs=64k count=256 oflag=direct 2>&1 & ` +
      `dd if=/dev/zero of='${followed.path}' bs=64k count=256 seek=1 oflag=direct conv=notrunc 2>&1; wait)`,
  );
  // What is freed passes to the file, with what was counted there.
  sh(`rm '${neighbour}'; sync -f '${followed.path}'`);
  await rest(followed);
  directRead(followed.path, { count: 257 });
  sh(`dd if=/dev/zero of='${followed.path}' bs=64k count=256 seek=257 oflag=direct conv=notrunc 2>&1`);
  await rest(followed);
  const { writeSectors } = await countsOfGroup(followed.stats, followed.groupId);
  const written = 2 * 256 * 128;
  t.diagnostic(`${writeSectors} of ${written} sectors, ${await missed(followed)} told as missed`);
  assert.equal(Number(writeSectors) + (await missed(followed)), written);
});

test('dmfilemapd that is killed leaves regions that the next one removes, and doubles nothing', async (t) => {
  const followed = await follow(t, 'ext4');
  const ahead = async () =>
    (await followed.stats.list(LOOK_AHEAD_PROGRAM)).regions.map(({ aux }) => aux.replace(/^group=\d+,/, ''));
  const [word] = await ahead();
  assert.ok(word !== undefined, 'no look-ahead');
  followed.daemon.child.kill('SIGKILL');
  await followed.daemon.ended;
  directWrite(followed.path, { count: 4, seek: 1 });
  const daemon = await startDaemon(t, followed.path, followed.groupId, 'inode');
  assert.ok(!(await ahead()).includes(word), 'left for ever');
  await rest({ ...followed, daemon });
  assert.equal((await countsOfGroup(followed.stats, followed.groupId)).writeSectors, 0n);
  assert.equal(await missed(followed), 4 * 128);
  daemon.child.kill('SIGTERM');
  assert.equal(await daemon.ended, 0);
  assert.deepEqual(await ahead(), []);
});

test('dmstats of lvm2 and ours show nothing of the look-ahead, and delete leaves nothing of it', async (t) => {
  const followed = await follow(t, 'ext4');
  for (const dmstats of ['/sbin/dmstats', 'dmstats']) {
    assert.doesNotMatch(sh(`${dmstats} list ${followed.name}`), /ahead/);
    assert.match(sh(`${dmstats} list --allprograms ${followed.name} | head -c 100000`), /ahead/);
  }
  followed.daemon.child.kill('SIGKILL');
  await followed.daemon.ended;
  sh(`dmstats delete --groupid ${followed.groupId} ${followed.name}`);
  assert.deepEqual((await followed.stats.list()).regions, []);
});

test('dmfilemapd --no-look-ahead makes no regions but its group’s, and says what it misses', async (t) => {
  const followed = await follow(t, 'ext4', ['--no-look-ahead']);
  directWrite(followed.path, { count: 4, seek: 1 });
  await rest(followed);
  const { regions, groups } = await followed.stats.list();
  assert.equal(regions.length, groups[0]?.members.length);
  assert.equal(await missed(followed), 4 * 128);
});
