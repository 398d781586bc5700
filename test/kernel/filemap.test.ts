import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { truncateSync, writeFileSync } from 'node:fs';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { createFilemap } from '../../src/filemap/filemap.ts';
import { openFile } from '../../src/filemap/open-file.ts';
import { isAnchor } from '../../src/filemap/plan.ts';
import { updateFilemap } from '../../src/filemap/update.ts';
import { UsageError } from '../../src/mapper/errors.ts';
import { nanoseconds, sectors } from '../../src/mapper/units.ts';
import { groupTagForm } from '../../src/stats/tag-form.ts';
import {
  attempt,
  cleanUp,
  countsOfGroup,
  directRead,
  directWrite,
  FILE_SYSTEMS,
  makeVolume,
  mountVolume,
  sectorsByFilefrag,
  sectorsByRegions,
  sh,
  type Volume,
} from './support.ts';

const programId = 'dmstats';

async function assertCovered(volume: Volume, groupId: number, path: string): Promise<void> {
  const [regions, extents] = [await sectorsByRegions(volume, groupId), sectorsByFilefrag(path)];
  assert.ok(extents.size > 0, 'filefrag found no extents');
  assert.deepEqual(regions, extents);
}

for (const fileSystem of FILE_SYSTEMS) {
  test(`createFilemap() maps exactly the file's sectors and counts its I/O on ${fileSystem}`, async (t) => {
    const volume = await mountVolume(t, fileSystem);
    const path = `${volume.folder}/data`;
    directWrite(path, { count: 32 });
    directWrite(`${volume.folder}/other`, { count: 32 });
    using file = openFile(path);
    const { groupId = -1 } = await createFilemap(volume.dm, file, { programId, alias: 'data' });
    await assertCovered(volume, groupId, path);
    directRead(path, { count: 32 });
    directRead(`${volume.folder}/other`, { count: 32 });
    const counts = await countsOfGroup(volume.stats, groupId);
    assert.equal(counts.readSectors, 32n * 128n);
    assert.equal(counts.writeSectors, 0n);
  });

  test(`updateFilemap() keeps every count through growth, truncation and regrowth on ${fileSystem}`, async (t) => {
    const volume = await mountVolume(t, fileSystem);
    const path = `${volume.folder}/data`;
    directWrite(path, { count: 32 });
    using file = openFile(path);
    const { groupId = -1 } = await createFilemap(volume.dm, file, { programId, alias: 'data' });
    directRead(path, { count: 32 });
    directWrite(path, { count: 32, seek: 32 });
    await updateFilemap(volume.dm, file, { groupId });
    await assertCovered(volume, groupId, path);
    assert.equal((await countsOfGroup(volume.stats, groupId)).readSectors, 32n * 128n);
    truncateSync(path, 40 * 65536);
    const shrunk = await updateFilemap(volume.dm, file, { groupId });
    await assertCovered(volume, shrunk.groupId, path);
    assert.equal((await countsOfGroup(volume.stats, shrunk.groupId)).readSectors, 32n * 128n);
    assert.deepEqual(shrunk.error, { sectors: 0n, ios: 0n });
    truncateSync(path, 0);
    const empty = await updateFilemap(volume.dm, file, { groupId: shrunk.groupId });
    assert.equal((await sectorsByRegions(volume, empty.groupId)).size, 0);
    const { regions } = await volume.stats.list();
    assert.deepEqual(regions.map(isAnchor), [true]);
    assert.equal((await countsOfGroup(volume.stats, empty.groupId)).readSectors, 32n * 128n);
    directWrite(path, { count: 8 });
    const regrown = await updateFilemap(volume.dm, file, { groupId: empty.groupId });
    await assertCovered(volume, regrown.groupId, path);
    directRead(path, { count: 8 });
    assert.equal((await countsOfGroup(volume.stats, regrown.groupId)).readSectors, 40n * 128n);
  });

  test(`updateFilemap() survives a change of the leader's extent in a group other than 0 on ${fileSystem}`, async (t) => {
    const volume = await mountVolume(t, fileSystem);
    directWrite(`${volume.folder}/first`, { count: 4 });
    const path = `${volume.folder}/second`;
    directWrite(path, { count: 4 });
    using first = openFile(`${volume.folder}/first`);
    await createFilemap(volume.dm, first, { programId, alias: 'first' });
    using file = openFile(path);
    const { groupId = -1 } = await createFilemap(volume.dm, file, { programId, alias: 'second' });
    assert.notEqual(groupId, 0);
    directRead(path, { count: 4 });
    // The leader's extent shrinks: its region must go.
    truncateSync(path, 65536);
    const { groupId: now } = await updateFilemap(volume.dm, file, { groupId });
    await assertCovered(volume, now, path);
    const { groups, problems } = await volume.stats.list();
    assert.deepEqual(problems, []);
    assert.deepEqual(groups.map(({ alias }) => alias).sort(), ['first', 'second']);
    assert.equal((await countsOfGroup(volume.stats, now)).readSectors, 4n * 128n);
  });

  test(`updateFilemap() gives all regions the same bounds after two leader changes on ${fileSystem}`, async (t) => {
    const volume = await mountVolume(t, fileSystem);
    const path = `${volume.folder}/data`;
    directWrite(path, { count: 8 });
    using file = openFile(path);
    const bounds = [nanoseconds(10_000_000), nanoseconds(20_000_000)];
    let { groupId = -1 } = await createFilemap(volume.dm, file, { programId, alias: 'data', bounds });
    directRead(path, { count: 8 });
    for (const kib of [256, 128]) {
      truncateSync(path, kib * 1024);
      ({ groupId } = await updateFilemap(volume.dm, file, { groupId }));
      directWrite(path, { count: 2, seek: 200 });
      ({ groupId } = await updateFilemap(volume.dm, file, { groupId }));
      for (const region of (await volume.stats.list()).regions) {
        assert.deepEqual(region.bounds, bounds);
        assert.equal(region.precise, false);
      }
    }
    const { reads, histogram } = await countsOfGroup(volume.stats, groupId);
    assert.ok(reads >= 8n);
    assert.equal(
      histogram.reduce((sum, count) => sum + count, 0n),
      reads,
    );
  });

  test(`updateFilemap() follows a sparse file that is filled at its head on ${fileSystem}`, async (t) => {
    const volume = await mountVolume(t, fileSystem);
    const path = `${volume.folder}/sparse`;
    directWrite(path, { count: 4, seek: 100 });
    using file = openFile(path);
    const { groupId = -1 } = await createFilemap(volume.dm, file, { programId, alias: 'sparse' });
    directWrite(path, { count: 4 });
    const updated = await updateFilemap(volume.dm, file, { groupId });
    assert.equal(updated.groupId, groupId);
    await assertCovered(volume, groupId, path);
  });

  test(`createFilemap() maps no sector for data without blocks, and the data after a sync on ${fileSystem}`, async (t) => {
    const volume = await mountVolume(t, fileSystem);
    const path = `${volume.folder}/delayed`;
    writeFileSync(path, Buffer.alloc(4 << 20, 1));
    using file = openFile(path);
    const unsynced = await createFilemap(volume.dm, file, { programId, alias: 'delayed', sync: false });
    const covered = await sectorsByRegions(volume, unsynced.groupId ?? -1);
    assert.ok(covered.size <= (4 << 20) / 512 + 4096, `${covered.size} sectors: the whole device was mapped`);
    const { groupId } = await updateFilemap(volume.dm, file, { groupId: unsynced.groupId ?? -1, sync: true });
    await assertCovered(volume, groupId, path);
  });
}

