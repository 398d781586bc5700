import assert from 'node:assert/strict';
import test from 'node:test';
import { DM_FLAGS, type DmCommand, DmIoctl, ERRNO } from '../../src/kernel/index.ts';
import { DeviceMapper } from '../../src/mapper/device-mapper.ts';
import { sectors } from '../../src/mapper/units.ts';
import { SimulatedKernel } from '../../src/simulator/index.ts';
import { FakeNode, RecordingNode, type Respond } from './recording-node.ts';

const ref = { name: 'vol' };
const HEADER = 312;

/** Bytes in hexadecimal, blanks and line ends left out. */
const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replace(/\s/g, ''), 'hex'));

/** A mapper on a kernel of interface `4.minor` that answers everything with these bytes and flags. */
function answering(payload: Uint8Array, { minor = 47, flags = 0, targetCount = 0, extra = 0 } = {}) {
  return fake((_, bytes, header) => {
    header.dataStart = HEADER;
    header.dataSize = HEADER + payload.length + extra;
    header.flags |= flags;
    header.targetCount = targetCount;
    bytes.set(payload, HEADER);
    return undefined;
  }, minor);
}

function fake(respond: Respond, minor = 47): { node: FakeNode; dm: DeviceMapper } {
  const node = new FakeNode(respond, minor);
  return { node, dm: new DeviceMapper(node) };
}

/** What a request's header says, by the offsets of include/uapi/linux/dm-ioctl.h on a little-endian machine. */
function sentHeader({ requests }: FakeNode, index = 0) {
  const { command, sent = new Uint8Array(0) } = requests[index] ?? assert.fail(`no request ${index}`);
  const bytes = Buffer.from(sent);
  return {
    command,
    targetCount: bytes.readUInt32LE(20),
    flags: bytes.readUInt32LE(28),
    eventNr: bytes.readUInt32LE(32),
    dev: bytes.readBigUInt64LE(40),
    name: bytes.toString('latin1', 48, bytes.indexOf(0, 48)),
    uuid: bytes.toString('latin1', 176, bytes.indexOf(0, 176)),
    payload: bytes.subarray(HEADER),
  };
}

// Two devices: 254:3 "ab" with event 5 and the uuid "U1", 254:256 "\xff" with event 0 and no uuid.
const LIST_WITH_UUIDS = hex(`
  03fe000000000000 20000000 61620000 05000000 01000000 5531000000000000
  00fe100000000000 00000000 ff000000 00000000 02000000`);
// The same from a kernel before 5.13: eight bytes less in the first record, four less in the last.
const LIST_WITHOUT = hex(`
  03fe000000000000 18000000 61620000 05000000 00000000
  00fe100000000000 00000000 ff000000 00000000`);

test('list() reads names of any bytes, uuids and event numbers, and asks with prefixes', async () => {
  const { dm, node } = answering(LIST_WITH_UUIDS);
  assert.deepEqual(await dm.list({ namePrefix: 'a', uuidPrefix: 'U' }), [
    { name: 'ab', uuid: 'U1', number: { major: 254, minor: 3 }, eventNr: 5 },
    { name: '\udcff', uuid: '', number: { major: 254, minor: 256 }, eventNr: 0 },
  ]);
  const { command, flags, name, uuid } = sentHeader(node);
  assert.deepEqual([command, flags, name, uuid], ['DM_LIST_DEVICES', DM_FLAGS.UUID, 'a', 'U']);
  await assert.rejects(dm.list({ namePrefix: 'x'.repeat(128) }), { name: 'UsageError' });
  assert.deepEqual(await answering(new Uint8Array(0)).dm.list(), []);
});

test('list() asks each device for its uuid on a kernel whose list has none, and filters by itself', async () => {
  const { dm, node } = fake((command, bytes, header) => {
    if (command === 'DM_LIST_DEVICES') {
      header.dataSize = HEADER + LIST_WITHOUT.length;
      bytes.set(LIST_WITHOUT, HEADER);
      return undefined;
    }
    // The second one has gone meanwhile.
    if (header.dev !== 0xfe03n) return ERRNO.ENXIO;
    header.uuid = 'U1';
    return undefined;
  }, 43);
  const ab = { name: 'ab', uuid: 'U1', number: { major: 254, minor: 3 }, eventNr: 5 };
  assert.deepEqual(await dm.list(), [ab]);
  assert.deepEqual([sentHeader(node).flags, sentHeader(node).name], [0, '']);
  assert.deepEqual(await dm.list({ namePrefix: 'a', uuidPrefix: 'U' }), [ab]);
  assert.deepEqual(await dm.list({ namePrefix: 'b' }), []);
  assert.deepEqual(await dm.list({ uuidPrefix: 'V' }), []);
});

