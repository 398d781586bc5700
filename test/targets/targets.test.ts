import assert from 'node:assert/strict';
import test from 'node:test';
import { errnoName } from '../../src/kernel/errno.ts';
import { DmParseError } from '../../src/mapper/errors.ts';
import { sectors } from '../../src/mapper/units.ts';
import {
  type Circumstances,
  cache,
  crypt,
  error,
  flakey,
  linear,
  mirror,
  snapshot,
  striped,
  targetNamed,
  thin,
  thinPool,
  zero,
} from '../../src/targets/index.ts';

const sda = { major: 8, minor: 0 };

/** The errno of each problem, in order, with its column. */
function errnos(type: string, params: string, circumstances: Circumstances = {}): string[] {
  return targetNamed(type)
    .problems(params, circumstances)
    .map(({ errno, column }) => `${errno === undefined ? '-' : errnoName(errno)}@${column}`);
}

test('linear() gives a target with its table line', () => {
  const target = linear({ device: sda, offset: sectors(2048n) });
  assert.equal(`${target}`, 'linear 8:0 2048');
  assert.deepEqual(target.tableLine(sectors(0n), sectors(8n)), {
    start: 0n,
    length: 8n,
    type: 'linear',
    params: '8:0 2048',
  });
  assert.deepEqual(zero().params(), '');
});

test('parse() gives typed values', () => {
  assert.deepEqual(linear.parse('/dev/sda 010').values, { device: '/dev/sda', offset: 10n });
  assert.deepEqual(striped.parse('2 128 8:0 0 8:16 64').values, {
    chunk: 128,
    stripes: [
      { device: sda, offset: 0n },
      { device: { major: 8, minor: 16 }, offset: 64n },
    ],
  });
  assert.deepEqual(mirror.parse('disk 3 8:0 1024 nosync 2 8:0 0 8:0 9').values.log, {
    disk: { device: sda, region: 1024, sync: 'nosync' },
  });
});

test('parse() says where a word is wrong', () => {
  const fault = (params: string): DmParseError => {
    try {
      linear.parse(params);
    } catch (thrown) {
      if (thrown instanceof DmParseError) return thrown;
    }
    throw new Error(`${params} was parsed`);
  };
  assert.equal(fault('8:0  0x10').column, 6);
  assert.equal(
    fault('8:0 18446744073709551617').message,
    'linear: offset must be a number from 0 to 2^64-1 sectors, not "18446744073709551617", which the kernel would take as 1 ' +
      'at column 5 of "8:0 18446744073709551617"',
  );
  assert.equal(fault('8:0').message, 'linear: offset is missing at column 4 of "8:0"');
});

// The cases of the Rust crate's own tests of flakey: what it parses must parse, and here it must print, too.
for (const [features, values] of [
  ['0', []],
  ['1 drop_writes', ['drop_writes']],
  ['1 error_writes', ['error_writes']],
  ['5 corrupt_bio_byte 32 r 1 0', [{ corrupt_bio_byte: { nth: 32, direction: 'r', value: 1, flags: 0 } }]],
  ['5 corrupt_bio_byte 224 w 0 32', [{ corrupt_bio_byte: { nth: 224, direction: 'w', value: 0, flags: 32 } }]],
  [
    '6 error_writes corrupt_bio_byte 32 r 1 0',
    ['error_writes', { corrupt_bio_byte: { nth: 32, direction: 'r', value: 1, flags: 0 } }],
  ],
  [
    '6 corrupt_bio_byte 32 r 1 0 drop_writes',
    [{ corrupt_bio_byte: { nth: 32, direction: 'r', value: 1, flags: 0 } }, 'drop_writes'],
  ],
] as const) {
  test(`flakey.parse() reads the features ${features} and params() writes them with the count of words`, () => {
    const params = `8:32 0 16 2 ${features}`;
    const target = flakey.parse(params);
    assert.deepEqual(target.values.features, values);
    assert.equal(target.params(), params);
    const { device, offset, up, down } = target.values;
    assert.equal(flakey({ device, offset, up, down, features: [...values] }).params(), params);
  });
}

