// What a mirror on a real kernel loses, namely nothing, when its log device or a leg fails, and when the power does.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { closeSync, openSync, writeSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import {
  allInSync,
  assertLegsEqual,
  DMSETUP,
  digest,
  MIB_SECTORS,
  makeLegs,
  makeMirror,
  REGION_SECTORS,
  startServer,
  startWriter,
} from './dirtylog-support.ts';
import { cleanUp, eventually, makeVolume, sh, type Volume } from './support.ts';
import { readWriteLog } from './write-log.ts';

const LEG_MIB = 4;
const SECTOR_BYTES = 512;
const REGION_BYTES = REGION_SECTORS * SECTOR_BYTES;
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Another table under a device, without waiting for its I/O; `give()` brings the old one back. */
function swapTable(volume: Volume, table: string): { give(): void } {
  const good = sh(`${DMSETUP} table ${volume.name}`).trim();
  const swap = (wanted: string): void => {
    sh(`${DMSETUP} load ${volume.name} --table '${wanted}'`);
    sh(`${DMSETUP} suspend --noflush ${volume.name}; ${DMSETUP} resume ${volume.name}`);
  };
  swap(table);
  return { give: () => swap(good) };
}

/** A table by which a volume can be read and not written. */
function unwritable({ name, sectors }: Volume): string {
  const [, place] = /linear (.*)\n/.exec(sh(`${DMSETUP} table ${name}`)) ?? [];
  return `0 ${sectors} flakey ${place} 0 1 1 error_writes`;
}

async function makeLog(t: TestContext): Promise<Volume> {
  const log = await makeVolume(t, 1);
  sh(`dd if=/dev/zero of=${log.node} bs=64k count=1 oflag=direct 2>&1`);
  return log;
}

/** Writes at a region's beginning; `isDone()` when the write has ended, with whatever result. */
function writeRegion(t: TestContext, node: string, region: number): { isDone(): boolean; status(): number | null } {
  const words = ['if=/dev/urandom', `of=${node}`, 'bs=4k', 'count=1', `seek=${region * 32}`, 'oflag=direct'];
  const child = spawn('dd', words, { stdio: 'ignore' });
  const ended = new Promise((resolve) => child.on('exit', resolve));
  cleanUp(t, () => ended);
  return { isDone: () => child.exitCode !== null, status: () => child.exitCode };
}

test('dmlogd lets no region be written to one leg while the log device may have it as clean, and goes on when it can be written', async (t) => {
  const server = await startServer(t);
  const legs = await makeLegs(t, LEG_MIB);
  const log = await makeLog(t);
  const words = `disk ${log.node} ${REGION_SECTORS}`;
  const first = await makeMirror(t, { log: `${words} nosync` }, legs);
  sh(`${DMSETUP} suspend ${first.name}`);
  const broken = swapTable(log, unwritable(log));
  // All is clean on the device, and all is to be copied: what is said in the table cannot be written.
  sh(
    `${DMSETUP} load ${first.name} --table '${first.table({ log: `${words} sync` })}'; ${DMSETUP} resume ${first.name}`,
  );
  await eventually('the failure is told', 30_000, () => /the log has failed/.test(server.output()));
  const before = digest(legs[0].node);
  const write = writeRegion(t, first.node, 31);
  await sleep(2500);
  assert.ok(!write.isDone(), 'the write waits');
  assert.equal(digest(legs[0].node), before);
  broken.give();
  await eventually('the write goes on', 30_000, () => write.isDone());
  assert.equal(write.status(), 0);
  assert.match(server.output(), /the log can be written again/);
  await allInSync(first);
  assert.notEqual(digest(legs[0].node), before);
  assertLegsEqual(first);
});

