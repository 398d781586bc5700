import assert from 'node:assert/strict';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { createFilemap, type FilemapOptions } from '../../src/filemap/filemap.ts';
import { openFile } from '../../src/filemap/open-file.ts';
import { updateFilemap } from '../../src/filemap/update.ts';
import { UsageError } from '../../src/mapper/errors.ts';
import { sectors } from '../../src/mapper/units.ts';
import { DeviceStats } from '../../src/stats/device-stats.ts';
import {
  attempt,
  cleanUp,
  countsOfGroup,
  directRead,
  directWrite,
  eventually,
  makeVolume,
  mountVolume,
  sectorsByFilefrag,
  sectorsByRegions,
  sh,
  startDaemon,
  type Volume,
} from './support.ts';

sh('modprobe loop');
const options: FilemapOptions = { programId: 'dmstats', alias: 'data' };
const BLOCK = 128n;
let nextName = 0;

/** A device with a table over others; removed after the test. */
async function makeDevice(t: TestContext, { dm }: Volume, size: number, type: string, params: string): Promise<Volume> {
  const name = `stack${nextName++}`;
  await dm.create(name);
  cleanUp(t, () => dm.remove({ name }));
  await dm.load({ name }, [{ start: sectors(0), length: sectors(size), type, params }]);
  const { number } = await dm.resume({ name });
  return { name, node: `/dev/dm-${number.minor}`, sectors: size, stats: new DeviceStats(dm, { name }), dm };
}

const numberOf = async ({ dm, name }: Volume) => (await dm.info({ name })).number;

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'stack-'));
  cleanUp(t, () => rmSync(folder, { recursive: true }));
  return folder;
}

/** Makes a file system on a block device; mounted until the test's end. */
function mountOn(t: TestContext, node: string): string {
  const folder = folderOf(t);
  sh(`mkfs.ext4 -q -F -N 128 -O ^has_journal -E lazy_itable_init=0 ${node} && mount ${node} ${folder}`);
  cleanUp(t, () => sh(`umount ${folder}`));
  return folder;
}

const moved = (set: Iterable<number>, offset: number): Set<number> => new Set([...set].map((one) => one + offset));
const inOrder = (set: Iterable<number>): number[] => [...set].sort((a, b) => a - b);

async function assertSectors(volume: Volume, groupId: number, expected: Iterable<number>): Promise<void> {
  const found = inOrder(await sectorsByRegions(volume, groupId));
  assert.ok(found.length > 0);
  assert.deepEqual(found, inOrder(expected));
}

async function refusalOf(action: () => Promise<unknown>): Promise<string> {
  try {
    await action();
  } catch (error) {
    assert.ok(error instanceof UsageError, String(error));
    return error.message;
  }
  return 'not refused';
}

test('createFilemap() counts a file on the level asked for in a stack of linear devices, and updateFilemap() there', async (t) => {
  const bottom = await makeVolume(t, 128);
  const middle = await makeDevice(t, bottom, 200_000, 'linear', `${bottom.node} 10000`);
  // As kpartx makes partitions.
  const top = await makeDevice(t, bottom, 180_000, 'linear', `${middle.node} 2048`);
  const other = await makeVolume(t, 16);
  const path = `${mountOn(t, top.node)}/data`;
  directWrite(path, { count: 32 });
  using file = openFile(path);
  const level = await numberOf(bottom);
  const { groupId = -1, device } = await createFilemap(bottom.dm, file, { ...options, level });
  assert.deepEqual(device, level);
  await assertSectors(bottom, groupId, moved(sectorsByFilefrag(path), 12_048));
  directRead(path, { count: 32 });
  directWrite(path, { count: 8, seek: 32 });
  await updateFilemap(bottom.dm, file, { groupId, level });
  await assertSectors(bottom, groupId, moved(sectorsByFilefrag(path), 12_048));
  directWrite(path, { count: 40 });
  const { readSectors, writeSectors } = await countsOfGroup(bottom.stats, groupId);
  assert.deepEqual([readSectors, writeSectors], [32n * BLOCK, 40n * BLOCK]);

  const onTop = await createFilemap(bottom.dm, file, options);
  await assertSectors(top, onTop.groupId ?? -1, sectorsByFilefrag(path));
  const elsewhere = await numberOf(other);
  const refusal = await refusalOf(() => createFilemap(bottom.dm, file, { ...options, level: elsewhere }));
  for (const { name } of [top, middle, bottom, other]) assert.ok(refusal.includes(name), refusal);
  assert.match(refusal, /does not lie there/);
});

