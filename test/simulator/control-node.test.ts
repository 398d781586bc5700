import assert from 'node:assert/strict';
import test from 'node:test';
import { DM_FLAGS, DmIoctl, DmTargetSpec } from '../../src/kernel/index.ts';
import { DeviceMapper } from '../../src/mapper/device-mapper.ts';
import { SimulatedKernel } from '../../src/simulator/index.ts';
import { pollText, Replay } from './replay.ts';
import { headerText, type Line, messagePayload, probe, requestBytes, tablePayload } from './support.ts';

// What the captures have is replayed by ioctl-semantics.test.ts and uevents.test.ts; the rest is here.

const zero: Line = [0n, 8n, 'zero', ''];

function newKernel(kernel: '6.1.176' | '6.1' | '6.12' = '6.1'): SimulatedKernel {
  const made = new SimulatedKernel({ kernel });
  made.addDisk({ sectors: 8192, number: { major: 1, minor: 0 } });
  return made;
}

test('a refused request changes nothing of the caller’s but the version, and all of it with SECURE_DATA', () => {
  const node = newKernel().openControl();
  const bytes = requestBytes({ name: 'no', flags: DM_FLAGS.SUSPEND });
  const before = bytes.slice();
  assert.throws(() => node.ioctl('DM_DEV_STATUS', bytes), {
    name: 'SystemError',
    code: 'ENXIO',
    syscall: 'ioctl(DM_DEV_STATUS)',
  });
  assert.deepEqual(bytes.subarray(12), before.subarray(12));
  const secret = requestBytes({ name: 'no', flags: DM_FLAGS.SECURE_DATA, payload: messagePayload('@stats_list') });
  assert.throws(() => node.ioctl('DM_TARGET_MSG', secret), { code: 'ENXIO' });
  assert.ok(secret.every((byte) => byte === 0));
});

test('SECURE_DATA wipes what was read of the request, and the answer is all that comes back', () => {
  const node = newKernel().openControl();
  probe(node, 'DM_DEV_CREATE', { name: 'd' });
  const load = requestBytes({
    name: 'd',
    flags: DM_FLAGS.SECURE_DATA,
    targetCount: 1,
    payload: tablePayload([zero]),
    size: 1024,
  });
  load.fill(0xff, 1024);
  node.ioctl('DM_TABLE_LOAD', load);
  assert.match(headerText(load), /^rc=0 fl=INACT .* name='d' /);
  assert.ok(load.subarray(305, 1024).every((byte) => byte === 0));
  assert.ok(load.subarray(1024).every((byte) => byte === 0xff));
  // A command without payload reads the header only, and wipes no more.
  const status = requestBytes({ name: 'd', flags: DM_FLAGS.SECURE_DATA, payload: Buffer.from('secret') });
  node.ioctl('DM_DEV_STATUS', status);
  assert.equal(Buffer.from(status.subarray(DmIoctl.size, DmIoctl.size + 6)).toString(), 'secret');
});

test('DM_TABLE_STATUS leaves `next` as it was of a target behind which the buffer ends', () => {
  const r = new Replay('ioctl-semantics-61.txt', '6.1');
  r.make('z', [zero]);
  const asked = { name: 'z', size: 354, payload: new Uint8Array(42).fill(0xee) };
  const { bytes, text } = probe(r.node, 'DM_TABLE_STATUS', asked);
  assert.match(text, /fl=ACTIVE\|BUFFULL .* dsize=353/);
  const { sectorStart, length, status, next, targetType } = DmTargetSpec.at(bytes, DmIoctl.size);
  assert.deepEqual([sectorStart, length, status, next], [0n, 8n, 0, 0xeeeeeeee]);
  // `strncpy` of 15 bytes: the sixteenth is the caller's.
  assert.equal(targetType, 'zero');
  assert.equal(bytes[DmIoctl.size + 39], 0xee);
});

test('an empty answer to a message is what the caller had there: the sector', () => {
  const r = new Replay('ioctl-semantics-61.txt', '6.1');
  r.make('z', [zero]);
  assert.equal(r.message('z', '@stats_list'), "(0, '', 'ACTIVE|DATAOUT')");
  assert.equal(r.message('z', '@stats_list', { sector: 0x4142n }), "(0, 'BA', 'ACTIVE|DATAOUT')");
});

