import assert from 'node:assert/strict';
import test from 'node:test';
import { constructorData, words64 } from '../../src/dirtylog/protocol/kernel-side.ts';
import { Harness, LUID, MemoryStore, UUID } from './support.ts';

const DISK = '131072 clustered-disk 254:32 1024';
const HEADER = [0x72, 0x52, 0x69, 0x4d, 2, 0, 0, 0, 128, 0, 0, 0, 0, 0, 0, 0];

/** Two ticks: what is cleared grows old, and is written clean. */
async function writeClean(harness: Harness): Promise<void> {
  for (let tick = 0; tick < 2; tick++) {
    harness.server.tick();
    await harness.settle();
  }
}

test('LogServer writes the format of the kernel: header, bits from byte 1024, 1 for clean, lowest region first', async () => {
  const harness = new Harness();
  await harness.make(`${DISK} nosync`);
  assert.deepEqual([...harness.device.bytes.subarray(0, 16)], HEADER);
  await harness.ask('MARK_REGION', [0, 9, 127]);
  assert.deepEqual([...harness.device.bytes.subarray(1024, 1040)], [0xfe, 0xfd, ...Array(13).fill(0xff), 0x7f]);
});

test('LogServer believes a log on the device, and copies what it has as dirty', async () => {
  const device = new MemoryStore(8192);
  device.bytes.set(HEADER);
  device.bytes.fill(0xff, 1024, 1040);
  device.bytes[1025] = 0xfd;
  const harness = new Harness(device);
  await harness.make(DISK);
  assert.deepEqual(words64((await harness.ask('GET_SYNC_COUNT')).data), [127]);
  assert.deepEqual(words64((await harness.ask('GET_RESYNC_WORK')).data), [1, 9]);
  assert.deepEqual(device.asked, ['sync'], 'nothing was to be written');
});

test('LogServer copies everything when the device holds no log, and says so', async () => {
  const harness = new Harness();
  harness.device.bytes.fill(0xff);
  await harness.make(DISK);
  assert.deepEqual(words64((await harness.ask('GET_SYNC_COUNT')).data), [0]);
  assert.deepEqual([...harness.device.bytes.subarray(1024, 1040)], Array(16).fill(0));
  assert.deepEqual(harness.events, [{ type: 'logLost', uuid: UUID, reason: '254:32 holds no log' }]);
});

test('LogServer does not touch a log of a version that it does not know, and fails its flushes', async () => {
  const device = new MemoryStore(8192);
  device.bytes.set(HEADER);
  device.bytes[4] = 9;
  const harness = new Harness(device);
  await harness.make(`${DISK} nosync`);
  assert.equal((await harness.ask('IN_SYNC', [0])).error, 0);
  assert.deepEqual(words64((await harness.ask('IN_SYNC', [0])).data), [0]);
  assert.equal((await harness.ask('FLUSH')).error, -5);
  assert.ok(!device.asked.some((what) => what.startsWith('write')));
});

test('LogServer treats regions of a grown device as new, and forgets those of a shrunk one', async () => {
  for (const [options, count] of [
    ['', 128],
    [' nosync', 130],
  ] as const) {
    const device = new MemoryStore(8192);
    device.bytes.set(HEADER);
    device.bytes.fill(0xff, 1024, 1060);
    const harness = new Harness(device);
    await harness.make(`${130 * 1024} disk 254:32 1024${options}`);
    assert.deepEqual(words64((await harness.ask('GET_SYNC_COUNT')).data), [count]);
    assert.equal(device.bytes[8], 130);
  }
  const device = new MemoryStore(8192);
  device.bytes.set(HEADER);
  device.bytes.fill(0xff, 1024, 1040);
  const harness = new Harness(device);
  await harness.make(`${100 * 1024} disk 254:32 1024`);
  assert.deepEqual(words64((await harness.ask('GET_SYNC_COUNT')).data), [100]);
  assert.deepEqual([device.bytes[8], device.bytes[1024 + 12]], [100, 0x0f], 'bits beyond the end are 0');
});

test('LogServer answers a mark when it is on the medium, not before, and several with one sync', async () => {
  const harness = new Harness();
  await harness.make(`${DISK} nosync`);
  harness.device.hold();
  harness.device.asked.length = 0;
  assert.deepEqual(await harness.send('MARK_REGION', [1]), []);
  for (const region of [2, 3, 4]) assert.deepEqual(await harness.send('FLUSH', [region]), []);
  harness.device.release();
  assert.equal((await harness.replies()).length, 4);
  // The first was being written when the others came.
  assert.deepEqual(harness.device.asked, ['write 0 1536', 'sync', 'write 0 1536', 'sync']);
});

