import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { release } from 'node:os';
import test, { type TestContext } from 'node:test';
import type { DeviceNumber } from '../../src/kernel/dm-ioctl.ts';
import { DeviceMapper } from '../../src/mapper/device-mapper.ts';
import { DmError } from '../../src/mapper/errors.ts';
import { sectors } from '../../src/mapper/units.ts';
import {
  crypt,
  error,
  flakey,
  integrity,
  type KernelVersion,
  linear,
  multipath,
  type Readback,
  raid,
  secret,
  striped,
  type Target,
  thinPool,
  verity,
  writecache,
  zero,
} from '../../src/targets/index.ts';
import { refusals } from '../targets/refusals.ts';
import { comparable } from '../targets/support.ts';
import { attempt, cleanUp, sh } from './support.ts';

const RAM_DISKS = 8;
const RAM_KIB = 65_536;
const LENGTH = 8192n;
const ram = (minor: number): string => `/dev/ram${minor}`;
const none = sectors(0n);
let nextName = 0;

const readback: Readback = {
  kernel: release().startsWith('6.1.') ? '6.1' : '6.12',
  numberOf(path): DeviceNumber {
    const { rdev } = statSync(path);
    return { major: (rdev >> 8) & 0xfff, minor: (rdev & 0xff) | ((rdev >> 12) & 0xfff00) };
  },
};

interface Case {
  readonly name: string;
  readonly target: Target;
  readonly readOnly?: boolean;
  readonly since?: KernelVersion;
}

const verityValues = {
  version: 1,
  data: ram(0),
  hash: ram(1),
  dataBlockSize: 4096,
  hashBlockSize: 4096,
  blocks: 1024n,
  hashStart: 1n,
  algorithm: 'sha256',
  digest: 'AB'.repeat(32),
  salt: null,
};

const cases: readonly Case[] = [
  { name: 'linear', target: linear({ device: ram(0), offset: sectors(8n) }) },
  { name: 'zero', target: zero() },
  { name: 'error', target: error() },
  {
    name: 'striped',
    target: striped({ chunk: 64, stripes: [0, 1].map((minor) => ({ device: ram(minor), offset: none })) }),
  },
  { name: 'flakey', target: flakey({ device: ram(0), offset: none, up: 5, down: 0 }) },
  {
    name: 'flakey with options',
    target: flakey({
      device: ram(0),
      offset: none,
      up: 5,
      down: 1,
      features: [{ corrupt_bio_byte: { nth: 32, direction: 'r', value: 1, flags: 0 } }, 'drop_writes'],
    }),
  },
  {
    name: 'crypt',
    target: crypt({
      cipher: 'aes-xts-plain64',
      key: secret('0f'.repeat(32)),
      ivOffset: none,
      device: ram(0),
      offset: none,
      options: [{ sector_size: 4096 }, 'allow_discards'],
    }),
  },
  {
    name: 'thin-pool',
    target: thinPool({
      metadata: ram(1),
      data: ram(0),
      blockSize: 128,
      lowWaterMark: 4n,
      features: ['error_if_no_space', 'skip_block_zeroing'],
    }),
  },
  {
    name: 'writecache',
    target: writecache({
      kind: 's',
      origin: ram(0),
      cache: ram(1),
      blockSize: 4096,
      options: [{ max_age: 1000 }, 'metadata_only', { start_sector: sectors(8n) }, { high_watermark: 60 }],
    }),
  },
  { name: 'verity', target: verity(verityValues), readOnly: true },
  {
    name: 'verity with parity',
    target: verity({
      ...verityValues,
      salt: 'ABCD',
      options: [
        'check_at_most_once',
        { use_fec_from_device: ram(2) },
        { fec_roots: 2 },
        { fec_blocks: 1100n },
        'ignore_corruption',
      ],
    }),
    readOnly: true,
  },
  {
    name: 'verity for errors',
    target: verity({ ...verityValues, options: ['panic_on_error'] }),
    readOnly: true,
    since: '6.12',
  },
  {
    name: 'integrity with a journal',
    target: integrity({
      device: ram(0),
      offset: none,
      tagSize: null,
      mode: 'J',
      options: [
        { internal_hash: { algorithm: 'hmac(sha256)', key: secret('0f'.repeat(16)) } },
        'fix_hmac',
        { interleave_sectors: 1000 },
        { commit_time: 500 },
      ],
    }),
  },
  {
    name: 'integrity with a bitmap',
    target: integrity({
      device: ram(0),
      offset: sectors(16n),
      tagSize: 4,
      mode: 'B',
      options: [{ internal_hash: { algorithm: 'crc32c' } }, { meta_device: ram(1) }, { sectors_per_bit: 5000n }],
    }),
  },
  {
    name: 'raid1',
    target: raid({
      type: 'raid1',
      chunk: 64,
      options: ['nosync', { write_mostly: 1 }, { daemon_sleep: 200 }, { max_write_behind: 9 }],
      devices: [
        { metadata: ram(2), data: ram(0) },
        { metadata: ram(3), data: ram(1) },
      ],
    }),
  },
  {
    name: 'raid5',
    target: raid({
      type: 'raid5_ls',
      chunk: 64,
      options: [{ region_size: 1024 }, 'nosync'],
      devices: [0, 1, 2].map((minor) => ({ metadata: null, data: ram(minor) })),
    }),
  },
  {
    name: 'multipath',
    target: multipath({
      features: [{ queue_mode: 'bio' }, 'queue_if_no_path'],
      handler: [],
      initialGroup: 2,
      groups: [
        {
          selector: 'service-time',
          selectorArguments: [],
          paths: [0, 1].map((minor) => ({ path: ram(minor), arguments: ['1', '3'] })),
        },
        { selector: 'round-robin', selectorArguments: [], paths: [{ path: ram(2), arguments: [] }] },
      ],
    }),
  },
];