test('createFilemap() is not disturbed by 70 regions of other programs', async (t) => {
  const volume = await mountVolume(t, 'ext4');
  for (let index = 0; index < 70; index++) {
    const range = { start: sectors(index * 8), length: sectors(8) };
    await volume.stats.createRegion({ range, programId: 'other program' });
  }
  const path = `${volume.folder}/data`;
  directWrite(path, { count: 4 });
  using file = openFile(path);
  const { groupId } = await createFilemap(volume.dm, file, { programId, alias: 'data' });
  assert.equal(groupId, 70);
  await assertCovered(volume, 70, path);
});

test('updateFilemap() keeps the group when a new region gets an id below the leader', async (t) => {
  const volume = await mountVolume(t, 'ext4');
  const others: number[] = [];
  for (let index = 0; index < 5; index++) others.push(await volume.stats.createRegion({ programId: 'other' }));
  const path = `${volume.folder}/data`;
  directWrite(path, { count: 4 });
  using file = openFile(path);
  const { groupId = -1 } = await createFilemap(volume.dm, file, { programId, alias: 'data' });
  assert.equal(groupId, 5);
  for (const id of others) await volume.stats.deleteRegion(id);
  directWrite(path, { count: 4, seek: 64 });
  const updated = await updateFilemap(volume.dm, file, { groupId });
  assert.equal(updated.groupId, 0, 'the lowest member leads, or lvm2 could not read the group');
  await assertCovered(volume, 0, path);
  const { regions, groups, problems } = await volume.stats.list();
  assert.deepEqual(problems, []);
  assert.deepEqual(
    groups.map(({ id, alias }) => [id, alias]),
    [[0, 'data']],
  );
  assert.equal(regions.find(({ id }) => id === 5)?.aux, '', 'the old leader bears no tag');
});