test('targetVersions() ends at the last record, not at data_size', async () => {
  const payload = hex(`
    18000000 01000000 04000000 02000000 7a65726f 00000000
    00000000 01000000 05000000 00000000 6572726f72000000`);
  // The kernel's size is an over-estimate.
  const { dm } = answering(payload, { extra: 16 });
  assert.deepEqual(await dm.targetVersions(), [
    { type: 'zero', version: { major: 1, minor: 4, patch: 2 } },
    { type: 'error', version: { major: 1, minor: 5, patch: 0 } },
  ]);
});

test('targetVersion() sends the type for the name', async () => {
  const { dm, node } = answering(hex('00000000 01000000 04000000 00000000 6c696e6561720000'));
  assert.deepEqual(await dm.targetVersion('linear'), { major: 1, minor: 4, patch: 0 });
  assert.deepEqual([sentHeader(node).command, sentHeader(node).name], ['DM_GET_TARGET_VERSION', 'linear']);
  await assert.rejects(dm.targetVersion('sixteen-letters!'), { name: 'UsageError' });
});

test('dependencies() reads device numbers', async () => {
  const { dm, node } = answering(hex('02000000 00000000 1108000000000000 00fe100000000000'));
  assert.deepEqual(await dm.dependencies(ref, { inactive: true }), [
    { major: 8, minor: 17 },
    { major: 254, minor: 256 },
  ]);
  assert.equal(sentHeader(node).flags, DM_FLAGS.QUERY_INACTIVE_TABLE);
});

test('table(), status() and measurement() ask for their text and follow next from the first record on', async () => {
  const spec = (start: string, next: string, type: string, text: string): string =>
    `${start}00000000000000 0800000000000000 00000000 ${next}000000 ${type.padEnd(32, '0')} ${text}`;
  const type = Buffer.from('linear').toString('hex');
  const payload = hex(`${spec('00', '30', type, '313a302030000000')} ${spec('08', '60', type, 'ff00000000000000')}`);
  const { dm, node } = answering(payload, { targetCount: 2 });
  const lines = [
    { start: 0n, length: 8n, type: 'linear', params: '1:0 0' },
    { start: 8n, length: 8n, type: 'linear', params: '\udcff' },
  ];
  assert.deepEqual(await dm.table(ref), lines);
  assert.deepEqual(await dm.status(ref, { noflush: true, inactive: true }), lines);
  assert.deepEqual(await dm.measurement(ref), lines);
  assert.deepEqual(
    [0, 1, 2].map((index) => sentHeader(node, index).flags),
    [DM_FLAGS.STATUS_TABLE, DM_FLAGS.NOFLUSH | DM_FLAGS.QUERY_INACTIVE_TABLE, DM_FLAGS.IMA_MEASUREMENT],
  );
});

test('load() writes the records of dm_target_spec', async () => {
  const { dm, node } = fake(() => undefined);
  await dm.load(
    ref,
    [
      { start: sectors(0), length: sectors(8), type: 'zero', params: '' },
      { start: sectors(8), length: sectors(16), type: 'linear', params: '1:0 \udcff' },
    ],
    { readOnly: true },
  );
  const { targetCount, flags, payload, name } = sentHeader(node);
  assert.deepEqual([targetCount, flags, name], [2, DM_FLAGS.READONLY, 'vol']);
  assert.deepEqual(
    payload,
    Buffer.from(
      hex(`
        0000000000000000 0800000000000000 00000000 30000000 7a65726f000000000000000000000000 0000000000000000
        0800000000000000 1000000000000000 00000000 30000000 6c696e65617200000000000000000000 313a3020ff000000`),
    ),
  );
  await assert.rejects(dm.load(ref, []), { name: 'UsageError' });
  assert.equal(node.requests.length, 1);
});

