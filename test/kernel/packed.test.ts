import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, constants, fsyncSync, openSync, readFileSync, readSync, truncateSync, writeSync } from 'node:fs';
import test, { type TestContext } from 'node:test';
import { creditedRuns, PACKED_PROGRAM } from '../../src/stats/packed.ts';
import { type GroupSample, read, totals } from '../../src/stats/sampler.ts';
import { groupTagForm } from '../../src/stats/tag-form.ts';
import {
  directRead,
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

const BLOCK = 4096;
const EXTENTS = 300;
const BLOCK_SECTORS = BLOCK / 512;

/** A file of many extents of 4 KiB: every other block of it is punched out. */
function makeFragments(path: string, extents: number): void {
  const fd = openSync(path, 'w');
  writeSync(fd, Buffer.alloc(2 * extents * BLOCK, 1));
  fsyncSync(fd);
  closeSync(fd);
  const punches = Array.from({ length: extents }, (_, index) => `fpunch ${(2 * index + 1) * BLOCK} ${BLOCK}\n`);
  execFileSync('xfs_io', [path], { input: punches.join(''), stdio: ['pipe', 'ignore', 'pipe'] });
  sh(`sync ${path}`);
}

interface Packed extends Volume {
  readonly path: string;
  readonly folder: string;
}

/** A fragmented file, mapped by the command without a daemon. */
async function map(t: TestContext, fileSystem: FileSystem, ...words: readonly string[]): Promise<Packed> {
  const volume = await mountVolume(t, fileSystem);
  const path = `${volume.folder}/data`;
  makeFragments(path, EXTENTS);
  sh(`dmstats create --filemap --nomonitor ${words.join(' ')} ${path}`);
  return { ...volume, path };
}

const allocatedBytes = (): number =>
  Number(readFileSync('/sys/module/dm_mod/parameters/stats_current_allocated_bytes', 'latin1'));

async function groupOf({ stats }: Packed): Promise<GroupSample> {
  const [group, ...others] = totals(await read(stats, 'dmstats'), 1e9).groups.values();
  assert.ok(group !== undefined && others.length === 0, 'one group');
  return group;
}

/** The sectors that count for the group; throws when one counts twice. */
async function countedSectors(packed: Packed): Promise<Set<number>> {
  const { groups, spans } = await packed.stats.list('dmstats');
  const [group] = groups;
  assert.ok(group !== undefined);
  const set = await sectorsByRegions(packed, group.id);
  for (const { start, end } of (spans?.get(group.id) ?? []).flatMap(creditedRuns)) {
    for (let sector = start; sector < end; sector++) {
      assert.ok(!set.has(sector), `sector ${sector} counts twice`);
      set.add(sector);
    }
  }
  return set;
}

async function assertTrue(packed: Packed): Promise<void> {
  assert.deepEqual([...(await countedSectors(packed))].sort(), [...sectorsByFilefrag(packed.path)].sort());
}

/** Reads blocks of the device itself, one I/O each, past all caches. */
function readBlocks(node: string, starts: readonly number[]): void {
  const fd = openSync(node, constants.O_RDONLY | constants.O_DIRECT);
  try {
    const room = Buffer.alloc(2 * BLOCK);
    const aligned = Array.from({ length: BLOCK / 8 }, (_, index) => room.subarray(index * 8, index * 8 + BLOCK));
    const buffer = aligned.find((one) => {
      try {
        return readSync(fd, one, 0, BLOCK, 0) === BLOCK;
      } catch {
        return false;
      }
    });
    assert.ok(buffer !== undefined, 'no aligned buffer');
    for (const start of starts) readSync(fd, buffer, 0, BLOCK, start * 512);
  } finally {
    closeSync(fd);
  }
}

for (const fileSystem of FILE_SYSTEMS) {
  test(`create --filemap packs ${EXTENTS} extents, and counts the file’s I/O and no other on ${fileSystem}`, async (t) => {
    const before = allocatedBytes();
    const packed = await map(t, fileSystem, '--bounds', '10ms');
    const { regions, spans } = await packed.stats.list();
    assert.ok(regions.length < 10, `${regions.length} regions`);
    await assertTrue(packed);
    const plan = JSON.parse(sh(`dmstats create --filemap --dry-run --json --bounds 10ms ${packed.path}`)).rows[0];
    assert.equal(plan.region_count, regions.length);
    assert.equal(plan.kernel_memory_bytes, allocatedBytes() - before, 'what the kernel took is what was said');
    directRead(packed.path, { block: '4k', count: 2 * EXTENTS });
    const { counters, bound } = await groupOf(packed);
    const ios = counters.histogram.reduce((sum, count) => sum + count, 0n);
    assert.deepEqual(
      [counters.reads, counters.readSectors, ios],
      [BigInt(EXTENTS), BigInt(EXTENTS * 8), BigInt(EXTENTS)],
    );
    assert.deepEqual(bound, { reads: 0n, writes: 0n, foreignSectors: 0n });
    const own = sectorsByFilefrag(packed.path);
    const [span] = [...(spans?.values() ?? [])].flat();
    assert.ok(span !== undefined);
    const holes: number[] = [];
    for (
      let sector = Number(span.areas.start);
      sector < span.areas.start + span.areas.length;
      sector += BLOCK_SECTORS
    ) {
      const isFree = Array.from({ length: BLOCK_SECTORS }, (_, index) => !own.has(sector + index)).every(Boolean);
      if (isFree) holes.push(sector);
    }
    assert.ok(holes.length > 100, `${holes.length} holes`);
    readBlocks(packed.node, holes);
    const after = await groupOf(packed);
    assert.equal(after.counters.readSectors, counters.readSectors, 'foreign sectors are not the file’s');
    assert.equal(after.counters.reads, counters.reads, 'each I/O touched one block: they can be told apart');
    assert.equal(after.bound?.reads, 0n);
    assert.equal(after.bound?.foreignSectors, BigInt(holes.length * BLOCK_SECTORS));
  });

  test(`dmfilemapd keeps a packed file’s map true while it grows and shrinks on ${fileSystem}`, async (t) => {
    const packed = await map(t, fileSystem);
    const { group } = await groupOf(packed);
    const daemon = await startDaemon(t, packed.path, group.id, 'inode', ['--max-regions', '64']);
    const isTrue = async (): Promise<boolean> => {
      const [counted, own] = [await countedSectors(packed), sectorsByFilefrag(packed.path)];
      return counted.size === own.size && [...own].every((sector) => counted.has(sector));
    };
    const rest = async (): Promise<void> => {
      try {
        await eventually('the map is true', 60_000, isTrue);
      } catch (error) {
        throw new Error(`${error}\n${daemon.output().slice(-3000)}`);
      }
    };
    directRead(packed.path, { block: '4k', count: 2 * EXTENTS });
    // 100 more extents, then less than there was.
    const fd = openSync(packed.path, 'r+');
    for (let index = 0; index < 100; index++) {
      writeSync(fd, Buffer.alloc(BLOCK, 2), 0, BLOCK, (2 * EXTENTS + 2 * index) * BLOCK);
      fsyncSync(fd);
    }
    closeSync(fd);
    await rest();
    const { counters } = await groupOf(packed);
    assert.equal(counters.readSectors, BigInt(EXTENTS * BLOCK_SECTORS), 'no count is lost by growth');
    truncateSync(packed.path, EXTENTS * BLOCK);
    await rest();
    assert.equal((await groupOf(packed)).counters.readSectors, counters.readSectors, 'nor by truncation');
    directRead(packed.path, { block: '4k', count: EXTENTS });
    assert.equal(
      (await groupOf(packed)).counters.readSectors,
      counters.readSectors + BigInt((EXTENTS / 2) * BLOCK_SECTORS),
    );
    daemon.child.kill('SIGTERM');
    assert.equal(await daemon.ended, 0);
    sh(`dmstats delete --groupid ${(await groupOf(packed)).group.id} ${packed.name}`);
    assert.deepEqual((await packed.stats.list()).regions, []);
  });
}

test('dmstats of lvm2 lists, reports and deletes a packed file’s group; the daemon removes what it cannot see', async (t) => {
  const packed = await map(t, 'ext4', '--alias', 'frag');
  const { group } = await groupOf(packed);
  const daemon = await startDaemon(t, packed.path, group.id, 'inode');
  const list = sh(`/sbin/dmstats list ${packed.name} 2>&1`);
  assert.doesNotMatch(list, /packed/);
  assert.match(list, /^frag\s+0\s+0 region/m);
  assert.match(sh(`/sbin/dmstats report --group ${packed.name} 2>&1`), /^frag\s+0\s+0 group/m);
  assert.match(sh(`/sbin/dmstats list --allprograms ${packed.name} 2>&1`), new RegExp(PACKED_PROGRAM));
  assert.equal(groupTagForm(), group.tagForm);
  sh(`/sbin/dmstats delete --groupid ${group.id} ${packed.name}`);
  assert.equal(await daemon.ended, 0);
  assert.deepEqual((await packed.stats.list()).regions, []);
});

test('create --filemap --max-regions refuses what cannot be kept, in one line, and makes nothing', async (t) => {
  const volume = await mountVolume(t, 'ext4');
  const path = `${volume.folder}/data`;
  makeFragments(path, EXTENTS);
  assert.throws(() => sh(`dmstats create --filemap --nomonitor --max-regions 2 ${path}`), /need 3 at least\n$/);
  assert.deepEqual((await volume.stats.list()).regions, []);
});
