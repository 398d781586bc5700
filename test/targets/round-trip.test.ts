import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { sectors } from '../../src/mapper/units.ts';
import {
  cache,
  clone,
  delay,
  dust,
  ebs,
  era,
  flakey,
  integrity,
  linear,
  logWrites,
  mirror,
  multipath,
  raid,
  Secret,
  secret,
  snapshot,
  snapshotOrigin,
  striped,
  switchTarget,
  type Target,
  thin,
  thinPool,
  unstriped,
  zoned,
} from '../../src/targets/index.ts';

/** With the prototype that records have in code, which fast-check's have not, and with keys to be compared. */
function plain(value: unknown): unknown {
  if (value instanceof Secret) return value.reveal();
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}

const u32 = fc.nat(2 ** 32 - 1);
const u64 = fc.bigInt(0n, 2n ** 64n - 1n);
const offset = u64.map(sectors);
const device = fc.oneof(
  fc.record({ major: fc.nat(4095), minor: fc.nat(1_048_575) }),
  fc.stringMatching(/^\/dev\/[!-~ \\]{1,12}$/),
);
const word = fc.stringMatching(/^[a-z]{1,8}$/);
const pair = fc.record({ name: word, value: u32.map(String) });
const unknown = word.map((text) => ({ unknown: `x-${text}` }));
const area = fc.record({ device, offset });
const areas = fc.array(area, { minLength: 1, maxLength: 5 });

/** Some of these flags and words that no one knows, in any order. */
function flags<const T extends string>(...known: readonly T[]) {
  return fc.array(fc.oneof(fc.constantFrom(...known), unknown), { maxLength: 5 });
}

const byte = fc.record({
  nth: u32,
  direction: fc.constantFrom('r' as const, 'w' as const),
  value: fc.nat(255),
  flags: u32,
});
const flakeyFeature = fc.oneof(
  fc.constantFrom('drop_writes' as const, 'error_writes' as const, 'error_reads' as const),
  fc.record({ corrupt_bio_byte: byte }),
  fc.record({ random_read_corrupt: u32 }),
  unknown,
);
const leg = fc.record({ device, offset, delay: u32 });
const log = fc.oneof(
  fc.record({ core: fc.record({ region: u32 }) }),
  fc.record({ disk: fc.record({ device, region: u32, sync: fc.constantFrom('sync' as const, 'nosync' as const) }) }),
  fc.record({ userspace: fc.record({ uuid: word, arguments: fc.array(word) }) }),
);

const raidOption = fc.oneof(
  fc.constantFrom('sync' as const, 'nosync' as const, 'raid10_use_near_sets' as const),
  fc.record({ rebuild: fc.nat(252) }),
  fc.record({ delta_disks: fc.integer({ min: -250, max: 250 }) }),
  fc.record({ journal_dev: device }),
  unknown,
);
/** The paths of a group have as many arguments each. */
const pathGroup = fc.nat(3).chain((count) =>
  fc.record({
    selector: fc.constantFrom('round-robin', 'other'),
    selectorArguments: fc.array(word, { maxLength: 3 }),
    paths: fc.array(fc.record({ path: device, arguments: fc.array(word, { minLength: count, maxLength: count }) }), {
      minLength: 1,
      maxLength: 4,
    }),
  }),
);
const keyed = fc.record(
  { algorithm: word, key: fc.stringMatching(/^[0-9a-f]{2,64}$/).map(secret) },
  { requiredKeys: ['algorithm'] },
);
const integrityOption = fc.oneof(
  fc.constantFrom('recalculate' as const, 'fix_padding' as const),
  fc.record({ meta_device: device }),
  fc.record({ journal_watermark: fc.nat(100) }),
  fc.record({ internal_hash: keyed }),
  fc.record({ journal_crypt: keyed }),
  unknown,
);