test('createFilemap() counts a file below dm-crypt', async (t) => {
  const bottom = await makeVolume(t, 96);
  const params = `aes-xts-plain64 ${'5a'.repeat(32)} 0 ${bottom.node} 4096`;
  const top = await makeDevice(t, bottom, 160_000, 'crypt', params);
  const path = `${mountOn(t, top.node)}/data`;
  directWrite(path, { count: 16 });
  using file = openFile(path);
  const { groupId = -1 } = await createFilemap(bottom.dm, file, { ...options, level: await numberOf(bottom) });
  await assertSectors(bottom, groupId, moved(sectorsByFilefrag(path), 4096));
  directWrite(path, { count: 16 });
  directRead(path, { count: 16 });
  const { readSectors, writeSectors } = await countsOfGroup(bottom.stats, groupId);
  assert.deepEqual([readSectors, writeSectors], [16n * BLOCK, 16n * BLOCK]);
});

test('createFilemap() counts the part of a striped file that is on the level asked for, and says so', async (t) => {
  const left = await makeVolume(t, 64);
  const right = await makeVolume(t, 64);
  const top = await makeDevice(t, left, 2 * 65_536, 'striped', `2 64 ${left.node} 0 ${right.node} 64`);
  const path = `${mountOn(t, top.node)}/data`;
  directWrite(path, { count: 32 });
  const expected = new Set<number>();
  for (const sector of sectorsByFilefrag(path)) {
    // 64 sectors to the left, 64 to the right, and so on.
    if (Math.floor(sector / 64) % 2 === 1) expected.add(Math.floor(sector / 128) * 64 + (sector % 64) + 64);
  }
  using file = openFile(path);
  const map = await createFilemap(left.dm, file, { ...options, level: await numberOf(right) });
  const { groupId = -1, notes } = map;
  await assertSectors(right, groupId, expected);
  const elsewhere = sectorsByFilefrag(path).size - expected.size;
  assert.deepEqual(notes, [`${elsewhere} sectors not mapped: they are not on ${right.name} but on other devices`]);
  directRead(path, { count: 32 });
  assert.equal((await countsOfGroup(right.stats, groupId)).readSectors, BigInt(expected.size));
});