test('dmlogd reload lets the writes go on that the kernel holds since the log could not be written', async (t) => {
  const server = await startServer(t);
  const legs = await makeLegs(t, LEG_MIB);
  const log = await makeLog(t);
  const mirror = await makeMirror(t, { log: `disk ${log.node} ${REGION_SECTORS} nosync` }, legs);
  const broken = swapTable(log, unwritable(log));
  const writer = await startWriter(t, mirror.node, LEG_MIB);
  await eventually('the failure is told', 30_000, () => /the log has failed/.test(server.output()));
  broken.give();
  assert.equal(sh(`dmlogd reload ${mirror.uuid}`), `reloaded ${mirror.name}\n`);
  await sleep(1500);
  const { writes, errors, wrong } = await writer.end();
  assert.ok(writes > 1, 'writes go on');
  assert.deepEqual({ errors, wrong }, { errors: 0, wrong: 0 });
  await allInSync(mirror);
  assertLegsEqual(mirror);
});

test('dmlogd keeps dirty what a leg has not taken, and has it copied after dmlogd reload', async (t) => {
  const server = await startServer(t);
  const legs = await makeLegs(t, LEG_MIB);
  const log = await makeLog(t);
  const mirror = await makeMirror(t, { log: `disk ${log.node} ${REGION_SECTORS} nosync` }, legs);
  const broken = swapTable(legs[1], `0 ${legs[1].sectors} error`);
  const write = writeRegion(t, mirror.node, 7);
  await eventually('the failure is told', 30_000, () => /region 7 is out of sync/.test(server.output()));
  assert.match(sh(`${DMSETUP} status ${mirror.name}`), / 31\/32 1 AD 3 disk /);
  const bits = sh(`dd if=${log.node} bs=512 count=3 iflag=direct 2>/dev/null | od -An -tu1 -j1024 -N4`);
  assert.equal(bits.trim().replace(/ +/g, ' '), '127 255 255 255', 'region 7 is dirty on the device');
  broken.give();
  sh(`dmlogd reload ${mirror.uuid}`);
  await eventually('the write goes on', 30_000, () => write.isDone());
  assert.equal(write.status(), 0);
  await allInSync(mirror);
  assertLegsEqual(mirror);
});

test('a power cut behind any write finds dirty, in the log, what differs between the legs', async (t) => {
  // The log and both legs are areas of one disk, of which everything is logged that a cut would have kept.
  const disk = await makeVolume(t, 1 + 2 * LEG_MIB);
  const journal = await makeVolume(t, 160);
  sh(`dd if=/dev/zero of=${disk.node} bs=1M count=${1 + 2 * LEG_MIB} oflag=direct 2>&1`);
  await t.test('a mirror is written to', async (each) => {
    const name = `cut${process.pid}`;
    sh(`${DMSETUP} create ${name} --table '0 ${disk.sectors} log-writes ${disk.node} ${journal.node}'`);
    cleanUp(each, () => sh(`${DMSETUP} remove ${name}`));
    const { log, legs } = makeAreas(each, 'cut', { ...disk, node: `/dev/mapper/${name}` });
    await startServer(each);
    const mirror = await makeMirror(each, { log: `disk ${log.node} ${REGION_SECTORS} nosync` }, legs);
    const writer = await startWriter(each, mirror.node, LEG_MIB);
    await sleep(4000);
    const { errors, wrong } = await writer.end();
    assert.deepEqual({ errors, wrong }, { errors: 0, wrong: 0 });
  });

  const image = new Uint8Array(disk.sectors * SECTOR_BYTES);
  const differing = new Set<number>();
  let cuts = 0;
  let cutsWithDirty = 0;
  let chosen: { image: Uint8Array; inSync: number } | undefined;
  for (const { offset, data } of readWriteLog(journal.node)) {
    image.set(data, offset);
    updateDiffering(image, offset, data.length, differing);
    // What is not flushed may be there or not: a cut may be behind any write.
    if (!isLogThere(image)) continue;
    cuts++;
    const dirty = dirtyRegions(image);
    if (differing.size > 0) cutsWithDirty++;
    for (const region of differing) assert.ok(dirty.has(region), `after ${cuts} writes region ${region} is clean`);
    if (differing.size > 0) chosen = { image: image.slice(), inSync: REGIONS - dirty.size };
  }
  t.diagnostic(`${cuts} cuts, at ${cutsWithDirty} of them the legs differed`);
  assert.ok(cutsWithDirty > 0 && chosen !== undefined);
  await resyncFromImage(t, disk, chosen);
});

