// Pools and thin devices on a simulated kernel; what it would not say or do, on a device-mapper of this folder's own.
import assert from 'node:assert/strict';
import test from 'node:test';
import { poolState, type ThinDevId, ThinDevice, ThinPool, tableOf, thinDevId } from '../../src/devices/index.ts';
import { DmError } from '../../src/mapper/errors.ts';
import { dataBlocks, sectors } from '../../src/mapper/units.ts';
import type { SimulatedKernel } from '../../src/simulator/index.ts';
import { linear, thinPool } from '../../src/targets/index.ts';
import type { FakeMapper } from './fake-mapper.ts';
import { failEach, failNthIoctl, faked, line, type Place, seen, simulated } from './support.ts';

const area = (offset: number, length: number) =>
  tableOf([linear({ device: { major: 8, minor: 0 }, offset: sectors(offset) }), length]);
const POOL = {
  name: 'pool',
  metadata: { name: 'meta', table: area(0, 1024) },
  data: { name: 'data', table: area(2048, 8192) },
  blockSize: 128,
  lowWaterMark: dataBlocks(4),
  features: { skipBlockZeroing: true },
};

interface PoolPlace extends Place {
  readonly dm: FakeMapper;
  readonly pool: ThinPool;
}

async function withPool(): Promise<PoolPlace> {
  const place = faked();
  return { ...place, pool: await ThinPool.setup(place.dm, POOL, place.options) };
}

/** The same on a simulated kernel. */
async function simulatedPool() {
  const place = simulated(100_000);
  return { ...place, pool: await ThinPool.setup(place.dm, POOL, place.options) };
}

/** Whether a pool has no thin device of this number. */
async function isFree(pool: ThinPool, number: ThinDevId): Promise<boolean> {
  try {
    await pool.createThin(number);
  } catch (error) {
    if (DmError.is(error, 'EEXIST')) return false;
    throw error;
  }
  await pool.deleteThin(number);
  return true;
}

const namesOf = (kernel: SimulatedKernel): string[] => kernel.devices.map(({ name }) => name).sort();

const poolParams = ({ dm }: PoolPlace): string | undefined => dm.device('pool').live?.lines[0]?.params;

test('thinDevId() takes 24 bits', () => {
  assert.equal(thinDevId(0), 0);
  assert.equal(thinDevId(16_777_215), 16_777_215);
  for (const value of [-1, 16_777_216, 1.5, Number.NaN]) assert.throws(() => thinDevId(value), RangeError);
});

test('ThinPool.setup() makes a pool with the devices under it, takes it when it is there, and removes all three', async () => {
  const place = await withPool();
  const { dm, options, pool } = place;
  assert.deepEqual(dm.device('pool').live?.lines, [line(8192, 'thin-pool', '254:0 254:1 128 4 1 skip_block_zeroing')]);
  const before = dm.snapshot();
  await ThinPool.setup(dm, POOL, options);
  assert.deepEqual(dm.snapshot(), before);
  await assert.rejects(ThinPool.create(dm, POOL, options), /already/);
  await assert.rejects(
    ThinPool.setup(dm, { ...POOL, blockSize: 256 }, options),
    /device pool already, and its table is another/,
  );
  await pool.teardown();
  assert.equal(dm.devices.size, 0);
  assert.deepEqual(
    dm.calls.filter((call) => call.startsWith('remove')),
    ['remove pool', 'remove data', 'remove meta'],
  );
});

test('ThinPool.setup() refuses block sizes that no pool has', async () => {
  const { dm, options } = faked();
  for (const blockSize of [64, 129, 2_097_280]) {
    const refused = { name: 'UsageError', message: /block_size must be/ };
    await assert.rejects(ThinPool.setup(dm, { ...POOL, blockSize }, options), refused);
  }
  assert.equal(dm.count, 0);
});

test('ThinPool.setup() leaves nothing behind when any call fails', async () => {
  await failEach(
    async () => simulated(100_000),
    failNthIoctl,
    ({ dm, options }) => ThinPool.setup(dm, POOL, options),
    ({ kernel }, error, n) => {
      assert.ok(error instanceof Error, `call ${n}`);
      assert.deepEqual(kernel.devices, [], `call ${n}`);
    },
  );
});

test('setFeatures() and setLowWaterMark() change what is given and keep the rest, also what is not known here', async () => {
  const place = await withPool();
  const { dm, pool } = place;
  await pool.setFeatures({ errorIfNoSpace: true, noDiscardPassdown: true });
  assert.equal(poolParams(place), '254:0 254:1 128 4 3 skip_block_zeroing no_discard_passdown error_if_no_space');
  await pool.setFeatures({ skipBlockZeroing: false, errorIfNoSpace: false });
  await pool.setLowWaterMark(dataBlocks(99));
  assert.equal(poolParams(place), '254:0 254:1 128 99 1 no_discard_passdown');
  dm.device('pool').live = { lines: [line(8192, 'thin-pool', '254:0 254:1 128 0 1 of_tomorrow ')], readOnly: false };
  await pool.setFeatures({ ignoreDiscard: true });
  assert.equal(poolParams(place), '254:0 254:1 128 0 2 of_tomorrow ignore_discard');
});