test('LogServer writes nothing for a region that is written again and again', async () => {
  const harness = new Harness();
  await harness.make(`${DISK} nosync`);
  await harness.ask('FLUSH', [7]);
  harness.device.asked.length = 0;
  for (let round = 0; round < 20; round++) {
    harness.server.tick();
    await harness.settle();
    await harness.ask('CLEAR_REGION', [7]);
    await harness.ask('FLUSH', [7]);
  }
  assert.deepEqual(harness.device.asked, []);
});

test('LogServer writes a cleared region clean after the legs are flushed, and not when they cannot be', async () => {
  const harness = new Harness();
  await harness.make(`${DISK} nosync`);
  await harness.ask('FLUSH', [7]);
  await harness.ask('CLEAR_REGION', [7]);
  harness.legError = 'leg 1 is gone';
  await writeClean(harness);
  assert.equal(harness.device.bytes[1024], 0x7f);
  assert.deepEqual(harness.events, [{ type: 'legSyncFailed', uuid: UUID, reason: 'leg 1 is gone' }]);
  harness.legError = undefined;
  await writeClean(harness);
  assert.equal(harness.device.bytes[1024], 0xff);
  assert.equal(harness.legSyncs, 2);
});

test('LogServer keeps a region out of sync dirty, whatever is cleared, until it is copied', async () => {
  const harness = new Harness();
  await harness.make(`${DISK} nosync`);
  await harness.ask('SET_REGION_SYNC', [7, 0]);
  assert.equal(harness.device.bytes[1024], 0x7f, 'though nobody marked it');
  await harness.ask('CLEAR_REGION', [7]);
  await writeClean(harness);
  assert.equal(harness.device.bytes[1024], 0x7f);
  assert.deepEqual(words64((await harness.ask('IN_SYNC', [7])).data), [0]);
});

test('LogServer fails the flushes of a log that cannot be written until a new table is resumed', async () => {
  const harness = new Harness();
  await harness.make(`${DISK} nosync`);
  harness.device.error = { on: 'sync', message: 'no medium' };
  assert.equal((await harness.ask('MARK_REGION', [3])).error, 0);
  assert.equal((await harness.ask('FLUSH')).error, -5);
  assert.equal(new TextDecoder().decode((await harness.ask('STATUS_INFO')).data), '3 clustered-disk 254:32 F');
  assert.deepEqual(harness.events, [{ type: 'logFailed', uuid: UUID, letter: 'F', reason: '254:32: no medium' }]);
  assert.deepEqual(words64((await harness.ask('IN_SYNC', [3])).data), [1]);
  harness.device.error = undefined;
  assert.equal((await harness.ask('FLUSH')).error, -5, 'sticky');
  await harness.ask('PRESUSPEND');
  await harness.ask('POSTSUSPEND');
  await harness.make(DISK, LUID + 0x1000n);
  assert.equal((await harness.ask('FLUSH', [], LUID + 0x1000n)).error, 0);
  assert.equal(harness.device.bytes[1024], 0xf7, 'the mark that could not be written is');
});

test('LogServer makes everything clean before a suspend ends', async () => {
  const harness = new Harness();
  await harness.make(`${DISK} nosync`);
  await harness.ask('FLUSH', [1, 2]);
  await harness.ask('CLEAR_REGION', [1, 2]);
  await harness.ask('PRESUSPEND');
  await harness.ask('POSTSUSPEND');
  assert.equal(harness.device.bytes[1024], 0xff);
  await harness.ask('DTR');
  await harness.settle();
  assert.equal(harness.device.isClosed, true);
});

test('LogServer names the log device in the first constructor only, and refuses what it cannot open', async () => {
  const harness = new Harness();
  const ctr = (words: string, reconnects: boolean): Promise<{ error: number; data: Uint8Array }> =>
    harness.ask('CTR', constructorData(words, { reconnects }));
  assert.equal(new TextDecoder().decode((await ctr(DISK, false)).data), '254:32\0');
  assert.deepEqual(await ctr(DISK, true), { error: 0, data: new Uint8Array(0) });
  assert.equal((await ctr('131072 disk /dev/none 1024', false)).error, -19);
  assert.equal((await ctr(`${1024 * 100_000} disk 254:32 1024`, false)).error, -19, 'too small');
});