const generated: Readonly<Record<string, fc.Arbitrary<Target>>> = {
  linear: area.map((values) => linear(values)),
  striped: fc.record({ chunk: u32, stripes: areas }).map((values) => striped(values)),
  'delay of one leg': fc.record({ read: leg }).map((values) => delay(values)),
  'delay of three legs': fc.record({ read: leg, write: leg, flush: leg }).map((values) => delay(values)),
  flakey: fc
    .record(
      { device, offset, up: u32, down: u32, features: fc.array(flakeyFeature) },
      { requiredKeys: ['device', 'offset', 'up', 'down'] },
    )
    .map((values) => flakey(values)),
  unstriped: fc.record({ stripes: u32, chunk: u32, stripe: u32, device, offset }).map((values) => unstriped(values)),
  switch: fc.record({ regionSize: u32, paths: areas }).map((values) => switchTarget(values)),
  'log-writes': fc.record({ device, log: device }).map((values) => logWrites(values)),
  dust: fc.record({ device, offset, blockSize: u32 }).map((values) => dust(values)),
  ebs: fc
    .record({ device, offset, emulated: u32, underlying: u32 }, { requiredKeys: ['device', 'offset', 'emulated'] })
    .map((values) => ebs(values)),
  zoned: fc.record({ devices: fc.array(device) }).map((values) => zoned(values)),
  'snapshot-origin': fc.record({ origin: device }).map((values) => snapshotOrigin(values)),
  snapshot: fc
    .record({
      origin: device,
      cow: device,
      store: fc.oneof(fc.constantFrom('P' as const, 'PO' as const, 'N' as const), unknown),
      chunk: u32,
      features: flags('discard_zeroes_cow', 'discard_passdown_origin'),
    })
    .map((values) => snapshot(values)),
  mirror: fc.record({ log, legs: areas, features: flags('handle_errors', 'keep_log') }).map((values) => mirror(values)),
  'thin-pool': fc
    .record({
      metadata: device,
      data: device,
      blockSize: u32,
      lowWaterMark: u64,
      features: flags('skip_block_zeroing', 'ignore_discard', 'no_discard_passdown', 'read_only', 'error_if_no_space'),
    })
    .map((values) => thinPool(values)),
  thin: fc
    .record({ pool: device, id: u32, externalOrigin: device }, { requiredKeys: ['pool', 'id'] })
    .map((values) => thin(values)),
  cache: fc
    .record({
      metadata: device,
      cache: device,
      origin: device,
      blockSize: u32,
      features: flags('metadata2', 'writeback', 'writethrough', 'passthrough', 'no_discard_passdown'),
      policy: word,
      tunables: fc.array(pair),
    })
    .map((values) => cache(values)),
  era: fc.record({ metadata: device, origin: device, blockSize: u32 }).map((values) => era(values)),
  clone: fc
    .record({
      metadata: device,
      destination: device,
      source: device,
      regionSize: u32,
      features: flags('no_hydration', 'no_discard_passdown'),
      tunables: fc.array(fc.record({ hydration_threshold: u32 })),
    })
    .map((values) => clone(values)),
  raid: fc
    .record({
      type: fc.constantFrom('raid1' as const, 'raid5_ls' as const, 'raid10' as const),
      chunk: fc.nat(4096),
      options: fc.array(raidOption),
      devices: fc.array(fc.record({ metadata: fc.option(device), data: fc.option(device) }), { minLength: 1 }),
    })
    .map((values) => raid(values)),
  multipath: fc
    .record({
      features: fc.array(
        fc.oneof(
          fc.constant('queue_if_no_path' as const),
          fc.record({ queue_mode: fc.constant('bio' as const) }),
          unknown,
        ),
      ),
      handler: fc.array(word, { maxLength: 3 }),
      initialGroup: fc.nat(4),
      groups: fc.array(pathGroup, { maxLength: 4 }),
    })
    .map((values) => multipath(values)),
  integrity: fc
    .record({
      device,
      offset,
      tagSize: fc.option(fc.integer({ min: 1, max: 424 })),
      mode: fc.constantFrom('J' as const, 'B' as const, 'D' as const),
      options: fc.array(integrityOption),
    })
    .map((values) => integrity(values)),
};

for (const [name, targets] of Object.entries(generated)) {
  test(`parse() of what params() of ${name} prints gives the values back`, () => {
    fc.assert(
      fc.property(targets, (target) => {
        const printed = target.params({ showKeys: true });
        const read = target.grammar.parse(printed);
        assert.deepEqual(plain(read.values), plain(target.values));
        assert.deepEqual(read.rest, []);
        assert.equal(read.params({ showKeys: true }), printed);
      }),
    );
  });
}

test('values are typed by the declaration', () => {
  // @ts-expect-error an offset is sectors, not any number
  assert.throws(() => linear({ device: '/dev/sda', offset: 0.5 }).params(), RangeError);
  // @ts-expect-error a stripe needs its offset
  assert.equal(striped({ chunk: 8, stripes: [{ device: '/dev/sda' }] }).params(), '1 8 /dev/sda');
  // @ts-expect-error a feature is a word of the declaration
  const frobnicating = () => thinPool({ metadata: 'a', data: 'b', blockSize: 128, lowWaterMark: 0n, features: ['no'] });
  assert.throws(() => frobnicating().params(), /"no" is not an option/);
  // @ts-expect-error this message has an id
  assert.throws(() => thinPool.messages.create_thin(), /id/);
});