test('setDataTable() changes the data device while the pool is held still, then the pool', async () => {
  const { dm, pool } = await withPool();
  dm.calls.length = 0;
  await pool.setDataTable(area(2048, 16_384));
  assert.deepEqual(dm.calls, ['suspend pool', 'load data', 'resume data', 'load pool', 'resume pool']);
  assert.equal(await pool.size(), 16_384n);
  dm.calls.length = 0;
  await pool.setMetadataTable(area(0, 2048));
  assert.deepEqual(dm.calls, ['suspend pool', 'load meta', 'resume meta', 'load pool', 'resume pool']);
});

test('setDataTable() leaves both as they were when any call fails', async () => {
  await failEach(
    async () => {
      const place = await simulatedPool();
      return { ...place, before: seen(place.kernel) };
    },
    failNthIoctl,
    ({ pool }) => pool.setDataTable(area(2048, 16_384)),
    ({ kernel, before }, error, n) => {
      assert.ok(error instanceof Error, `call ${n}`);
      assert.deepEqual(seen(kernel), before, `call ${n}`);
    },
  );
});

test('setDataTable() leaves both as they were when the pool does not start on it', async () => {
  const { kernel, pool } = await simulatedPool();
  const before = seen(kernel);
  // A pool cannot shrink: the kernel takes the table, makes it live and does not start it.
  await assert.rejects(pool.setDataTable(area(2048, 4096)), { code: 'EINVAL', state: 'runs-old' });
  assert.deepEqual(seen(kernel), before);
});

