import assert from 'node:assert/strict';
import test from 'node:test';
import {
  applySwap,
  type DeepSurvey,
  planSwap,
  prepareSwap,
  SwapError,
  type SwapState,
  swapTable,
} from '../../src/devices/index.ts';
import { ERRNO } from '../../src/kernel/errno.ts';
import type { DeviceMapper } from '../../src/mapper/device-mapper.ts';
import { sectors } from '../../src/mapper/units.ts';
import { failEach, failNthCall, failNthIoctl, faked, line, seen, simulated } from './support.ts';

const vol = { name: 'vol' };
const number = { major: 254, minor: 3 };
const OLD = [line(64, 'linear', '8:0 0')];

function state(facts: Partial<SwapState> = {}): SwapState {
  return { name: 'vol', number, table: OLD, readOnly: false, suspended: false, inactive: false, ...facts };
}

/** A disk 8:0 of 100 sectors; 254:3 is used by 254:4, which 254:5 uses. */
const found: DeepSurvey = {
  numberOf: (device) => {
    if (typeof device !== 'string') return device;
    const [major = 0, minor = 0] = device.split(':').map(Number);
    return { major, minor };
  },
  sizeOf: (device) =>
    device === '8:0' || (typeof device !== 'string' && device.major === 8) ? sectors(100) : undefined,
  below: new Map([
    ['254:5', [{ major: 254, minor: 4 }]],
    ['254:4', [number]],
  ]),
};

test('planSwap() prints what will be done, without keys', () => {
  const key = '0123456789abcdef0123456789abcdef';
  const before = state({ readOnly: true, inactive: true });
  const plan = planSwap(before, { table: [line(8, 'crypt', `aes-cbc-essiv:sha256 ${key} 0 8:0 0`)] }, found);
  assert.equal(
    plan.toString(),
    `swap the table of vol (254:3)
  a table that waits to be resumed is thrown away
  load read-only
    0 8 crypt aes-cbc-essiv:sha256 ${'0'.repeat(32)} 0 8:0 0
  resume: the new table becomes live once the I/O in flight has ended
  when the new table does not start, put back read-only
    0 64 linear 8:0 0
`,
  );
});

test('planSwap() refuses what the kernel would take and not start', () => {
  const refused = (facts: Partial<SwapState>, table: ReturnType<typeof line>[], message: RegExp): void => {
    assert.throws(() => planSwap(state(facts), { table }, found), { name: 'UsageError', message });
  };
  refused(
    {},
    [line(64, 'linear', '8:0 37')],
    /^The table is not for vol: line 1 \(linear\) ends at sector 101 of its device 8:0, which has 100 sectors$/,
  );
  refused({}, [line(1, 'zero'), line(1, 'zero', '', 2)], /a gap of 1 sectors/);
  refused({}, [line(64, 'linear', '254:5 0')], /254:3 on 254:5 on 254:4 on 254:3: vol would stand on itself$/);
  refused({}, [line(64, 'linear', '254:3 0')], /254:3 on 254:3: vol would stand on itself$/);
  const pool = [line(64, 'thin-pool', '8:0 8:16 128 0')];
  refused({ table: pool }, [line(64, 'linear', '8:0 0')], /a thin-pool cannot be replaced by another type/);
  refused({}, [...pool, line(8, 'zero', '', 64)], /a thin-pool must be the only target of its table, not one of 2$/);
});

test('planSwap() takes what the kernel starts, and all but gaps when nothing is known', () => {
  const pool = [line(64, 'thin-pool', '8:0 8:16 128 0')];
  for (const [table, wanted] of [
    [OLD, [line(64, 'linear', '8:0 36')]],
    [pool, [line(64, 'error')]],
    [pool, [line(32, 'thin-pool', '8:0 8:16 128 9')]],
    [OLD, [line(64, 'linear', '254:9 0')]],
    [OLD, [line(64, 'no-such-type', 'some words')]],
  ] as const) {
    assert.equal(planSwap(state({ table }), { table: wanted }, found).steps.length, 2);
  }
  assert.equal(planSwap(state(), { table: [line(64, 'linear', '8:0 99')] }, undefined).steps.length, 2);
});