test('@stats_print_clear clears nothing when its answer does not fit', () => {
  const r = new Replay('ioctl-semantics-61.txt', '6.1');
  r.make('z', [zero]);
  r.message('z', '@stats_create - /1');
  r.kernel.io({ device: 'z', direction: 'read', sector: 0, sectors: 1, durationNs: 0 });
  const payload = messagePayload('@stats_print_clear 0');
  const { text } = probe(r.node, 'DM_TARGET_MSG', { name: 'z', payload, size: DmIoctl.size + payload.length });
  assert.match(text, /fl=ACTIVE\|BUFFULL\|DATAOUT .* dsize=305/);
  assert.match(r.message('z', '@stats_print_clear 0'), /'0\+8 1 0 1 /);
  assert.match(r.message('z', '@stats_print 0'), /'0\+8 0 0 0 /);
});

test('the geometry goes when the size changes', () => {
  const r = new Replay('ioctl-semantics-61.txt', '6.1');
  r.make('z', [zero]);
  const payload = Buffer.from('1 2 4 8\0');
  r.ask('DM_DEV_SET_GEOMETRY', { name: 'z', payload });
  const device = r.kernel.device('z');
  assert.deepEqual(device.geometry, { cylinders: 1n, heads: 2n, sectors: 4n, start: 8n });
  r.make('z', [[0n, 8n, 'error', '']]);
  assert.notEqual(device.geometry, undefined);
  r.make('z', [[0n, 16n, 'error', '']]);
  assert.equal(device.geometry, undefined);
});

test('DM_DEV_WAIT is refused as a mistake where a synchronous call would wait', () => {
  const r = new Replay('ioctl-semantics-61.txt', '6.1');
  r.make('z', [zero]);
  assert.throws(() => r.node.ioctl('DM_DEV_WAIT', requestBytes({ name: 'z' })), { name: 'SimulatorError' });
});

test('a first table on a device that has no size yet is not looked at; by the resume it is', () => {
  const r = new Replay('ioctl-semantics-61.txt', '6.1');
  r.ask('DM_DEV_CREATE', { name: 'low' });
  r.load('low', [zero]);
  r.ask('DM_DEV_CREATE', { name: 'high' });
  assert.match(r.load('high', [[0n, 16n, 'linear', '254:0 0']]), /^rc=0/);
  r.ask('DM_DEV_SUSPEND', { name: 'low' });
  assert.equal(r.ask('DM_DEV_SUSPEND', { name: 'high' }), 'EINVAL');
});

test('Linux 6.12 wants specs behind each other, and gives error targets their device', () => {
  const overlapping: Line[] = [
    [0n, 8n, 'zero', ''],
    [8n, 8n, 'zero', ''],
  ];
  const older = new Replay('ioctl-semantics-61.txt', '6.1');
  const newer = new Replay('ioctl-semantics-612.txt', '6.12');
  for (const { node } of [older, newer]) probe(node, 'DM_DEV_CREATE', { name: 'd' });
  // The second one begins 40 bytes behind the first: over its empty parameters' NUL.
  const [first, second] = overlapping.map((line) => tablePayload([line]));
  const payload = Buffer.concat([(first ?? assert.fail()).subarray(0, 40), second ?? assert.fail()]);
  DmTargetSpec.at(payload).next = 40;
  // Its first byte is that of a start at sector 8: no NUL, but the next one is.
  assert.equal(older.ask('DM_TABLE_LOAD', { name: 'd', targetCount: 2, payload }), 'EINVAL');
  payload.writeBigUInt64LE(0x100n, 40);
  DmTargetSpec.at(payload).length = 0x100n;
  assert.match(older.ask('DM_TABLE_LOAD', { name: 'd', targetCount: 2, payload }), /^rc=0/);
  assert.equal(newer.ask('DM_TABLE_LOAD', { name: 'd', targetCount: 2, payload }), 'EINVAL');
  const error: Line[] = [[0n, 8n, 'error', '1:0 0']];
  assert.match(older.load('d', error), /^rc=0/);
  assert.match(newer.load('d', error), /^rc=0/);
  const inactive = { name: 'd', flags: DM_FLAGS.QUERY_INACTIVE_TABLE };
  assert.match(older.deps(inactive), / \(0, 0\) \[\]$/);
  assert.match(newer.deps(inactive), / \(1, 0\) \[\(1, 0\)\]$/);
});

test('Linux 6.1.176 says where no answer is, and lets a message without a table come to nothing', () => {
  const node = newKernel('6.1.176').openControl();
  probe(node, 'DM_DEV_CREATE', { name: 'd', uuid: 'U' });
  assert.match(probe(node, 'DM_LIST_DEVICES', { size: 305 }).text, /fl=BUFFULL .* dsize=305 dstart=312$/);
  const message = { uuid: 'U', payload: messagePayload('hello') };
  assert.match(probe(node, 'DM_TARGET_MSG', message).text, /^rc=0 fl= .* name='' uuid='U' dsize=16384 dstart=312$/);
});

test('eventsPending() waits for what its own opening has not seen, until it is armed anew', async () => {
  const kernel = newKernel();
  using first = kernel.openControl();
  const waiting = first.eventsPending();
  probe(first, 'DM_DEV_CREATE', { name: 'd' });
  await waiting;
  await first.eventsPending();
  using second = kernel.openControl();
  assert.equal(await pollText(second), '[]');
  assert.equal(await pollText(first), '[(4, 1)]');
  probe(first, 'DM_DEV_ARM_POLL', {});
  assert.equal(await pollText(first), '[]');
});

test('eventsPending() ends with the signal’s reason, and with an AbortError when its node is closed', async () => {
  const kernel = newKernel();
  const node = kernel.openControl();
  const reason = new Error('enough');
  await assert.rejects(node.eventsPending(AbortSignal.abort(reason)), reason);
  const controller = new AbortController();
  const waiting = node.eventsPending(controller.signal);
  controller.abort(reason);
  await assert.rejects(waiting, reason);
  const closed = node.eventsPending();
  node[Symbol.dispose]();
  await assert.rejects(closed, { name: 'AbortError' });
  await assert.rejects(node.eventsPending(), { name: 'SimulatorError' });
});

test('DeviceMapper works on a simulated control node', async () => {
  const kernel = newKernel();
  using dm = new DeviceMapper(kernel.openControl());
  await dm.create('vg-data', { uuid: 'LVM-1' });
  kernel.addDevice('é', { sectors: 8 });
  assert.deepEqual(
    (await dm.list()).map(({ name }) => name),
    ['vg-data', 'é'],
  );
  assert.equal(kernel.device('é').number.minor, 1);
  assert.equal((await dm.table({ name: 'é' }))[0]?.params, '8:0 0');
});
