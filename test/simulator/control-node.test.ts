import assert from 'node:assert/strict';
import test from 'node:test';
import { DM_FLAGS, type DmCommand, DmIoctl, DmTargetSpec } from '../../src/kernel/index.ts';
import { DeviceMapper } from '../../src/mapper/device-mapper.ts';
import { SimulatedKernel } from '../../src/simulator/index.ts';
import { type Ask, golden, type Line, messagePayload, probe, requestBytes, tablePayload } from './support.ts';

const dev = (major: number, minor: number): bigint =>
  BigInt((minor & 0xff) | (major << 8)) | (BigInt(minor & ~0xff) << 12n);

type Step = readonly [label: string, command: DmCommand, ask: Ask];

const d1 = { name: 'd1' };
const load = (label: string, lines: readonly Line[], more: Ask = {}): Step => [
  label,
  'DM_TABLE_LOAD',
  { ...d1, targetCount: lines.length, payload: tablePayload(lines), ...more },
];
const status = (label: string, flags = 0): Step => [label, 'DM_DEV_STATUS', { ...d1, flags }];
const zero: Line = [0n, 8n, 'zero', ''];

/** What the captures' probe did, in its order, under its labels. The backing disk is 1:0 with 8192 sectors. */
const steps: readonly Step[] = [
  ['create d1 uuid', 'DM_DEV_CREATE', { name: 'd1', uuid: 'UU-1' }],
  status('status d1'),
  ['dup name', 'DM_DEV_CREATE', { name: 'd1' }],
  ['dup uuid', 'DM_DEV_CREATE', { name: 'd2', uuid: 'UU-1' }],
  ['empty name', 'DM_DEV_CREATE', {}],
  ['persist minor 77', 'DM_DEV_CREATE', { name: 'pm', dev: dev(254, 77), flags: DM_FLAGS.PERSISTENT_DEV }],
  [' status', 'DM_DEV_STATUS', { name: 'pm' }],
  ['persist minor dup', 'DM_DEV_CREATE', { name: 'pm2', dev: dev(254, 77), flags: DM_FLAGS.PERSISTENT_DEV }],
  ['persist big', 'DM_DEV_CREATE', { name: 'pm2', dev: dev(254, 2 ** 20), flags: DM_FLAGS.PERSISTENT_DEV }],
  ['persist with other major 8:78', 'DM_DEV_CREATE', { name: 'pm3', dev: dev(8, 78), flags: DM_FLAGS.PERSISTENT_DEV }],
  ['rm pm', 'DM_DEV_REMOVE', { name: 'pm' }],
  [
    'create flags SUSPEND|RO|NOFLUSH|0x100000',
    'DM_DEV_CREATE',
    { name: 'fx', flags: DM_FLAGS.SUSPEND | DM_FLAGS.READONLY | DM_FLAGS.NOFLUSH | 0x100000 },
  ],
  ['rm w/o table cookie', 'DM_DEV_REMOVE', { name: 'fx', eventNr: 0x1234 }],
  ['name+uuid', 'DM_DEV_STATUS', { name: 'd1', uuid: 'UU-1' }],
  ['uuid only', 'DM_DEV_STATUS', { uuid: 'UU-1' }],
  ['dev only', 'DM_DEV_STATUS', { dev: dev(254, 0) }],
  ['dev+name', 'DM_DEV_STATUS', { name: 'd1', dev: dev(254, 0) }],
  ['dev+uuid', 'DM_DEV_STATUS', { uuid: 'UU-1', dev: dev(254, 0) }],
  ['none', 'DM_DEV_STATUS', {}],
  ['nodev', 'DM_DEV_STATUS', { dev: dev(254, 99) }],
  ['resume d1 no table', 'DM_DEV_SUSPEND', d1],
  ['suspend d1', 'DM_DEV_SUSPEND', { ...d1, flags: DM_FLAGS.SUSPEND }],
  ['suspend again', 'DM_DEV_SUSPEND', { ...d1, flags: DM_FLAGS.SUSPEND }],
  ['resume d1 no table after suspend', 'DM_DEV_SUSPEND', d1],
  status('status'),
  ['deps', 'DM_TABLE_DEPS', d1],
  ['tstatus', 'DM_TABLE_STATUS', d1],
  ['tstatus STATUS_TABLE', 'DM_TABLE_STATUS', { ...d1, flags: DM_FLAGS.STATUS_TABLE }],
  ['clear', 'DM_TABLE_CLEAR', d1],
  load('load 0 targets', []),
  ['tc=1 no payload', 'DM_TABLE_LOAD', { ...d1, targetCount: 1, size: 312 }],
  ['tc=1 no payload 16k', 'DM_TABLE_LOAD', { ...d1, targetCount: 1 }],
  load('load len0', [[0n, 0n, 'zero', '']]),
  load('load gap', [[1n, 8n, 'zero', '']]),
  load('load gap2', [zero, [9n, 8n, 'zero', '']]),
  load('load overlap', [zero, [7n, 8n, 'zero', '']]),
  load('load unknown', [[0n, 8n, 'nosuch', '']]),
  load('load bad linear args', [[0n, 8n, 'linear', '1:0']]),
  load('load nonexist dev', [[0n, 8n, 'linear', '/dev/nonexist 0']]),
  load('load bad off', [[0n, 8n, 'linear', '1:0 x']]),
  load('load maj:min nonexist', [[0n, 8n, 'linear', '200:5 0']]),
  load('load maj:min overflow', [[0n, 8n, 'linear', '99999:0 0']]),
  load('load beyond end', [[0n, 16384n, 'linear', '1:0 0']]),
  load('load self', [[0n, 8n, 'linear', '254:0 0']]),
  load('load start overflow', [[2n ** 64n - 4n, 8n, 'zero', '']]),
  load('load len huge', [[0n, 2n ** 60n, 'zero', '']]),
  load('load zero args', [[0n, 8n, 'zero', 'x']]),
  ['tc huge', 'DM_TABLE_LOAD', { ...d1, targetCount: 2 ** 20 + 1, payload: tablePayload([zero]) }],
  load('next<40 overlap', [
    [0n, 8n, 'zero', '', 16],
    [8n, 8n, 'zero', ''],
  ]),
  load('next 0 for last', [[0n, 8n, 'zero', '', 0]]),
  status('status'),
  status('status QINACT', DM_FLAGS.QUERY_INACTIVE_TABLE),
  load('load again RO', [zero], { flags: DM_FLAGS.READONLY }),
  status('status'),
  status('status QINACT', DM_FLAGS.QUERY_INACTIVE_TABLE),
  ['clear', 'DM_TABLE_CLEAR', d1],
  load('load linear ram0 RO flag', [[0n, 8n, 'linear', '1:0 0']], { flags: DM_FLAGS.READONLY }),
  ['resume w/ cookie', 'DM_DEV_SUSPEND', d1],
  status('status'),
  ['resume again (no inactive)', 'DM_DEV_SUSPEND', d1],
  load('reload rw', [[0n, 16n, 'linear', '1:0 0']]),
  ['suspend', 'DM_DEV_SUSPEND', { ...d1, flags: DM_FLAGS.SUSPEND }],
  ['resume', 'DM_DEV_SUSPEND', d1],
  status('status'),
  load('load+resume w/o suspend', [[0n, 32n, 'linear', '1:0 0']]),
  ['resume', 'DM_DEV_SUSPEND', d1],
];