test('update_filemap has a file counted with other bounds and precision, and loses no count', async (t) => {
  const volume = await mountVolume(t, 'ext4');
  const path = `${volume.folder}/data`;
  directWrite(path, { count: 16 });
  sh(`dmstats create --filemap --nomonitor --bounds 10s '${path}'`);
  directRead(path, { count: 16 });
  const told = sh(`dmstats update_filemap --nomonitor --groupid 0 --precise --bounds 1us,10s '${path}'`);
  const groupId = Number(/Updated group ID (\d+) with/.exec(told)?.[1]);
  await assertCovered(volume, groupId, path);
  const sectors = BigInt((16 * 65536) / 512);
  assert.equal((await countsOfGroup(volume.stats, groupId)).readSectors, sectors);
  directRead(path, { count: 16 });
  const { readSectors, histogram } = await countsOfGroup(volume.stats, groupId);
  assert.equal(readSectors, 2n * sectors);
  // Nothing takes less than a microsecond, nor ten seconds: all that was read since is in the middle.
  assert.deepEqual(histogram, [0n, 16n, 0n]);
  const list = sh(`/sbin/dmsetup message ${volume.name} 0 @stats_list`).trim().split('\n');
  for (const line of list) assert.match(line, / precise_timestamps histogram:1000,10000000000$/);
  assert.equal(list.length, (await volume.stats.list()).groups[0]?.members.length);
});

test('updateFilemap() mends a group of which another program deleted a region', async (t) => {
  const volume = await mountVolume(t, 'ext4');
  const path = `${volume.folder}/data`;
  directWrite(path, { count: 4 });
  directWrite(path, { count: 4, seek: 100 });
  sh(`fallocate -p -o 65536 -l 65536 ${path}`);
  using file = openFile(path);
  const { groupId = -1, regionIds } = await createFilemap(volume.dm, file, { programId, alias: 'data' });
  assert.ok(regionIds.length >= 2);
  await volume.stats.deleteRegion(regionIds.at(-1) as number);
  assert.equal((await volume.stats.list()).groups[0]?.missing.length, 1);
  await updateFilemap(volume.dm, file, { groupId });
  await assertCovered(volume, groupId, path);
  assert.deepEqual((await volume.stats.list()).groups[0]?.missing, []);
});

test('groups with awkward names are read by the C dmstats and its own by us', async (t) => {
  const volume = await mountVolume(t, 'ext4');
  sh(`mkdir -p /dev/mapper; [ -e /dev/mapper/${volume.name} ] || ln -s ${volume.node} /dev/mapper/${volume.name}`);
  cleanUp(t, () => sh(`rm -f /dev/mapper/${volume.name}`));
  const names = ['plain.img', 'with:colon', 'with#hash', 'with "quotes"', 'a b  c', 'à.img', 'back\\slash', '-', ':0#'];
  for (const [index, name] of names.entries()) {
    const path = `${volume.folder}/f${index}`;
    directWrite(path, { count: 1 });
    using file = openFile(path);
    await createFilemap(volume.dm, file, { programId, alias: name, tagForm: groupTagForm() });
  }
  const { groups, problems } = await volume.stats.list();
  assert.deepEqual(problems, []);
  assert.deepEqual(
    groups.map(({ alias }) => alias),
    names,
  );
  // The C tool loses an alias with a colon or a hash (its own too), so it is asked about the others.
  const seen = sh(`/sbin/dmstats list --group -o stats_name --noheadings ${volume.name} 2>/dev/null`).split('\n');
  assert.ok(seen.includes('plain.img'), seen.join('|'));
  const path = `${volume.folder}/by-c`;
  directWrite(path, { count: 1 });
  sh(`/sbin/dmstats create --nomonitor --filemap ${path}`);
  const byC = (await volume.stats.list()).groups.find(({ alias }) => alias === 'by-c');
  assert.ok(byC !== undefined);
  directWrite(path, { count: 1, seek: 5 });
  using file = openFile(path);
  await updateFilemap(volume.dm, file, { groupId: byC.id });
  await assertCovered(volume, byC.id, path);
  const after = sh(`/sbin/dmstats list --group -o stats_name --noheadings ${volume.name} 2>/dev/null`).split('\n');
  assert.ok(after.includes('by-c'), after.join('|'));
});