test('LogServer answers the resend of a request that takes long under its new number', async () => {
  const harness = new Harness();
  await harness.make(`${DISK} nosync`);
  harness.device.hold();
  await harness.send('FLUSH', [5], { seq: 100 });
  harness.nowMs += 15_000;
  await harness.send('FLUSH', [5], { seq: 101 });
  harness.nowMs += 1000;
  await harness.send('FLUSH', [5], { seq: 102 });
  harness.device.release();
  const answered = (await harness.replies()).map((reply) => (reply.kind === 'reply' ? reply.seq : -1));
  assert.deepEqual(answered, [101, 102], 'the first was given up; the third is another thread’s');
});

test('LogServer holds what asks for regions of a log that is not resumed, then has the kernel make it again', async () => {
  const harness = new Harness();
  await harness.ask('CTR', constructorData(DISK, { reconnects: true }));
  assert.deepEqual(await harness.send('IN_SYNC', [0]), []);
  harness.nowMs += 15_000;
  const [reply] = await harness.send('IN_SYNC', [0], { seq: 500 });
  assert.deepEqual(reply, { kind: 'reply', seq: 500, error: -3, data: new Uint8Array(8) });
});

test('LogServer goes on with the logs of its predecessor: what was in sync is, dirty or not', async () => {
  const harness = new Harness();
  harness.hasRun = true;
  await harness.make(`${DISK} nosync`);
  await harness.ask('FLUSH', [3]);
  await harness.ask('SET_REGION_SYNC', [4, 0]);
  const records = JSON.parse(JSON.stringify(harness.records)) as typeof harness.records;
  assert.deepEqual(records, [
    { uuid: UUID, luid: LUID.toString(), words: `${DISK} nosync`, wasResumed: true, isRunning: true },
  ]);
  const server = harness.start();
  for (const record of records) await server.adopt(record);
  assert.deepEqual(words64((await harness.ask('IN_SYNC', [3])).data), [1]);
  assert.deepEqual(words64((await harness.ask('IN_SYNC', [4])).data), [0]);
  assert.deepEqual(words64((await harness.ask('GET_SYNC_COUNT')).data), [127]);
});

test('LogServer says when the kernel has to be resumed to copy what it does not know to be out of sync', async () => {
  const harness = new Harness();
  await harness.make(`${DISK} nosync`);
  await harness.ask('FLUSH', [3]);
  harness.start();
  await harness.ask('CTR', constructorData(`${DISK} nosync`, { reconnects: true }));
  await harness.ask('RESUME');
  assert.deepEqual(words64((await harness.ask('IN_SYNC', [3])).data), [0]);
  assert.deepEqual(harness.events, [{ type: 'needsResume', uuid: UUID }]);
});

test('LogServer keeps logs apart that share a uuid or a luid', async () => {
  const harness = new Harness();
  await harness.make('131072 core 1024 nosync', LUID);
  await harness.make('131072 core 1024 nosync', LUID + 2n ** 32n);
  const [other] = await harness.send('IN_SYNC', [0], { uuid: 'another' });
  assert.equal(other?.kind === 'reply' ? other.error : 0, -3);
  await harness.ask('DTR', [], LUID);
  assert.equal((await harness.ask('GET_REGION_SIZE', [], LUID)).error, -3);
  assert.deepEqual(words64((await harness.ask('GET_REGION_SIZE', [], LUID + 2n ** 32n)).data), [1024]);
});

test('LogServer withholds marks and flushes while it is told to, and nothing else', async () => {
  const harness = new Harness();
  await harness.make('131072 core 1024 nosync');
  const [mirror] = harness.server.mirrors;
  assert.ok(mirror !== undefined);
  harness.server.setHeld(mirror, true);
  assert.deepEqual(await harness.send('FLUSH', [1]), []);
  assert.deepEqual(words64((await harness.ask('IN_SYNC', [1])).data), [1]);
  harness.server.setHeld(mirror, false);
  assert.equal((await harness.replies()).length, 1);
});

test('LogServer refuses regions that the mirror does not have, but never with an error on IN_SYNC', async () => {
  const harness = new Harness();
  await harness.make('131072 core 1024 nosync');
  assert.equal((await harness.ask('MARK_REGION', [128])).error, -22);
  assert.equal((await harness.ask('FLUSH', [2 ** 53])).error, -22);
  assert.deepEqual(await harness.ask('IN_SYNC', [128]), { error: 0, data: new Uint8Array(8) });
  assert.equal((await harness.ask('CLEAR_REGION', [128])).error, 0);
  assert.equal((await harness.ask('SET_REGION_SYNC', [128, 1])).error, 0);
});