function newKernel(kernel: '6.1' | '6.12' = '6.1'): SimulatedKernel {
  const made = new SimulatedKernel({ kernel });
  made.addDisk({ sectors: 8192, number: { major: 1, minor: 0 } });
  return made;
}

test('SimulatedControlNode answers the captured requests as Linux 6.1 did, header by header', () => {
  const node = newKernel().openControl();
  const captured = golden('ioctl-61.txt');
  let from = 0;
  for (const [label, command, ask] of steps) {
    const { text } = probe(node, command, ask);
    const at = captured.findIndex((line, index) => index >= from && line.startsWith(`${label}: `));
    assert.notEqual(at, -1, `${label} is not in the capture behind line ${from}`);
    assert.equal(`${label}: ${text}`, captured[at]);
    from = at + 1;
  }
});

test('SimulatedControlNode checks version, command and size in the kernel’s order', () => {
  const kernel = newKernel();
  const node = kernel.openControl();
  const versionAfter = (command: DmCommand, ask: Ask): string => {
    const { text, bytes } = probe(node, command, ask);
    return `${text.slice(0, 6)} (${DmIoctl.at(bytes).version.join(', ')})`;
  };
  assert.equal(versionAfter('DM_VERSION', {}), 'rc=0 f (4, 47, 0)');
  for (const version of [
    [4, 99, 0],
    [3, 0, 0],
    [5, 0, 0],
  ] as const) {
    assert.equal(versionAfter('DM_VERSION', { version }), 'EINVAL (4, 47, 0)');
  }
  assert.equal(versionAfter('DM_DEV_STATUS', { version: [4, 99, 0] }), 'EINVAL (4, 47, 0)');
  assert.equal(probe(node, 'DM_DEV_ARM_POLL', {}).text, 'ENOTTY');
  assert.match(probe(node, 'DM_VERSION', { size: 0 }).text, /dsize=0/);
  const sized = (command: DmCommand, size: number): string => probe(node, command, { name: 'no', size }).text;
  assert.equal(sized('DM_DEV_STATUS', 300), 'EINVAL');
  assert.equal(sized('DM_DEV_STATUS', 304), 'EINVAL');
  assert.equal(sized('DM_DEV_STATUS', 305), 'ENXIO');
  assert.equal(sized('DM_TABLE_LOAD', 304), 'EINVAL');
  assert.equal(sized('DM_TABLE_LOAD', 305), 'ENXIO');
  const list = (size: number): string => probe(node, 'DM_LIST_DEVICES', { size }).text;
  assert.match(list(305), /fl=BUFFULL .* dsize=305 dstart=305$/);
  assert.match(list(311), /fl=BUFFULL .* dsize=305 dstart=311$/);
  assert.match(list(312), /fl=BUFFULL .* dsize=305 dstart=312$/);
  const unprivileged = kernel.openControl({ privileged: false });
  assert.equal(probe(unprivileged, 'DM_VERSION', {}).text, 'EACCES');
});

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