test('create() and rename() put name, uuid, minor and cookie where the kernel looks for them', async () => {
  const { dm, node } = fake((_, __, header) => {
    header.flags |= DM_FLAGS.UEVENT_GENERATED;
    return undefined;
  });
  await dm.create('a', { uuid: 'U', minor: 0x12345 });
  const created = sentHeader(node);
  assert.deepEqual(
    [created.command, created.flags, created.name, created.uuid, created.dev],
    ['DM_DEV_CREATE', DM_FLAGS.PERSISTENT_DEV, 'a', 'U', 0x1230_0045n],
  );
  const renamed = await dm.rename({ name: 'a' }, 'b', { cookie: 0xd4d_0001 });
  assert.equal(renamed.uevent, true);
  await dm.setUuid({ name: 'b' }, 'V');
  const texts = [1, 2].map((index) => {
    const { command, flags, name, eventNr, payload } = sentHeader(node, index);
    return [command, flags, name, eventNr, payload.toString('latin1')];
  });
  assert.deepEqual(texts, [
    ['DM_DEV_RENAME', 0, 'a', 0xd4d_0001, 'b\0\0\0\0\0\0\0'],
    ['DM_DEV_RENAME', DM_FLAGS.UUID, 'b', 0, 'V\0\0\0\0\0\0\0'],
  ]);
  for (const minor of [-1, 2 ** 20, 0.5]) await assert.rejects(dm.create('a', { minor }), { name: 'UsageError' });
  await assert.rejects(dm.create('a/b'), { name: 'UsageError' });
  await assert.rejects(dm.create('a', { uuid: 'x'.repeat(129) }), { name: 'UsageError' });
  await assert.rejects(dm.rename({ name: 'a' }, ''), { name: 'UsageError' });
  assert.equal(node.requests.length, 3);
});

test('rename() finds the old name of another reference first', async () => {
  const { dm, node } = fake((command, _, header) => {
    if (command === 'DM_DEV_STATUS') header.name = 'found';
    return undefined;
  });
  await dm.rename({ uuid: 'U' }, 'new');
  await dm.rename({ major: 254, minor: 1 }, 'new');
  assert.deepEqual(
    node.requests.map(({ command }, index) => [command, sentHeader(node, index).name]),
    [
      ['DM_DEV_STATUS', ''],
      ['DM_DEV_RENAME', 'found'],
      ['DM_DEV_STATUS', ''],
      ['DM_DEV_RENAME', 'found'],
    ],
  );
});

test('suspend(), resume(), remove() and removeAll() send their flags and cookies', async () => {
  const { dm, node } = fake(() => undefined);
  await dm.suspend(ref, { noflush: true, skipLockfs: true });
  await dm.resume(ref, { noflush: true, cookie: 7 });
  await dm.resume(ref);
  await dm.remove(ref, { deferred: true, cookie: 8 });
  await dm.removeAll({ deferred: true });
  await dm.removeAll();
  const { SUSPEND, NOFLUSH, SKIP_LOCKFS, DEFERRED_REMOVE } = DM_FLAGS;
  assert.deepEqual(
    node.requests.map((_, index) => {
      const { command, flags, eventNr } = sentHeader(node, index);
      return [command, flags, eventNr];
    }),
    [
      ['DM_DEV_SUSPEND', SUSPEND | NOFLUSH | SKIP_LOCKFS, 0],
      ['DM_DEV_SUSPEND', NOFLUSH, 7],
      ['DM_DEV_SUSPEND', 0, 0],
      ['DM_DEV_REMOVE', DEFERRED_REMOVE, 8],
      ['DM_REMOVE_ALL', DEFERRED_REMOVE, 0],
      ['DM_REMOVE_ALL', 0, 0],
    ],
  );
});

test('remove() believes the kernel whether the device is still there', async () => {
  const { dm } = fake((_, __, header) => {
    header.flags = DM_FLAGS.UEVENT_GENERATED;
    return undefined;
  });
  assert.deepEqual(await dm.remove(ref, { deferred: true }), { deferred: false, uevent: true });
  const kept = fake(() => undefined).dm;
  assert.deepEqual(await kept.remove(ref, { deferred: true }), { deferred: true, uevent: false });
});

test('setGeometry() writes four numbers and refuses others', async () => {
  const { dm, node } = fake(() => undefined);
  const geometry = { cylinders: 65_535, heads: 255, sectorsPerTrack: 63, start: sectors(2048) };
  await dm.setGeometry(ref, geometry);
  assert.equal(sentHeader(node).payload.toString('latin1').replace(/\0+$/, ''), '65535 255 63 2048');
  for (const wrong of [{ cylinders: 65_536 }, { heads: 256 }, { sectorsPerTrack: -1 }, { start: sectors(2n ** 40n) }]) {
    await assert.rejects(dm.setGeometry(ref, { ...geometry, ...wrong }), { name: 'UsageError' });
  }
});