test('flakey.parse() takes a line without features, which stays without', () => {
  const target = flakey.parse('8:32 0 16 2');
  assert.equal(target.values.features, undefined);
  assert.equal(target.params(), '8:32 0 16 2');
});

test('thinPool.parse() reads a pool without features, with 0 of them and with some', () => {
  for (const [params, features] of [
    ['42:42 42:43 16 2', undefined],
    ['42:42 42:43 16 2 0', []],
    ['42:42 42:43 128 2 2 skip_block_zeroing error_if_no_space', ['skip_block_zeroing', 'error_if_no_space']],
  ] as const) {
    const target = thinPool.parse(params);
    assert.deepEqual(target.values.features, features);
    assert.equal(target.values.lowWaterMark, 2n);
    assert.equal(target.params(), params);
  }
});

test('crypt.parse() reads the pieces of an option and misses an empty one', () => {
  const params = (option: string): string => `cipher_null-ecb - 0 8:0 0 1 ${option}`;
  const target = crypt.parse(params('integrity:28:aead'));
  assert.deepEqual(target.values.options, [{ integrity: { tagSize: 28, mode: 'aead' } }]);
  assert.equal(target.params({ showKeys: true }), params('integrity:28:aead'));
  for (const option of ['integrity:28:', 'integrity:28', 'integrity:', 'sector_size:']) {
    assert.throws(() => crypt.parse(params(option)), DmParseError, option);
  }
});

// What dmsetup 1.02.185 got from Linux 6.12.117 and 6.1 for these options, in the lab.
test('crypt.readback() says each option once, in the order of the kernel, and no usual sector size', () => {
  const loaded = (options: string): string =>
    crypt
      .parse(`cipher_null-ecb - 0 8:0 0 ${options}`)
      .readback({ kernel: '6.12', numberOf: () => sda }, { showKeys: true })
      .replace('cipher_null-ecb - 0 8:0 0 ', '');
  assert.equal(
    loaded('4 iv_large_sectors high_priority ALLOW_DISCARDS sector_size:512'),
    '3 allow_discards high_priority iv_large_sectors',
  );
  assert.equal(loaded('2 submit_from_crypt_cpus high_priority'), '2 high_priority submit_from_crypt_cpus');
  assert.equal(loaded('2 iv_large_sectors sector_size:4096'), '2 sector_size:4096 iv_large_sectors');
  assert.equal(loaded('2 allow_discards allow_discards'), '1 allow_discards');
});

test('crypt.problems() counts the options as each kernel does, and minds the case of those with a colon', () => {
  const problems = (count: number, option: string, kernel: '6.1' | '6.12'): string[] =>
    errnos('crypt', `cipher_null-ecb - 0 8:0 0 ${count}${` ${option}`.repeat(count)}`, { kernel });
  assert.deepEqual(problems(8, 'allow_discards', '6.1'), []);
  assert.deepEqual(problems(9, 'allow_discards', '6.1'), ['EINVAL@27']);
  assert.deepEqual(problems(9, 'allow_discards', '6.12'), []);
  assert.deepEqual(problems(10, 'allow_discards', '6.12'), ['EINVAL@27']);
  assert.deepEqual(problems(1, 'high_priority', '6.1'), ['EINVAL@29']);
  assert.deepEqual(problems(1, 'SECTOR_SIZE:4096', '6.12'), ['EINVAL@29']);
});

test('thin.parse() reads what the kernel prints for a failed and for an unbound device', () => {
  assert.deepEqual(thin.parse('Fail').values, { state: 'Fail' });
  assert.deepEqual(thin.parse('-').values, { state: '-' });
  assert.equal(thin.parse('-').params(), '-');
  assert.deepEqual(errnos('thin', 'Fail'), ['EINVAL@1']);
});