test('LogServer answers a request of a type that it does not know with a bare acknowledgement', async () => {
  const harness = new Harness();
  const { bytes } = harness.server.incoming;
  await harness.make('131072 core 1024');
  bytes[188] = 18;
  harness.server.receive(196);
  assert.deepEqual(await harness.replies(), [{ kind: 'acknowledgement', seq: 2, error: -95 }]);
  assert.deepEqual(harness.events, [{ type: 'malformed', reason: 'request type 18 is not known' }]);
});

test('LogServer pokes an idle mirror when its policy lets the resync go on', async () => {
  const harness = new Harness();
  await harness.make('131072 core 1024');
  const [mirror] = harness.server.mirrors;
  assert.ok(mirror !== undefined);
  mirror.policy = () => 'wait';
  harness.server.tick();
  assert.deepEqual(harness.pokes, []);
  mirror.policy = () => 5;
  harness.server.tick();
  assert.deepEqual(harness.pokes, [UUID]);
  assert.deepEqual(words64((await harness.ask('GET_RESYNC_WORK')).data), [1, 5]);
  harness.nowMs += 5000;
  harness.server.tick();
  assert.deepEqual(harness.pokes, [UUID], 'a region is being copied');
});

test('LogServer leaves a mirror to the table that asks about regions when the kernel brought back another first', async () => {
  const harness = new Harness();
  const active = LUID;
  const inactive = LUID + 0x1000n;
  // A server without records: the status of a loaded table comes before the first write of the active one.
  for (const luid of [inactive, active]) {
    await harness.ask('CTR', constructorData('131072 core 1024', { reconnects: true }), luid);
    await harness.ask('RESUME', [], luid);
  }
  assert.deepEqual(words64((await harness.ask('GET_RESYNC_WORK', [], active)).data), [1, 0]);
  await harness.ask('SET_REGION_SYNC', [0, 1], active);
  await harness.ask('PRESUSPEND', [], active);
  await harness.ask('POSTSUSPEND', [], active);
  await harness.ask('RESUME', [], inactive);
  assert.deepEqual(words64((await harness.ask('GET_SYNC_COUNT', [], inactive)).data), [1]);
  assert.deepEqual(words64((await harness.ask('GET_RESYNC_WORK', [], inactive)).data), [1, 1]);
});

test('LogServer keeps what it knows of a core log when its table is replaced', async () => {
  const harness = new Harness();
  await harness.make('131072 core 1024 nosync');
  await harness.ask('SET_REGION_SYNC', [5, 0]);
  await harness.ask('PRESUSPEND');
  await harness.ask('POSTSUSPEND');
  const next = LUID + 0x1000n;
  await harness.make('131072 core 1024 nosync', next);
  await harness.ask('DTR');
  assert.deepEqual(words64((await harness.ask('GET_SYNC_COUNT', [], next)).data), [127]);
  assert.deepEqual(words64((await harness.ask('GET_RESYNC_WORK', [], next)).data), [1, 5]);
});

test('LogServer copies everything at the first resume of a table that says sync, not at the later ones', async () => {
  const harness = new Harness();
  await harness.make(`${DISK} nosync`);
  await harness.ask('PRESUSPEND');
  await harness.ask('POSTSUSPEND');
  await harness.ask('DTR');
  await harness.make(`${DISK} sync`);
  assert.deepEqual(words64((await harness.ask('GET_SYNC_COUNT')).data), [0]);
  await harness.ask('SET_REGION_SYNC', [0, 1]);
  await harness.ask('PRESUSPEND');
  await harness.ask('POSTSUSPEND');
  await harness.ask('RESUME');
  assert.deepEqual(words64((await harness.ask('GET_SYNC_COUNT')).data), [1]);
});

test('LogServer writes a log that could be read no more anew, all dirty', async () => {
  const device = new MemoryStore(8192);
  device.bytes.set(HEADER);
  device.bytes.fill(0xff, 1024, 1040);
  device.error = { on: 'read', message: 'medium error' };
  const harness = new Harness(device);
  await harness.make(`${DISK} nosync`);
  assert.equal((await harness.ask('FLUSH')).error, 0);
  assert.deepEqual([...device.bytes.subarray(0, 16)], HEADER);
  assert.deepEqual([...device.bytes.subarray(1024, 1040)], Array(16).fill(0));
  assert.deepEqual(words64((await harness.ask('GET_SYNC_COUNT')).data), [0]);
  assert.deepEqual(harness.events, [{ type: 'logLost', uuid: UUID, reason: 'medium error' }]);
});