test('DM_LIST_DEVICES needs exactly its records’ room, in the order of the names’ bytes', () => {
  const node = newKernel().openControl();
  // The minors and names of the capture's seven devices: `Z a a-1 ab b r2 r3`, 480 bytes in all.
  for (const name of ['r3', 'r2', 'b', 'a', 'Z', 'a-1', 'ab']) probe(node, 'DM_DEV_CREATE', { name });
  assert.match(probe(node, 'DM_LIST_DEVICES', { size: 479 }).text, /fl=BUFFULL .* dsize=305 dstart=312$/);
  const { text, bytes } = probe(node, 'DM_LIST_DEVICES', { size: 480 });
  assert.match(text, /fl= .* dsize=480 dstart=312$/);
  const names = [312, 336, 360, 384, 408, 432, 456].map((at) => {
    const end = bytes.indexOf(0, at + 12);
    return Buffer.from(bytes.subarray(at + 12, end)).toString();
  });
  assert.deepEqual(names, ['Z', 'a', 'a-1', 'ab', 'b', 'r2', 'r3']);
  assert.match(probe(node, 'DM_LIST_DEVICES', { name: 'a' }).text, /dsize=384/);
  assert.match(probe(node, 'DM_LIST_DEVICES', { name: 'qq' }).text, /dsize=312/);
});

test('DM_TABLE_STATUS gives what fits, as captured for every size', () => {
  const kernel = newKernel();
  const node = kernel.openControl();
  for (const [name, lines] of [
    ['z', [zero]],
    [
      'l1',
      [
        [0n, 8n, 'linear', '1:0 0'],
        [8n, 8n, 'zero', ''],
      ],
    ],
  ] as const) {
    probe(node, 'DM_DEV_CREATE', { name });
    probe(node, 'DM_TABLE_LOAD', { name, targetCount: lines.length, payload: tablePayload(lines) });
    probe(node, 'DM_DEV_SUSPEND', { name });
  }
  let compared = 0;
  for (const line of golden('ioctl-61.txt')) {
    const match = /^(l1 )?tstatus size (\d+) (\S+) (\d+) (\d+)$/.exec(line);
    if (match === null) continue;
    const [, name = 'z', size, flags, used, count] = match;
    const ask = { name: name.trim(), size: Number(size), flags: DM_FLAGS.STATUS_TABLE };
    const { text, bytes } = probe(node, 'DM_TABLE_STATUS', ask);
    assert.ok(text.startsWith(`rc=0 fl=${flags} `), `${line}: ${text}`);
    const header = DmIoctl.at(bytes);
    assert.equal(`${header.dataSize} ${header.targetCount}`, `${used} ${count}`, line);
    compared++;
  }
  assert.equal(compared, 15);
  const { bytes } = probe(node, 'DM_TABLE_STATUS', { name: 'l1', flags: DM_FLAGS.STATUS_TABLE });
  const second = DmTargetSpec.at(bytes, 312 + DmTargetSpec.at(bytes, 312).next);
  assert.equal(`${second.sectorStart} ${second.length} ${second.targetType} ${second.next}`, '8 8 zero 96');
});