/** A device without a table, and ram disks without contents; removed after the test. */
async function makeDevice(t: TestContext): Promise<{ dm: DeviceMapper; name: string }> {
  sh(`modprobe -r brd; modprobe brd rd_nr=${RAM_DISKS} rd_size=${RAM_KIB}`);
  sh('for disk in 0 1 2 3; do dd if=/dev/zero of=/dev/ram$disk bs=1M count=4 2>&1; done');
  const dm = DeviceMapper.open();
  const name = `target-${process.pid}-${nextName++}`;
  await dm.create(name);
  cleanUp(t, async () => {
    await dm.remove({ name });
    dm[Symbol.dispose]();
  });
  return { dm, name };
}

/** A device with one target. */
async function load(t: TestContext, { target, readOnly = false }: Case): Promise<{ dm: DeviceMapper; name: string }> {
  const { dm, name } = await makeDevice(t);
  await dm.load({ name }, [target.tableLine(none, sectors(LENGTH))], { readOnly });
  await dm.resume({ name });
  return { dm, name };
}

for (const each of cases) {
  test(`the kernel loads ${each.name}, prints it back as readback() says, and its status can be read`, async (t) => {
    if (each.since === '6.12' && readback.kernel === '6.1') return t.skip(`needs Linux ${each.since}`);
    const { target, readOnly = false } = each;
    assert.deepEqual(target.problems({ kernel: readback.kernel, length: LENGTH, readOnly }), []);
    const { dm, name } = await load(t, each);
    const { type, grammar } = target;
    const [table] = await dm.table({ name });
    assert.equal(table?.type, type);
    const printed = table?.params ?? '';
    assert.equal(comparable(type, target.readback(readback, { showKeys: true })), comparable(type, printed));
    if (type !== 'error') grammar.parse(printed);
    const [line] = await dm.status({ name });
    const status = grammar.status(line?.params ?? '');
    assert.deepEqual([status.kind, status.kind === 'parsed' ? status.rest : status.reason], ['parsed', []]);
  });
}

test('the kernel takes messages as they are written, and multipath reports a path that failed', async (t) => {
  const paths = [0, 1].map((minor) => ({ path: ram(minor), arguments: [] }));
  const target = multipath({
    features: [{ queue_mode: 'bio' }],
    handler: [],
    initialGroup: 1,
    groups: [{ selector: 'queue-length', selectorArguments: [], paths }],
  });
  const { dm, name } = await load(t, { name: 'multipath', target });
  await dm.message({ name }, multipath.messages.fail_path({ path: ram(1) }));
  await dm.message({ name }, multipath.messages.disable_group({ group: 1 }));
  const [line] = await dm.status({ name });
  const status = multipath.status(line?.params ?? '');
  const [group] = status.kind === 'parsed' ? status.value.groups : [];
  assert.equal(group?.state, 'D');
  assert.deepEqual(
    group?.paths.map(({ path, state, failures }) => [path, state, failures]),
    [
      [readback.numberOf(ram(0)), 'A', 0],
      [readback.numberOf(ram(1)), 'F', 1],
    ],
  );
});

test('the kernel refuses what problems() refuses, with the same errno', async (t) => {
  const { dm, name } = await makeDevice(t);
  for (const { type, params, errno = 'EINVAL', length = type === 'raid' ? LENGTH : 1024n, kernel } of refusals) {
    const isHere = kernel === undefined || kernel === readback.kernel;
    if (!isHere || attempt(`modprobe dm-${type}`).status !== 0) continue;
    const table = [{ start: none, length: sectors(length), type, params }];
    await assert.rejects(
      dm.load({ name }, table, { readOnly: type === 'verity' }),
      (thrown) => DmError.is(thrown, errno),
      `${type} ${params}`,
    );
  }
});
