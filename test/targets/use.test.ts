import assert from 'node:assert/strict';
import test from 'node:test';
import { sectors } from '../../src/mapper/units.ts';
import { integrity, multipath, pcache, raid, secret, vdo, verity, writecache } from '../../src/targets/index.ts';
import { readbackOn } from './support.ts';

const ROOT = '4392712ba01368efdf14b05c76f9e4df0d53664630b5d48632ed17a137f39076';
const at = (minor: number): { major: number; minor: number } => ({ major: 8, minor });

test('raid() writes the tables of the kernel’s documentation', () => {
  const legs = [17, 33, 49, 65, 81];
  const bare = raid({
    type: 'raid4',
    chunk: 2048,
    devices: legs.map((minor) => ({ metadata: null, data: at(minor) })),
  });
  assert.equal(bare.params(), 'raid4 1 2048 5 - 8:17 - 8:33 - 8:49 - 8:65 - 8:81');
  const kept = raid({
    type: 'raid4',
    chunk: 2048,
    options: ['sync', { min_recovery_rate: 20 }],
    devices: legs.map((minor) => ({ metadata: at(minor), data: at(minor + 1) })),
  });
  const length = 1_960_893_648n;
  const params = 'raid4 4 2048 sync min_recovery_rate 20 5 8:17 8:18 8:33 8:34 8:49 8:50 8:65 8:66 8:81 8:82';
  assert.deepEqual(kept.tableLine(sectors(0n), sectors(length)), {
    start: 0n,
    length,
    type: 'raid',
    params,
  });
  assert.deepEqual(kept.problems({ length, kernel: '6.1' }), []);
});

test('raid.devices() gives each data device its share of the length', () => {
  const legs = [0, 16, 32, 48].map((minor) => ({ metadata: at(minor + 1), data: at(minor) }));
  const shares = (target: ReturnType<typeof raid>): unknown[] =>
    target
      .devices(1_048_576n)
      .filter(({ role }) => role === 'data')
      .map(({ length }) => length);
  assert.deepEqual(shares(raid({ type: 'raid1', chunk: 0, devices: legs })), Array(4).fill(1_048_576n));
  assert.deepEqual(shares(raid({ type: 'raid0', chunk: 8, devices: legs })), Array(4).fill(262_144n));
  assert.deepEqual(shares(raid({ type: 'raid6_zr', chunk: 8, devices: legs })), Array(4).fill(524_288n));
  assert.deepEqual(shares(raid({ type: 'raid10', chunk: 8, devices: legs })), Array(4).fill(524_288n));
  const [metadata] = raid({ type: 'raid1', chunk: 0, devices: legs }).devices(8n);
  assert.deepEqual(metadata, { device: at(1), role: 'metadata', mode: 'table', offset: 0n, length: undefined });
});

test('verity() writes the table of the kernel’s documentation and knows its areas', () => {
  const target = verity({
    version: 1,
    data: '/dev/sda1',
    hash: '/dev/sda2',
    dataBlockSize: 4096,
    hashBlockSize: 4096,
    blocks: 262_144n,
    hashStart: 1n,
    algorithm: 'sha256',
    digest: ROOT,
    salt: '1234000000000000000000000000000000000000000000000000000000000000',
  });
  assert.equal(
    target.params(),
    `1 /dev/sda1 /dev/sda2 4096 4096 262144 1 sha256 ${ROOT} ` +
      '1234000000000000000000000000000000000000000000000000000000000000',
  );
  assert.deepEqual(target.problems({ length: 2_097_152n, readOnly: true }), []);
  assert.deepEqual(
    target.devices(2_097_152n).map(({ device, role, mode, offset, length }) => [device, role, mode, offset, length]),
    [
      ['/dev/sda1', 'data', 'read', 0n, 2_097_152n],
      ['/dev/sda2', 'hash', 'read', 8n, undefined],
    ],
  );
});

test('verity.devices() gives the parity its place', () => {
  const target = verity.parse(
    `1 8:1 8:2 4096 4096 128 1 sha256 ${ROOT} - 8 use_fec_from_device 8:3 fec_roots 2 fec_blocks 130 fec_start 16`,
  );
  const parity = target.devices(1024n).find(({ role }) => role === 'use_fec_from_device');
  assert.deepEqual(parity, {
    device: at(3),
    role: 'use_fec_from_device',
    mode: 'read',
    offset: 128n,
    length: undefined,
  });
});

test('integrity() hides keys in all that it prints', () => {
  const key = '00112233445566778899aabbccddeeff';
  const target = integrity({
    device: '/dev/sda',
    offset: sectors(0n),
    tagSize: null,
    mode: 'J',
    options: [
      { internal_hash: { algorithm: 'hmac(sha256)', key: secret(key) } },
      { journal_crypt: { algorithm: 'ctr(aes)', key: secret(key) } },
      { journal_mac: { algorithm: 'crc32c' } },
    ],
  });
  const zeros = '0'.repeat(key.length);
  const line = (shown: string): string =>
    `/dev/sda 0 - J 3 internal_hash:hmac(sha256):${shown} journal_crypt:ctr(aes):${shown} journal_mac:crc32c`;
  assert.equal(target.params(), line(zeros));
  assert.equal(String(target), `integrity ${line(zeros)}`);
  assert.equal(target.params({ showKeys: true }), line(key));
  assert.ok(
    !JSON.stringify(target.values, (_, value) => (typeof value === 'bigint' ? `${value}` : value)).includes(key),
  );
  const wrong = integrity.problems(`/dev/sda 0 - J 2 internal_hash:hmac(sha256):abcdefg bogus:${key}`);
  assert.ok(wrong.length > 0);
  assert.ok(!wrong.some(({ message }) => message.includes(key) || message.includes('abcdefg')));
  assert.equal(
    integrity.hideKeys('8:0 0 - J x journal_mac:hmac(md5):0123abcd'),
    '8:0 0 - J x journal_mac:hmac(md5):00000000',
  );
});