test('info() tells each of the kernel’s flags', async () => {
  const told = async (flags: number) => {
    const { dm } = answering(new Uint8Array(0), { flags });
    const { suspended, internallySuspended, readOnly, active, inactive, deferredRemove } = await dm.info(ref);
    return [suspended, internallySuspended, readOnly, active, inactive, deferredRemove];
  };
  const bits = [
    'SUSPEND',
    'INTERNAL_SUSPEND',
    'READONLY',
    'ACTIVE_PRESENT',
    'INACTIVE_PRESENT',
    'DEFERRED_REMOVE',
  ] as const;
  for (const [index, bit] of bits.entries()) {
    assert.deepEqual(
      await told(DM_FLAGS[bit]),
      bits.map((_, other) => other === index),
    );
  }
});

test('message() never sends again what a target has done, and asks the core’s lists again', async () => {
  const { dm, node } = fake((_, __, header) => {
    header.flags |= DM_FLAGS.DATA_OUT | DM_FLAGS.BUFFER_FULL;
    return undefined;
  });
  await assert.rejects(dm.message(ref, 'delete 1', { room: 100 }), {
    code: 'ENOBUFS',
    message: /vol: its answer is longer than 100 bytes and lost; what the message asked for is done/,
  });
  assert.equal(node.requests.length, 1);
  const growing = fake((_, bytes, header) => {
    header.flags |= DM_FLAGS.DATA_OUT;
    if (bytes.length < 100_000) {
      header.flags |= DM_FLAGS.BUFFER_FULL;
      return undefined;
    }
    header.dataSize = HEADER + 3;
    bytes.set(Buffer.from('ok\0'), HEADER);
    return undefined;
  });
  assert.equal(await growing.dm.message(ref, '@stats_print 0'), 'ok');
  assert.deepEqual(
    growing.node.requests.map(({ sent }) => sent.length - HEADER),
    [4096, 16_384, 65_536, 262_144],
  );
  await assert.rejects(dm.message(ref, 'a\0b'), { name: 'UsageError' });
});

test('message() sends sector and text, and reads an answer of any bytes', async () => {
  const { dm, node } = answering(hex('ff6100'), { flags: DM_FLAGS.DATA_OUT });
  assert.equal(await dm.message(ref, 'key \udcff', { sector: 9n, mayWait: true }), '\udcffa');
  const { payload } = sentHeader(node);
  assert.deepEqual([payload.readBigUInt64LE(0), payload.toString('latin1', 8, 14)], [9n, 'key \xff\0']);
  assert.equal(await answering(new Uint8Array(0)).dm.message(ref, 'quiet'), undefined);
});

test('secure calls leave nothing in their buffers', async () => {
  const kernel = new SimulatedKernel();
  const node = new RecordingNode(kernel.openControl());
  const dm = new DeviceMapper(node);
  const disk = kernel.addDisk({ sectors: 64 });
  const params = `${disk.number.major}:${disk.number.minor} 0`;
  const table = [{ start: sectors(0), length: sectors(8), type: 'linear', params }];
  await dm.create('vol');
  await dm.load(ref, table, { secure: true });
  await dm.resume(ref);
  assert.equal((await dm.table(ref, { secure: true }))[0]?.params, params);
  await assert.rejects(dm.load(ref, [{ ...(table[0] ?? assert.fail()), params: `${params} x` }], { secure: true }));
  await assert.rejects(dm.message(ref, 'key set 0123', { secure: true }), { code: 'EINVAL' });
  const secure = node.requests.filter(({ sent }) => (DmIoctl.at(sent).flags & DM_FLAGS.SECURE_DATA) !== 0);
  const commands: DmCommand[] = ['DM_TABLE_LOAD', 'DM_TABLE_STATUS', 'DM_TABLE_LOAD', 'DM_TARGET_MSG'];
  assert.deepEqual(
    secure.map(({ command }) => command),
    commands,
  );
  for (const { buffer } of secure) assert.ok(buffer.every((byte) => byte === 0));
});

test('DeviceMapper refuses a kernel that it cannot read', () => {
  assert.throws(() => fake(() => undefined, 36), { code: 'EINVAL', message: /interface 4\.36\.0, this library 4\.37/ });
});

test('DeviceMapper says when a kernel lacks a request', async () => {
  const { dm } = fake(() => ERRNO.ENOTTY);
  await assert.rejects(dm.targetVersion('linear'), { code: 'ENOTTY', reason: 'this kernel has no such request' });
});