test('createFilemap() counts a file on a thin device there, and refuses the levels below with the reason', async (t) => {
  const data = await makeVolume(t, 64);
  const meta = await makeVolume(t, 8);
  sh(`dd if=/dev/zero of=${meta.node} bs=4k count=1 oflag=direct 2>&1`);
  const pool = await makeDevice(t, data, 131_072, 'thin-pool', `${meta.node} ${data.node} 128 0`);
  await data.dm.message({ name: pool.name }, 'create_thin 0', { sector: sectors(0) });
  const thin = await makeDevice(t, data, 100_000, 'thin', `${pool.node} 0`);
  const path = `${mountOn(t, thin.node)}/data`;
  directWrite(path, { count: 8 });
  using file = openFile(path);
  for (const below of [pool, data]) {
    const level = await numberOf(below);
    const refusal = await refusalOf(() => createFilemap(data.dm, file, { ...options, level }));
    assert.match(refusal, /a thin device: only its pool's metadata says where its blocks are; map it on stack\d+$/);
    assert.ok(refusal.includes(thin.name) && refusal.includes(below.name), refusal);
  }
  const { groupId = -1 } = await createFilemap(data.dm, file, options);
  await assertSectors(thin, groupId, sectorsByFilefrag(path));
});

/** A file system on a loop device, at a place in an image on a volume. */
async function mountLoop(t: TestContext, offset: number, how = '--direct-io=on') {
  const volume = await mountVolume(t, 'ext4', 128);
  const image = `${volume.folder}/image`;
  sh(`truncate -s 64M ${image}`);
  // Extents that are not in the order of the image.
  for (const seek of [500, 200, 501, 40, 201]) directWrite(image, { block: '64k', count: 1, seek });
  const node = sh(`losetup -f --show ${how} -o ${offset} ${image}`).trim();
  cleanUp(t, () => sh(`losetup -d ${node}`));
  return { volume, image, node, folder: mountOn(t, node) };
}

/** Where each sector of a file is, by its place in the file and `filefrag`. */
function placesByFilefrag(path: string): Map<number, number> {
  const places = new Map<number, number>();
  for (const line of sh(`filefrag -b512 -v '${path}'`).split('\n')) {
    const match = /^\s*\d+:\s+(\d+)\.\.\s*(\d+):\s+(\d+)\.\./.exec(line);
    if (match === null) continue;
    const [first = 0, last = 0, place = 0] = match.slice(1).map(Number);
    for (let sector = first; sector <= last; sector++) places.set(sector, place + sector - first);
  }
  return places;
}

function throughImage(path: string, image: string, offset: number): Set<number> {
  const places = placesByFilefrag(image);
  const found = [...sectorsByFilefrag(path)].map((sector) => places.get(sector + offset / 512));
  return new Set(found.filter((place) => place !== undefined));
}

test('createFilemap() counts a file on a loop device where its image lies, and updateFilemap() blocks that the image gets', async (t) => {
  const offset = 1_048_576;
  const { volume, image, folder } = await mountLoop(t, offset);
  const path = `${folder}/data`;
  directWrite(path, { count: 32 });
  using file = openFile(path);
  const { groupId = -1, device, notes } = await createFilemap(volume.dm, file, options);
  assert.deepEqual([device, notes], [await numberOf(volume), []]);
  assert.deepEqual(file.located?.files, [image]);
  assert.equal(throughImage(path, image, offset).size, 32 * 128);
  await assertSectors(volume, groupId, throughImage(path, image, offset));
  directRead(path, { count: 32 });
  directWrite(path, { count: 32 });
  directRead(image, { count: 32 });
  const { readSectors, writeSectors } = await countsOfGroup(volume.stats, groupId);
  const headOfImage = new Set([...placesByFilefrag(image)].flatMap(([at, place]) => (at < 32 * 128 ? [place] : [])));
  const both = [...throughImage(path, image, offset)].filter((sector) => headOfImage.has(sector)).length;
  assert.deepEqual([readSectors, writeSectors], [32n * BLOCK + BigInt(both), 32n * BLOCK]);

  const sparse = `${folder}/sparse`;
  sh(`fallocate -l 4M ${sparse} && sync`);
  using holes = openFile(sparse);
  const nothing = await createFilemap(volume.dm, holes, { ...options, alias: 'sparse' });
  assert.match(
    nothing.notes.join(),
    /^\d+ sectors not mapped yet: they have no blocks in \/tmp\/.*\/image, the file behind/,
  );
  directWrite(sparse, { count: 16 });
  const { groupId: now } = await updateFilemap(volume.dm, holes, { groupId: nothing.groupId ?? -1 });
  assert.ok(throughImage(sparse, image, offset).size >= 16 * 128);
  await assertSectors(volume, now, throughImage(sparse, image, offset));
  directRead(sparse, { count: 16 });
  assert.equal((await countsOfGroup(volume.stats, now)).readSectors, 16n * BLOCK);
});

/** A DOS partition table. */
function writePartitions(image: string, partitions: readonly (readonly [start: number, length: number])[]): void {
  const sector = Buffer.alloc(512);
  for (const [index, [start, length]] of partitions.entries()) {
    const at = 446 + 16 * index;
    sector.writeUInt8(0x83, at + 4);
    sector.writeUInt32LE(start, at + 8);
    sector.writeUInt32LE(length, at + 12);
  }
  sector.writeUInt16LE(0xaa55, 510);
  const fd = openSync(image, 'r+');
  writeSync(fd, sector);
  closeSync(fd);
}

test('createFilemap() counts a file on a partition of a loop device, below a device of device-mapper on it', async (t) => {
  const volume = await mountVolume(t, 'ext4', 128);
  const image = `${volume.folder}/image`;
  sh(`truncate -s 64M ${image}`);
  writePartitions(image, [
    [4096, 65_536],
    [81_920, 49_152],
  ]);
  const node = sh(`losetup -f --show -P --direct-io=on ${image}`).trim();
  cleanUp(t, () => sh(`losetup -d ${node}`));
  const top = await makeDevice(t, volume, 48_000, 'linear', `${node}p2 64`);
  const path = `${mountOn(t, top.node)}/data`;
  directWrite(path, { count: 16 });
  using file = openFile(path);
  const onTop = await createFilemap(volume.dm, file, options);
  assert.deepEqual(onTop.device, await numberOf(top));
  const { groupId = -1 } = await createFilemap(volume.dm, file, { ...options, level: await numberOf(volume) });
  const places = placesByFilefrag(image);
  const expected = [...sectorsByFilefrag(path)].map((sector) => places.get(sector + 64 + 81_920) ?? -1);
  await assertSectors(volume, groupId, expected);
  directRead(path, { count: 16 });
  assert.equal((await countsOfGroup(volume.stats, groupId)).readSectors, 16n * BLOCK);

  const plain = mountOn(t, '/dev/vdb');
  directWrite(`${plain}/data`, { count: 1 });
  using elsewhere = openFile(`${plain}/data`);
  assert.match(
    await refusalOf(() => createFilemap(volume.dm, elsewhere, options)),
    /^Cannot map file: not a device-mapper device \(its file system is on vdb, \d+:\d+\)/,
  );
});

/** With these a renamed file of a lower layer keeps its data there, under its old name. */
const RENAMES = ',metacopy=on,redirect_dir=on';

/** An overlay of a lower folder on one volume and an upper one on another, or on the same. */
async function mountOverlay(t: TestContext, { together = false, how = '' } = {}) {
  const lower = await mountVolume(t, 'ext4', 96);
  const upper = together ? lower : await mountVolume(t, 'ext4', 96);
  // Names that must be escaped in options and in the table of mounts.
  const low = `${lower.folder}/lo\\w:er r`;
  for (const folder of [low, `${upper.folder}/upper`, `${upper.folder}/work`]) mkdirSync(folder);
  const folder = folderOf(t);
  const mount = (): void => {
    const layers = `lowerdir=${low.replace(/[\\:]/g, '\\$&')},upperdir=${upper.folder}/upper,workdir=${upper.folder}/work`;
    sh(`mount -t overlay overlay -o '${layers}${how}' ${folder}`);
    cleanUp(t, () => sh(`umount ${folder}`));
  };
  return { lower, upper, low, folder, mount };
}

test('createFilemap() counts a file of an overlay in the layer that holds its data', async (t) => {
  const { lower, upper, low, folder, mount } = await mountOverlay(t, { how: RENAMES });
  for (const name of ['data', 'old']) directWrite(`${low}/${name}`, { count: 16 });
  mount();
  directWrite(`${folder}/new`, { count: 16 });
  sh(`mv ${folder}/old ${folder}/moved`);
  for (const [name, volume, real] of [
    ['data', lower, `${low}/data`],
    ['new', upper, `${upper.folder}/upper/new`],
  ] as const) {
    using file = openFile(`${folder}/${name}`);
    const { groupId = -1 } = await createFilemap(volume.dm, file, { ...options, alias: name });
    assert.deepEqual(file.located, { device: await numberOf(volume), files: [real] });
    await assertSectors(volume, groupId, sectorsByFilefrag(real));
    directRead(`${folder}/${name}`, { count: 16 });
    assert.equal((await countsOfGroup(volume.stats, groupId)).readSectors, 16n * BLOCK);
  }
  using moved = openFile(`${folder}/moved`);
  const refusal = await refusalOf(() => createFilemap(lower.dm, moved, options));
  assert.match(
    refusal,
    /on an overlay; which device has its data cannot be told, because .* on several devices and none has/,
  );
});

test('updateFilemap() goes to the upper file after a copy-up on one device, with what was counted', async (t) => {
  const { lower, upper, low, folder, mount } = await mountOverlay(t, { together: true, how: RENAMES });
  for (const name of ['data', 'old']) directWrite(`${low}/${name}`, { count: 16 });
  mount();
  using file = openFile(`${folder}/data`);
  const { groupId = -1 } = await createFilemap(lower.dm, file, options);
  directRead(`${folder}/data`, { count: 16 });
  directWrite(`${folder}/data`, { count: 1, seek: 16 });
  const { groupId: now } = await updateFilemap(lower.dm, file, { groupId });
  assert.deepEqual(file.located?.files, [`${upper.folder}/upper/data`]);
  await assertSectors(lower, now, sectorsByFilefrag(`${upper.folder}/upper/data`));
  const before = await countsOfGroup(lower.stats, now);
  directRead(`${folder}/data`, { count: 17 });
  directRead(`${low}/data`, { count: 16 });
  const { readSectors } = await countsOfGroup(lower.stats, now);
  assert.equal(readSectors - before.readSectors, 17n * BLOCK);
  assert.ok(before.readSectors >= 16n * BLOCK);

  sh(`mv ${folder}/old ${folder}/moved`);
  using renamed = openFile(`${folder}/moved`);
  const map = await createFilemap(lower.dm, renamed, { ...options, alias: 'moved' });
  await assertSectors(lower, map.groupId ?? -1, sectorsByFilefrag(`${low}/old`));
});

test('dmfilemapd follows a file of an overlay to the upper device, with its group and counts', async (t) => {
  const { lower, upper, low, folder, mount } = await mountOverlay(t);
  const path = `${folder}/data`;
  directWrite(`${low}/data`, { count: 16 });
  mount();
  const { stdout } = attempt(`dmstats create --filemap --nomonitor -v ${path}`);
  assert.ok(stdout.includes(`Its data is in ${low}/data, on ${lower.name}.`), stdout);
  directRead(path, { count: 16 });
  const daemon = await startDaemon(t, path, 0, 'inode');
  directWrite(path, { count: 4, seek: 16 });
  const real = `${upper.folder}/upper/data`;
  await eventually(`the group is on the upper device: ${daemon.output()}`, 10_000, async () => {
    const groups = (await upper.stats.list()).groups;
    return (
      groups.length === 1 && (await sectorsByRegions(upper, groups[0]?.id ?? -1)).size === sectorsByFilefrag(real).size
    );
  });
  const [group] = (await upper.stats.list()).groups;
  assert.equal(group?.alias, 'data');
  await assertSectors(upper, group?.id ?? -1, sectorsByFilefrag(real));
  assert.deepEqual((await lower.stats.list()).groups, []);
  const before = await countsOfGroup(upper.stats, group?.id ?? -1);
  assert.ok(before.readSectors >= 16n * BLOCK, 'what was counted on the lower device came along');
  directRead(path, { count: 20 });
  const after = await countsOfGroup(upper.stats, group?.id ?? -1);
  assert.equal(after.readSectors - before.readSectors, 20n * BLOCK);
});

test('dmfilemapd follows a file on a loop device to the level asked for, below the device of its image', async (t) => {
  const bottom = await makeVolume(t, 96);
  const top = await makeDevice(t, bottom, 160_000, 'linear', `${bottom.node} 8000`);
  const image = `${mountOn(t, top.node)}/image`;
  sh(`truncate -s 32M ${image}`);
  const node = sh(`losetup -f --show --direct-io=on ${image}`).trim();
  cleanUp(t, () => sh(`losetup -d ${node}`));
  const path = `${mountOn(t, node)}/data`;
  directWrite(path, { count: 8 });
  cleanUp(t, () => eventually('the daemon ends', 20_000, () => attempt('pgrep -r S,R,D -x dmfilemapd').status === 1));
  const { status, stderr } = attempt(`dmstats create --filemap --level ${bottom.name} ${path}`);
  assert.equal(status, 0, stderr);
  const groupOf = async (): Promise<number> => (await bottom.stats.list()).groups[0]?.id ?? -1;
  cleanUp(t, async () => sh(`dmstats delete --groupid ${await groupOf()} ${bottom.name}`));
  directWrite(path, { count: 24, seek: 8 });
  await eventually('the growth is mapped', 10_000, async () => {
    return (await sectorsByRegions(bottom, await groupOf())).size === 32 * 128;
  });
  await assertSectors(bottom, await groupOf(), moved(throughImage(path, image, 0), 8000));
  directRead(path, { count: 32 });
  assert.equal((await countsOfGroup(bottom.stats, await groupOf())).readSectors, 32n * BLOCK);
});