test('planSwap() does not put back what it cannot know: no table, a key that may have been wiped', () => {
  const crypt = (key: string) => [line(8, 'crypt', `aes-xts-plain64 ${key} 0 8:0 0`)];
  const saved = (facts: Partial<SwapState>) => planSwap(state(facts), { table: OLD }, found).saved?.table;
  const inClear = crypt('00'.repeat(64));
  assert.equal(saved({ table: [] }), undefined);
  assert.equal(saved({ table: inClear, suspended: true }), undefined);
  assert.equal(saved({ table: inClear }), inClear);
  const inKeyring = crypt(':64:logon:vol');
  assert.equal(saved({ table: inKeyring, suspended: true }), inKeyring);
});

/** A running device with the table OLD. */
async function running() {
  const place = simulated();
  await place.dm.create('vol');
  await place.dm.load(vol, OLD);
  await place.dm.resume(vol);
  return place;
}

const NEW = [line(128, 'linear', '8:0 64'), line(8, 'error', '', 128)];

test('swapTable() makes the new table live, also on a suspended device and on one without a table', async () => {
  const { kernel, dm, options, nodes } = await running();
  await swapTable(dm, vol, { table: NEW }, options);
  assert.deepEqual(await dm.table(vol), NEW);
  await dm.suspend(vol);
  await swapTable(dm, vol, { table: OLD, readOnly: true }, options);
  assert.deepEqual(await dm.table(vol), OLD);
  assert.deepEqual([kernel.device('vol').suspended, kernel.device('vol').readOnly], [false, true]);
  await dm.create('bare');
  await swapTable(dm, { name: 'bare' }, { table: OLD }, options);
  assert.deepEqual(await dm.table({ name: 'bare' }), OLD);
  assert.deepEqual(nodes, ['+vol', '+vol', '+bare']);
});

test('prepareSwap() changes nothing', async () => {
  const { kernel, dm, options } = await running();
  const before = seen(kernel);
  const plan = await prepareSwap(dm, vol, { table: NEW }, options);
  assert.match(plan.toString(), /load\n {4}0 128 linear 8:0 64\n {4}128 8 error\n/);
  await assert.rejects(
    prepareSwap(dm, vol, { table: [line(64, 'linear', '8:0 999')] }, options),
    /which has 1000 sectors/,
  );
  assert.deepEqual(seen(kernel), before);
  await applySwap(dm, plan, options);
  assert.deepEqual(await dm.table(vol), NEW);
});

test('swapTable() finds a circle through other devices', async () => {
  const { kernel, dm, options } = await running();
  await dm.create('top');
  await dm.load({ name: 'top' }, [line(64, 'linear', '254:0 0')]);
  await dm.resume({ name: 'top' });
  const before = seen(kernel);
  await assert.rejects(swapTable(dm, vol, { table: [line(8, 'linear', '254:1 0')] }, options), {
    name: 'UsageError',
    message: /254:0 on 254:1 on 254:0: vol would stand on itself/,
  });
  assert.deepEqual(seen(kernel), before);
});

test('swapTable() rolls back when any of its ioctls fails', async () => {
  const calls = await failEach(
    running,
    failNthIoctl,
    ({ dm, options }) => swapTable(dm, vol, { table: NEW }, options),
    async ({ kernel, dm }, error, n) => {
      assert.ok(error instanceof Error, `call ${n}`);
      assert.equal(kernel.device('vol').inactive, undefined, `call ${n}`);
      assert.equal(kernel.device('vol').suspended, false, `call ${n}`);
      kernel.onIoctl = undefined;
      assert.deepEqual(await (dm as DeviceMapper).table(vol), OLD, `call ${n}`);
    },
  );
  // info, table, dependencies of the disk, load, resume
  assert.equal(calls, 5);
});