test('params() counts the words of cache tunables, not the pairs', () => {
  const target = cache({
    metadata: '/dev/meta',
    cache: '/dev/fast',
    origin: '/dev/slow',
    blockSize: 128,
    features: [],
    policy: 'smq',
    tunables: [{ name: 'migration_threshold', value: '4096' }],
  });
  assert.equal(target.params(), '/dev/meta /dev/fast /dev/slow 128 0 smq 2 migration_threshold 4096');
});

test('params() keeps unknown words in place', () => {
  const params = '8:0 0 5 6 3 drop_writes frobnicate error_reads later word';
  const target = flakey.parse(params);
  assert.deepEqual(target.values.features, ['drop_writes', { unknown: 'frobnicate' }, 'error_reads']);
  assert.deepEqual(target.rest, ['later', 'word']);
  assert.equal(target.params(), params);
  assert.equal(mirror.parse('new-log 1 x 2 8:0 0 8:0 9').params(), 'new-log 1 x 2 8:0 0 8:0 9');
});

test('params() quotes a path with a blank and refuses a number that its word cannot hold', () => {
  assert.equal(linear({ device: '/dev/my disk', offset: sectors(0n) }).params(), String.raw`/dev/my\ disk 0`);
  assert.throws(() => flakey({ device: sda, offset: sectors(0n), up: 2 ** 32, down: 0 }).params(), RangeError);
  assert.throws(() => flakey({ device: sda, offset: sectors(0n), up: 0.5, down: 0 }).params(), RangeError);
});

test('problems() come in the order of the kernel: words counted, offset, device', () => {
  const circumstances = { cannotOpen: () => 6 };
  assert.deepEqual(errnos('linear', '8:0 abc', circumstances), ['EINVAL@5', 'ENXIO@1']);
  assert.deepEqual(errnos('linear', '8:0 abc more', circumstances), ['EINVAL@9', 'EINVAL@5', 'ENXIO@1']);
  assert.deepEqual(errnos('linear', '8:0', circumstances), ['EINVAL@4', 'ENXIO@1']);
  assert.deepEqual(errnos('linear', '4096:0 0'), ['EOVERFLOW@1']);
  assert.deepEqual(errnos('linear', '4095:1048575 0'), []);
});

test('problems() knows what the kernel takes in silence', () => {
  assert.deepEqual(errnos('linear', '8:0 18446744073709551617'), ['-@5']);
  assert.deepEqual(errnos('thin-pool', '8:0 8:1 128 0 0 more'), ['-@17']);
  assert.deepEqual(errnos('unstriped', '2 8 2 8:0 0'), ['-@5']);
  assert.deepEqual(errnos('unstriped', '2 8 3 8:0 0'), ['EINVAL@5']);
});

test('problems() looks at the length and the mode only where they are known', () => {
  assert.deepEqual(errnos('striped', '2 128 8:0 0 8:1 0'), []);
  assert.deepEqual(errnos('striped', '2 128 8:0 0 8:1 0', { length: 1025n }), ['EINVAL@1']);
  assert.deepEqual(errnos('striped', '2 128 8:0 0 8:1 0', { length: 1000n }), ['EINVAL@3']);
  assert.deepEqual(errnos('thin-pool', '8:0 8:1 128 0', { readOnly: true }), ['EINVAL@1']);
  assert.deepEqual(errnos('mirror', 'core 1 2048 2 8:0 0 8:1 0', { length: 1024n }), ['EINVAL@8']);
});

test('construct() gives what the kernel makes of a line', () => {
  const taken = linear.construct('8:0 18446744073709551617');
  assert.deepEqual(taken.errno === undefined && taken.target.values, { device: sda, offset: 1n });
  const refused = thinPool.construct('8:0 8:1 128 0 1 bogus');
  assert.equal(refused.errno, 22);
  assert.deepEqual(refused.errno !== undefined && refused.problem.column, 17);
  const missing = linear.construct('/dev/nothing 0', { cannotOpen: () => 19 });
  assert.equal(missing.errno, 19);
});