test('a resume whose table does not fit keeps the old one, suspended', async () => {
  const node = newKernel().openControl();
  const dm = new DeviceMapper(node);
  probe(node, 'DM_DEV_CREATE', { name: 'l' });
  probe(node, 'DM_TABLE_LOAD', { name: 'l', targetCount: 1, payload: tablePayload([zero]) });
  probe(node, 'DM_DEV_SUSPEND', { name: 'l' });
  const beyond = tablePayload([[0n, 16384n, 'linear', '1:0 0']]);
  assert.match(probe(node, 'DM_TABLE_LOAD', { name: 'l', targetCount: 1, payload: beyond }).text, /fl=ACTIVE\|INACT /);
  assert.equal(probe(node, 'DM_DEV_SUSPEND', { name: 'l' }).text, 'EINVAL');
  assert.match(probe(node, 'DM_DEV_STATUS', { name: 'l' }).text, /fl=SUSPEND\|ACTIVE ev=0 tc=1/);
  assert.equal((await dm.table({ name: 'l' }))[0]?.type, 'zero');
});

test('a device that another one lies on cannot be removed, and goes with it when that was deferred', () => {
  const node = newKernel().openControl();
  for (const [name, lines] of [
    ['d1', [[0n, 8n, 'linear', '1:0 0']]],
    [
      'top',
      [
        [0n, 4n, 'linear', '1:0 0'],
        [4n, 4n, 'linear', '254:0 4'],
      ],
    ],
  ] as const) {
    probe(node, 'DM_DEV_CREATE', { name });
    probe(node, 'DM_TABLE_LOAD', { name, targetCount: lines.length, payload: tablePayload(lines) });
    probe(node, 'DM_DEV_SUSPEND', { name });
  }
  assert.equal(probe(node, 'DM_DEV_REMOVE', { name: 'd1' }).text, 'EBUSY');
  const { bytes } = probe(node, 'DM_TABLE_DEPS', { name: 'top' });
  const view = new DataView(bytes.buffer);
  assert.deepEqual(
    [320, 328].map((at) => view.getBigUint64(at, true)),
    [dev(254, 0), dev(1, 0)],
  );
  assert.match(probe(node, 'DM_DEV_REMOVE', { name: 'd1', flags: DM_FLAGS.DEFERRED_REMOVE }).text, /fl=DEFER /);
  assert.match(probe(node, 'DM_DEV_STATUS', { name: 'd1' }).text, /fl=ACTIVE\|DEFER .* open=1 /);
  assert.match(probe(node, 'DM_DEV_REMOVE', { name: 'top' }).text, /fl=UEVENT /);
  assert.equal(probe(node, 'DM_DEV_STATUS', { name: 'd1' }).text, 'ENXIO');
});

test('Linux 6.12 refuses names and paths otherwise than 6.1', () => {
  const old = newKernel('6.1').openControl();
  const young = newKernel('6.12').openControl();
  for (const name of ['.', '..', 'control']) {
    assert.match(probe(old, 'DM_DEV_CREATE', { name }).text, /^rc=0/);
    assert.equal(probe(young, 'DM_DEV_CREATE', { name }).text, 'EINVAL');
  }
  probe(young, 'DM_DEV_CREATE', { name: 'd1' });
  const loading = (line: Line, node = young): string =>
    probe(node, 'DM_TABLE_LOAD', { name: 'd1', targetCount: 1, payload: tablePayload([line]) }).text;
  assert.equal(loading([0n, 8n, 'linear', '/dev/nonexist 0']), 'ENOENT');
  assert.equal(loading([0n, 8n, 'linear', '254:0 0']), 'EINVAL');
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