test('swapTable() rolls a table back that does not start, also when one of the calls of the rollback fails', async () => {
  const tooLong = [line(64, 'linear', '8:0 999')];
  const swap = ({ dm, options }: Awaited<ReturnType<typeof running>>) =>
    swapTable(dm, vol, { table: tooLong }, { ...options, check: false });
  const place = await running();
  const before = seen(place.kernel);
  await assert.rejects(swap(place), (error) => {
    assert.ok(error instanceof SwapError);
    assert.deepEqual([error.op, error.code, error.state], ['DM_DEV_SUSPEND', 'EINVAL', 'runs-old']);
    assert.match(error.message, /^DM_DEV_SUSPEND on vol: .*; the device runs with its old table$/);
    return true;
  });
  assert.deepEqual(seen(place.kernel), before);
  // The kernel always refuses; the n-th ioctl fails on top of it, for as long as there is an n-th.
  for (let n = 1, reached = true; reached; n++) {
    const again = await running();
    const fault = failNthIoctl(again, n);
    await assert.rejects(swap(again));
    reached = fault.reached();
    assert.deepEqual(seen(again.kernel), before, `call ${n}`);
  }
});

/** In memory, where a table may start to live without running, as thin pools' do. */
async function fakeRunning() {
  const place = faked();
  await place.dm.create('vol');
  await place.dm.load(vol, OLD, { readOnly: true });
  await place.dm.resume(vol);
  place.dm.starts = (_, table) =>
    table.some(({ length }) => length === 32n) ? { errno: ERRNO.EINVAL, live: 'new' } : undefined;
  return place;
}

test('swapTable() puts the old table back when the new one is live and does not run, whatever fails on the way', async () => {
  const shrink = { table: [line(32, 'linear', '8:0 0')] };
  const place = await fakeRunning();
  const before = place.dm.snapshot();
  await assert.rejects(swapTable(place.dm, vol, shrink, place.options), { state: 'runs-old', code: 'EINVAL' });
  assert.deepEqual(place.dm.snapshot(), before);
  for (let n = 1, reached = true; reached; n++) {
    const again = await fakeRunning();
    const fault = failNthCall(again, n);
    await assert.rejects(swapTable(again.dm, vol, shrink, again.options));
    reached = fault.reached();
    assert.deepEqual(again.dm.snapshot(), before, `call ${n}`);
  }
});

test('swapTable() says when the device stays suspended, and with which table', async () => {
  const cases = [
    { live: 'new', state: 'suspended-new' },
    { live: 'old', state: 'suspended-old' },
  ] as const;
  for (const { live, state: expected } of cases) {
    const { dm, options } = await fakeRunning();
    // Nothing starts, and the old table does not even come back.
    dm.starts = (_, [first]) => ({ errno: ERRNO.EAGAIN, live: first?.type === 'zero' ? live : 'old' });
    await assert.rejects(swapTable(dm, vol, { table: [line(16, 'zero')] }, options), (error) => {
      assert.ok(error instanceof SwapError);
      assert.equal(error.state, expected);
      assert.match(error.message, /suspended/);
      return true;
    });
    assert.equal(dm.device('vol').inactive, undefined);
  }
});

test('swapTable() ends with the old table when it is cancelled before the new one is live', async () => {
  const { kernel, dm, options } = await running();
  const before = seen(kernel);
  const stop = new AbortController();
  kernel.onIoctl = ({ command }) => {
    if (command === 'DM_TABLE_LOAD') stop.abort();
    return undefined;
  };
  const cancelled = swapTable(dm, vol, { table: NEW }, { ...options, signal: stop.signal });
  await assert.rejects(cancelled, { name: 'AbortError' });
  assert.deepEqual(seen(kernel), before);
});