test('problems() says what is wrong and what would be right', () => {
  const messages = (type: string, params: string, circumstances: Circumstances = {}): string[] =>
    targetNamed(type)
      .problems(params, circumstances)
      .map(({ message }) => message);
  assert.deepEqual(messages('thin-pool', '8:0 8:1 100 0'), [
    'thin-pool: block_size must be a multiple of 128 from 128 to 2097152 sectors, not "100"',
  ]);
  assert.deepEqual(messages('flakey', '8:0 0 5 6 1 error_reads', { kernel: '6.1' }), [
    'flakey: error_reads needs Linux 6.12; this is 6.1',
  ]);
  assert.deepEqual(messages('snapshot', '8:0 8:0 N 8 1 discard_passdown_origin'), [
    'snapshot: discard_passdown_origin needs discard_zeroes_cow',
    'snapshot: origin and cow must be two devices',
  ]);
  assert.deepEqual(messages('flakey', '8:0 0 5 6 2 drop_writes error_writes'), [
    'flakey: drop_writes and error_writes exclude each other',
  ]);
});

test('devices() tells each device with its area and mode, in the order of the text', () => {
  const unknown = undefined;
  const uses = (type: string, params: string, length: bigint): unknown[] =>
    targetNamed(type)
      .parse(params)
      .devices(length)
      .map(({ device, role, mode, offset, length: used }) => [device, role, mode, offset, used]);
  assert.deepEqual(uses('linear', '/dev/a 7', 100n), [['/dev/a', 'device', 'table', 7n, 100n]]);
  assert.deepEqual(uses('striped', '2 8 /dev/a 0 /dev/b 16', 64n), [
    ['/dev/a', 'device', 'table', 0n, 32n],
    ['/dev/b', 'device', 'table', 16n, 32n],
  ]);
  assert.deepEqual(uses('delay', '/dev/a 1 5 /dev/a 2 5', 8n), [
    ['/dev/a', 'read', 'table', 1n, 8n],
    ['/dev/a', 'write', 'table', 2n, 8n],
  ]);
  assert.deepEqual(uses('mirror', 'disk 2 /dev/log 1024 2 /dev/a 0 /dev/b 8', 1024n), [
    ['/dev/log', 'log', 'table', 0n, unknown],
    ['/dev/a', 'device', 'table', 0n, 1024n],
    ['/dev/b', 'device', 'table', 8n, 1024n],
  ]);
  assert.deepEqual(uses('thin', '/dev/pool 3 /dev/origin', 8n), [
    ['/dev/pool', 'pool', 'table', 0n, unknown],
    ['/dev/origin', 'external_origin', 'read', 0n, unknown],
  ]);
  assert.deepEqual(uses('thin', 'Fail', 8n), []);
  assert.deepEqual(uses('snapshot', '/dev/a /dev/b P 8', 8n), [
    ['/dev/a', 'origin', 'read', 0n, 8n],
    ['/dev/b', 'cow', 'table', 0n, unknown],
  ]);
  assert.deepEqual(uses('error', '', 8n), []);
});

test('targetNamed() gives an unknown type that goes through unchanged', () => {
  const target = targetNamed('frobnicate').parse('  a\\ b   8:0 ');
  assert.equal(target.params(), '  a\\ b   8:0 ');
  assert.deepEqual(targetNamed('frobnicate').problems('anything'), []);
  assert.equal(targetNamed('frobnicate').status('1 2').kind, 'parsed');
  assert.equal(targetNamed('linear').type, 'linear');
});

test('grammars say what the kernel demands of the table', () => {
  assert.deepEqual(thinPool.features, { singleton: true, immutable: true, alwaysWriteable: true });
  assert.deepEqual(snapshot.features, {});
});

test('error.parse() takes anything, and a device from two words', () => {
  assert.deepEqual(error.parse('a b c').rest, ['a', 'b', 'c']);
  assert.deepEqual(error.parse('8:0 16').values, { device: sda, offset: 16n });
  assert.deepEqual(errnos('error', 'a b', { kernel: '6.1' }), []);
  assert.deepEqual(errnos('error', 'a b', { kernel: '6.12' }), ['EINVAL@3']);
});