test('integrity.parse() reads the documentation’s keyed hash', () => {
  const [option] = integrity.parse('8:0 0 - J 1 internal_hash:hmac(sha256):0123456789abcdef').values.options ?? [];
  const hash = typeof option === 'object' && 'internal_hash' in option ? option.internal_hash : undefined;
  assert.equal(hash?.algorithm, 'hmac(sha256)');
  assert.equal(hash?.key?.reveal(), '0123456789abcdef');
});

test('writecache() counts the words of its options and knows where its cache begins', () => {
  const target = writecache({
    kind: 's',
    origin: at(0),
    cache: at(16),
    blockSize: 4096,
    options: [{ start_sector: sectors(2048n) }, 'cleaner'],
  });
  assert.equal(target.params(), 's 8:0 8:16 4096 3 start_sector 2048 cleaner');
  assert.deepEqual(
    target.devices(4096n).map(({ role, offset, length }) => [role, offset, length]),
    [
      ['origin', 0n, 4096n],
      ['cache', 2048n, undefined],
    ],
  );
});

test('writecache() prints back the last of fua and nofua', () => {
  const target = writecache.parse('p 8:0 8:16 4096 3 nofua cleaner fua');
  assert.equal(target.readback(readbackOn('6.12')), 'p 8:0 8:16 4096 2 cleaner fua');
});

test('multipath() writes groups of paths, and refuses paths with different arguments', () => {
  const group = {
    selector: 'round-robin',
    selectorArguments: [],
    paths: [
      { path: at(0), arguments: ['1'] },
      { path: at(16), arguments: ['1'] },
    ],
  };
  const values = { features: ['queue_if_no_path'], handler: ['alua'], initialGroup: 1 } as const;
  const target = multipath({ ...values, groups: [group] });
  assert.equal(target.params(), '1 queue_if_no_path 1 alua 1 1 round-robin 0 2 1 8:0 1 8:16 1');
  assert.deepEqual(
    target.devices(64n).map(({ device, length }) => [device, length]),
    [
      [at(0), 64n],
      [at(16), 64n],
    ],
  );
  const uneven = { ...group, paths: [{ path: at(0), arguments: [] }, ...group.paths] };
  assert.throws(() => multipath({ ...values, groups: [uneven] }).params(), {
    name: 'RangeError',
    message: 'all paths must have the same number of arguments',
  });
});

test('vdo() writes the tables of the kernel’s documentation, which come back as they are', () => {
  const target = vdo({
    version: 'V4',
    device: '/dev/dm-1',
    physical: 786_432n,
    blockSize: '512',
    cache: 65_550,
    era: 5000,
    options: [{ hash: 1 }, { logical: 3 }, { physical: 2 }],
  });
  const params = 'V4 /dev/dm-1 786432 512 65550 5000 hash 1 logical 3 physical 2';
  assert.equal(target.params(), params);
  assert.deepEqual(target.problems({ kernel: '6.12', length: 10_485_760n }), []);
  assert.equal(target.readback(readbackOn('6.12')), params);
  assert.deepEqual(vdo.problems('V4 /dev/dm-1 786432 4096 32768 16380 maxDiscard 8'), []);
  assert.deepEqual(
    target.devices(10_485_760n).map(({ offset, length }) => [offset, length]),
    [[0n, 6_291_456n]],
  );
});

test('pcache() prints back a word that the kernel does not take', () => {
  const target = pcache.parse('/dev/ram0 /dev/ram1 4 cache_mode writeback data_crc true');
  assert.deepEqual(target.problems({ kernel: '6.18' }), []);
  const printed = target.readback(readbackOn('6.18'));
  assert.equal(printed, '1:0 1:1 4 cache_mode writeback crc true');
  assert.equal(pcache.parse(printed).params(), printed);
  assert.equal(pcache.parse('/dev/ram0 /dev/ram1').readback(readbackOn('6.18')), `${printed.slice(0, -4)}false`);
});

test('messages are written and checked', () => {
  assert.equal(raid.messages.check(), 'check');
  assert.equal(writecache.messages.flush_on_suspend(), 'flush_on_suspend');
  assert.equal(multipath.messages.switch_group({ group: 2 }), 'switch_group 2');
  assert.equal(multipath.messages.fail_path({ path: at(16) }), 'fail_path 8:16');
  assert.throws(() => multipath.messages.enable_group({ group: 0 }), RangeError);
  assert.equal(vdo.messages.dump(), 'dump');
  assert.equal(vdo.messages.dump({ what: ['queues', 'vdo'] }), 'dump queues vdo');
  assert.equal(vdo.messages['dump-on-shutdown'](), 'dump-on-shutdown');
  assert.equal(vdo.messages.compression({ state: 'on' }), 'compression on');
  assert.equal(pcache.messages.gc_percent({ percent: 80 }), 'gc_percent 80');
  assert.throws(() => pcache.messages.gc_percent({ percent: 91 }), RangeError);
});

test('features say what the kernel demands of the whole table', () => {
  assert.deepEqual(multipath.features, { singleton: true, immutable: true });
  assert.deepEqual(verity.features, {
    singleton: { before: false, since: '6.9', now: true },
    immutable: true,
    readOnly: true,
  });
  for (const { features } of [integrity, vdo, pcache]) assert.deepEqual(features, { singleton: true });
  for (const { features } of [raid, writecache]) assert.deepEqual(features, {});
});