const LOG_BYTES = 2 ** 20;
const LEG_BYTES = LEG_MIB * 2 ** 20;
const REGIONS = LEG_BYTES / REGION_BYTES;

/** A log and two legs, as areas of one disk. */
function makeAreas(
  t: TestContext,
  prefix: string,
  disk: Volume,
): { readonly log: Volume; readonly legs: [Volume, Volume] } {
  const area = (suffix: string, mibAt: number, mib: number): Volume => {
    const name = `${prefix}${process.pid}${suffix}`;
    const sectors = mib * MIB_SECTORS;
    sh(`${DMSETUP} create ${name} --table '0 ${sectors} linear ${disk.node} ${mibAt * MIB_SECTORS}'`);
    cleanUp(t, () => sh(`${DMSETUP} remove --retry ${name}`));
    return { ...disk, name, node: `/dev/mapper/${name}`, sectors };
  };
  return { log: area('log', 0, 1), legs: [area('first', 1, LEG_MIB), area('second', 1 + LEG_MIB, LEG_MIB)] };
}

/** Looks anew at the regions that a write touches. */
function updateDiffering(image: Uint8Array, offset: number, length: number, differing: Set<number>): void {
  if (offset < LOG_BYTES || length === 0) return;
  const from = (offset - LOG_BYTES) % LEG_BYTES;
  for (let region = Math.floor(from / REGION_BYTES); region * REGION_BYTES < from + length; region++) {
    const at = LOG_BYTES + region * REGION_BYTES;
    const first = Buffer.from(image.buffer, at, REGION_BYTES);
    const isSame = first.equals(image.subarray(at + LEG_BYTES, at + LEG_BYTES + REGION_BYTES));
    if (isSame) differing.delete(region);
    else differing.add(region);
  }
}

/** Whether the log speaks for all regions: before, everything counts as dirty. */
function isLogThere(image: Uint8Array): boolean {
  const view = new DataView(image.buffer);
  return view.getUint32(0, true) === 0x4d695272 && view.getBigUint64(8, true) === BigInt(REGIONS);
}

function dirtyRegions(image: Uint8Array): Set<number> {
  const regions = Array.from({ length: REGIONS }, (_, region) => region);
  return new Set(regions.filter((region) => (((image[1024 + (region >>> 3)] ?? 0) >>> (region & 7)) & 1) === 0));
}

/** The disk as the cut left it, read by the kernel's own log, and by dmlogd: both copy what is dirty. */
async function resyncFromImage(
  t: TestContext,
  disk: Volume,
  { image, inSync }: { readonly image: Uint8Array; readonly inSync: number },
): Promise<void> {
  await startServer(t);
  const { log, legs } = makeAreas(t, 'after', disk);
  const logs = [{ kernelLog: `disk 2 ${log.node} ${REGION_SECTORS}` }, { log: `disk ${log.node} ${REGION_SECTORS}` }];
  for (const options of logs) {
    await t.test(
      `the log after the cut is read by ${'log' in options ? 'dmlogd' : 'the kernel’s disk log'}`,
      async (each) => {
        const fd = openSync(disk.node, 'w');
        writeSync(fd, image);
        closeSync(fd);
        sh(`blockdev --flushbufs ${disk.node}`);
        const mirror = await makeMirror(each, options, legs);
        // It only grows while what was dirty is copied.
        assert.ok(mirror.inSync() >= inSync);
        await allInSync(mirror);
        assertLegsEqual(mirror);
      },
    );
  }
}