test('createFilemap() refuses what cannot be mapped, says why and leaves nothing behind', async (t) => {
  const volume = await mountVolume(t, 'ext4');
  const refuse = async (path: string, reason: RegExp): Promise<void> => {
    using file = openFile(path);
    await assert.rejects(createFilemap(volume.dm, file, { programId }), (error) => {
      assert.ok(error instanceof UsageError);
      assert.match(error.message, reason);
      return true;
    });
  };
  await refuse(volume.folder, /not a regular file/);
  writeFileSync('/tmp/on-tmpfs', 'x');
  await refuse('/tmp/on-tmpfs', /not a device-mapper device/);
  sh(`cd ${volume.folder} && mkdir lower upper work merged && echo x > lower/file`);
  sh(`cd ${volume.folder} && mount -t overlay overlay -o lowerdir=lower,upperdir=upper,workdir=work merged`);
  cleanUp(t, () => sh(`umount ${volume.folder}/merged`));
  await refuse(`${volume.folder}/merged/file`, /lies on an overlay; which device has its data cannot be told/);
  assert.deepEqual((await volume.stats.list()).regions, []);
});

test('createFilemap() refuses a file whose data is inside the inode', async (t) => {
  const volume = await makeVolume(t);
  sh(`mkfs.ext4 -q -F -O inline_data ${volume.node} && mkdir -p /tmp/inline && mount ${volume.node} /tmp/inline`);
  cleanUp(t, () => sh('umount /tmp/inline'));
  writeFileSync('/tmp/inline/tiny', 'hello\n');
  sh('sync');
  using file = openFile('/tmp/inline/tiny');
  await assert.rejects(createFilemap(volume.dm, file, { programId }), /inside the inode/);
  assert.deepEqual((await volume.stats.list()).regions, []);
});

test('createFilemap() refuses a file on the realtime device of XFS, and maps one that is not', async (t) => {
  const data = await makeVolume(t);
  const realtime = await makeVolume(t);
  sh(`mkfs.xfs -q -f -r rtdev=${realtime.node} ${data.node}`);
  sh(`mkdir -p /tmp/rt && mount -t xfs -o rtdev=${realtime.node} ${data.node} /tmp/rt`);
  cleanUp(t, () => sh('umount /tmp/rt'));
  sh("xfs_io -f -c 'chattr +r' /tmp/rt/realtime");
  for (const name of ['realtime', 'plain']) directWrite(`/tmp/rt/${name}`);
  using file = openFile('/tmp/rt/realtime');
  await assert.rejects(createFilemap(data.dm, file, { programId }), /realtime device of its XFS file system/);
  assert.deepEqual((await data.stats.list()).regions, []);
  using plain = openFile('/tmp/rt/plain');
  assert.equal((await createFilemap(data.dm, plain, { programId })).regionIds.length, 1);
});

test('createFilemap() refuses a file on btrfs', async (t) => {
  if (attempt('modprobe btrfs && command -v mkfs.btrfs').status !== 0) return t.skip('no btrfs in this lab');
  const volume = await makeVolume(t);
  execFileSync('mkfs.btrfs', ['-q', '-f', volume.node]);
  sh(`mkdir -p /tmp/btrfs && mount ${volume.node} /tmp/btrfs`);
  cleanUp(t, () => sh('umount /tmp/btrfs'));
  writeFileSync('/tmp/btrfs/file', 'x');
  using file = openFile('/tmp/btrfs/file');
  await assert.rejects(createFilemap(volume.dm, file, { programId }), /btrfs does not provide physical FIEMAP/);
});

test('an interrupted createFilemap() deletes what it made', async (t) => {
  const volume = await mountVolume(t, 'ext4');
  const path = `${volume.folder}/data`;
  for (let index = 0; index < 10; index++) directWrite(path, { block: '4k', count: 1, seek: index * 2 });
  using file = openFile(path);
  const abort = new AbortController();
  const creating = createFilemap(volume.dm, file, { programId, alias: 'data', signal: abort.signal });
  setImmediate(() => abort.abort());
  await assert.rejects(creating, { name: 'AbortError' });
  assert.deepEqual((await volume.stats.list()).regions, []);
});

test('examples/count-a-file shows the I/O of a file and leaves nothing behind', async (t) => {
  const volume = await mountVolume(t, 'ext4');
  const path = `${volume.folder}/data`;
  directWrite(path);
  const script = fileURLToPath(new URL('../../examples/count-a-file.js', import.meta.url));
  const reading = setInterval(() => directRead(path), 200);
  const output = await promisify(execFile)(process.execPath, [script, path, '3']);
  clearInterval(reading);
  const rates = [...output.stdout.matchAll(/^([\d.]+) reads\/s/gm)].map((match) => Number(match[1]));
  assert.equal(rates.length, 3);
  assert.ok(Math.max(...rates) >= 16, output.stdout);
  assert.deepEqual((await volume.stats.list()).regions, []);
});