test('LogServer copies everything when the region size of a mirror changes', async () => {
  const harness = new Harness();
  await harness.make(`${DISK} nosync`);
  await harness.ask('PRESUSPEND');
  await harness.ask('POSTSUSPEND');
  const next = LUID + 0x1000n;
  await harness.make('131072 clustered-disk 254:32 2048 nosync', next);
  assert.deepEqual(words64((await harness.ask('GET_SYNC_COUNT', [], next)).data), [0]);
});

test('LogServer does not take a mark for durable that came while others were being written', async () => {
  const harness = new Harness();
  await harness.make(`${DISK} nosync`);
  const { device } = harness;
  const sync = device.sync.bind(device);
  device.sync = (done) =>
    sync((error) => {
      device.hold();
      done(error);
    });
  device.hold();
  await harness.send('FLUSH', [1], { seq: 100 });
  await harness.send('FLUSH', [2], { seq: 101 });
  device.release();
  const seqs = async (): Promise<number[]> =>
    (await harness.replies()).map((reply) => (reply.kind === 'reply' ? reply.seq : -1));
  assert.deepEqual(await seqs(), [100]);
  device.release();
  assert.deepEqual(await seqs(), [101]);
});

test('LogServer does not say that a region is out of sync before /run has it, though the log device has failed', async () => {
  const harness = new Harness();
  harness.hasRun = true;
  await harness.make(`${DISK} nosync`);
  harness.device.error = { on: 'write', message: 'no medium' };
  assert.equal((await harness.ask('FLUSH', [3])).error, -5);
  const run = harness.runs.get(`${UUID} 254:32`);
  assert.ok(run !== undefined);
  run.hold();
  // A server that dies now leaves a successor that goes by what /run has.
  assert.deepEqual(await harness.send('SET_REGION_SYNC', [4, 0]), []);
  run.release();
  assert.equal((await harness.replies()).length, 1);
  assert.equal(run.bytes[1024], 0xef);
});

test('LogServer tells of no region that it is out of sync while the device may have it as clean', async () => {
  const device = new MemoryStore(8192);
  device.bytes.set(HEADER);
  device.bytes.fill(0xff, 1024, 1040);
  const harness = new Harness(device);
  device.error = { on: 'write', message: 'read only' };
  await harness.make(`${DISK} sync`);
  assert.deepEqual(harness.events, [{ type: 'logFailed', uuid: UUID, letter: 'D', reason: '254:32: read only' }]);
  assert.deepEqual(await harness.send('IN_SYNC', [5]), [], 'held: a write would follow, to one leg, without a mark');
  assert.deepEqual(words64((await harness.ask('GET_RESYNC_WORK')).data), [0, 0]);
  harness.server.tick();
  assert.deepEqual(await harness.replies(), []);
  device.error = undefined;
  harness.server.tick();
  const [reply, ...more] = await harness.replies();
  assert.ok(reply?.kind === 'reply' && more.length === 0);
  assert.deepEqual([reply.error, words64(reply.data)], [0, [0]]);
  assert.deepEqual([...device.bytes.subarray(1024, 1040)], Array(16).fill(0), 'the device has it as dirty now');
  assert.deepEqual(harness.events.slice(1), [{ type: 'logWritable', uuid: UUID }]);
  assert.equal((await harness.ask('FLUSH', [5])).error, 0);
  assert.deepEqual(words64((await harness.ask('GET_RESYNC_WORK')).data), [1, 0]);
});

test('LogServer tells of regions in sync, and those that the device has as dirty, whether or not it can be written', async () => {
  const device = new MemoryStore(8192);
  device.bytes.set(HEADER);
  device.bytes.fill(0xff, 1024, 1040);
  device.bytes[1024] = 0xfe;
  const harness = new Harness(device);
  device.error = { on: 'write', message: 'read only' };
  await harness.make(DISK);
  assert.deepEqual(words64((await harness.ask('IN_SYNC', [0])).data), [0], 'there was nothing to write');
  assert.deepEqual(words64((await harness.ask('IN_SYNC', [1])).data), [1]);
  assert.deepEqual(harness.events, []);
});