test('setDataTable() says so when the data are on a device that has no table', async () => {
  const { dm, options } = faked();
  await dm.create('pool');
  await dm.load({ name: 'pool' }, [line(64, 'thin-pool', '8:0 8:16 128 0')]);
  await dm.resume({ name: 'pool' });
  const pool = await ThinPool.open(dm, { name: 'pool' }, options);
  await assert.rejects(pool.setDataTable(area(0, 64)), /The data device 8:16 of pool is none of device-mapper's/);
  await assert.rejects(ThinPool.open(dm, { name: 'none' }, options), { code: 'ENXIO' });
});

// Lines of test/golden/thin-full-61.txt and what the specification says of the words.
test('poolState() tells the state of any status, also of one that is not known here', () => {
  const states = {
    '0 12/1024 0/64 - rw discard_passdown queue_if_no_space - 1024 ': 'good',
    '0 12/1024 64/64 - out_of_data_space ignore_discard error_if_no_space - 1024 ': 'out-of-space',
    '0 12/1024 64/64 - ro no_discard_passdown queue_if_no_space needs_check 1024 ': 'read-only',
    Fail: 'failed',
    Error: 'error',
    '0 12/1024 64/64 - of_tomorrow discard_passdown queue_if_no_space - 1024 more words': 'unknown',
    '': 'unknown',
    '12 bogus': 'unknown',
  };
  for (const [text, state] of Object.entries(states)) assert.equal(poolState(thinPool.status(text)), state, text);
});

test('status() keeps words that are not known here', async () => {
  const { dm, pool } = await withPool();
  dm.device('pool').statuses = ['7 12/1024 64/64 - of_tomorrow discard_passdown queue_if_no_space - 1024 '];
  const status = await pool.status();
  assert.ok(status.kind === 'parsed' && 'mode' in status.value);
  assert.deepEqual(status.value.mode, { unknown: 'of_tomorrow' });
  assert.equal(status.value.transactionId, 7n);
});

const id = thinDevId;
const thin = (pool: ThinPool, name: string, number: ThinDevId) => ({ name, pool, id: number, size: sectors(1024) });

test('ThinDevice.create() asks for the name before it takes a number of the pool', async () => {
  const { kernel, dm, options, pool } = await simulatedPool();
  const device = await ThinDevice.create(dm, thin(pool, 'thin', id(0)), options);
  assert.deepEqual(await device.table(), [line(1024, 'thin', '254:2 0')]);
  await assert.rejects(ThinDevice.create(dm, thin(pool, 'thin', id(1)), options), /There is a device thin already/);
  await assert.rejects(ThinDevice.create(dm, thin(pool, 'other', id(0)), options), { code: 'EEXIST' });
  assert.equal(await isFree(pool, id(1)), true);
  assert.deepEqual(namesOf(kernel), ['data', 'meta', 'pool', 'thin']);
});

test('ThinDevice.create() refuses a size of 0 without taking a number', async () => {
  const { dm, options, pool } = await simulatedPool();
  await assert.rejects(
    ThinDevice.create(dm, { ...thin(pool, 'thin', id(0)), size: sectors(0) }, options),
    /has no sectors/,
  );
  assert.equal(await isFree(pool, id(0)), true);
});

test('ThinDevice.create() leaves neither device nor number when any call fails', async () => {
  await failEach(
    async () => {
      const place = await simulatedPool();
      return { ...place, before: seen(place.kernel) };
    },
    failNthIoctl,
    ({ dm, options, pool }) => ThinDevice.create(dm, thin(pool, 'thin', id(3)), options),
    async ({ kernel, pool, before }, error, n) => {
      assert.ok(error instanceof Error, `call ${n}`);
      assert.deepEqual(seen(kernel), before, `call ${n}`);
      assert.equal(await isFree(pool, id(3)), true, `call ${n}`);
    },
  );
});

test('ThinDevice.setup() needs the number, and takes the device when it is there', async () => {
  const { kernel, dm, options, pool } = await simulatedPool();
  await assert.rejects(ThinDevice.setup(dm, thin(pool, 'thin', id(0)), options), { code: 'ENODATA' });
  assert.deepEqual(namesOf(kernel), ['data', 'meta', 'pool']);
  const first = await ThinDevice.create(dm, thin(pool, 'thin', id(0)), options);
  const again = await ThinDevice.setup(dm, thin(pool, 'thin', id(0)), options);
  assert.deepEqual(again.number, first.number);
  await first.teardown();
  await using _ = await ThinDevice.setup(dm, thin(pool, 'thin', id(0)), options);
  assert.deepEqual(namesOf(kernel), ['data', 'meta', 'pool', 'thin']);
});

test('destroy() removes a device and frees its number, teardown() does not', async () => {
  const { dm, options, pool } = await simulatedPool();
  const device = await ThinDevice.create(dm, thin(pool, 'thin', id(0)), options);
  await device.destroy();
  assert.equal(await isFree(pool, id(0)), true);
  const again = await ThinDevice.create(dm, thin(pool, 'thin', id(0)), options);
  await again.teardown();
  await assert.rejects(ThinDevice.create(dm, thin(pool, 'thin', id(0)), options), { code: 'EEXIST' });
});

test('snapshot() holds its source still for the moment, and is of its size and origin', async () => {
  const { dm, options, pool } = await withPool();
  const external = { ...thin(pool, 'thin', id(0)), externalOrigin: { major: 8, minor: 16 } };
  const source = await ThinDevice.create(dm, external, options);
  dm.calls.length = 0;
  const snapshot = await source.snapshot({ name: 'snap', uuid: 'S', id: id(1) });
  assert.deepEqual(dm.calls, [
    'suspend thin',
    'message(create_snap 1 0) pool',
    'resume thin',
    'create snap',
    'load snap',
    'resume snap',
  ]);
  assert.deepEqual(await snapshot.table(), [line(1024, 'thin', '254:2 1 8:16')]);
  assert.equal((await snapshot.info()).uuid, 'S');
  await source.resize(sectors(2048));
  assert.deepEqual(await source.table(), [line(2048, 'thin', '254:2 0 8:16')]);
});

test('snapshot() of a number that is taken leaves its source running', async () => {
  const { kernel, dm, options, pool } = await simulatedPool();
  const source = await ThinDevice.create(dm, thin(pool, 'thin', id(0)), options);
  const before = seen(kernel);
  await assert.rejects(source.snapshot({ name: 'snap', id: id(0) }), { code: 'EEXIST' });
  assert.deepEqual(seen(kernel), before);
});

test('snapshot() leaves its source running and nothing else when any call fails', async () => {
  await failEach(
    async () => {
      const place = await simulatedPool();
      const source = await ThinDevice.create(place.dm, thin(place.pool, 'thin', id(0)), place.options);
      return { ...place, source, before: seen(place.kernel) };
    },
    failNthIoctl,
    ({ source }) => source.snapshot({ name: 'snap', id: id(1) }),
    async ({ kernel, pool, before }, error, n) => {
      assert.ok(error instanceof Error, `call ${n}`);
      assert.deepEqual(seen(kernel), before, `call ${n}`);
      assert.equal(await isFree(pool, id(1)), true, `call ${n}`);
    },
  );
});

test('a device whose pool has failed can be described, not resized', async () => {
  const { dm, options, pool } = await withPool();
  const device = await ThinDevice.create(dm, thin(pool, 'thin', id(0)), options);
  dm.device('thin').live = { lines: [line(1024, 'thin', 'Fail')], readOnly: false };
  dm.device('thin').statuses = ['Fail'];
  const status = await device.status();
  assert.ok(status.kind === 'parsed');
  assert.deepEqual(status.value, { state: 'Fail' });
  assert.equal(await device.size(), 1024n);
  await assert.rejects(device.resize(sectors(2048)), {
    name: 'DmParseError',
    message: /does not tell the table of thin/,
  });
});
