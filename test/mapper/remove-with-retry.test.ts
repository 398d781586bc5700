import assert from 'node:assert/strict';
import test from 'node:test';
import { DmError } from '../../src/mapper/errors.ts';
import type { Holder } from '../../src/mapper/holders/holder.ts';
import { DeviceBusyError, type RemoveRetry, removeWithRetry } from '../../src/mapper/holders/remove.ts';
import { SimulatedClock } from '../../src/simulator/clock.ts';

const FIO: Holder = { kind: 'open', pid: 4_000_001, command: 'fio' };
const busy = (): DmError => new DmError({ op: 'DM_DEV_REMOVE', errno: 16, device: 'vol' });

/** A device that is busy until a time; what became of its removal, and when each attempt was. */
async function attempts(
  busyUntilMs: number,
  options: Partial<RemoveRetry<string>> = {},
): Promise<{ result: unknown; atMs: number[]; looks: number; endedAtMs: number }> {
  const clock = new SimulatedClock({ startMs: 0 });
  const atMs: number[] = [];
  let looks = 0;
  let result: unknown;
  let endedAtMs: number | undefined;
  const { holders = async () => [FIO], ...rest } = options;
  void removeWithRetry({
    remove: async () => {
      atMs.push(clock.now());
      if (clock.now() < busyUntilMs) throw busy();
      return 'removed';
    },
    holders: () => {
      looks++;
      return holders();
    },
    clock,
    ...rest,
  })
    .catch((error: unknown) => error)
    .then((value) => {
      result = value;
      endedAtMs = clock.now();
    });
  for (let ms = 0; endedAtMs === undefined && ms < 20_000; ms++) await clock.advance(1);
  assert.ok(endedAtMs !== undefined, 'it ends');
  return { result, atMs, looks, endedAtMs };
}

test('removeWithRetry() tries once and looks at nobody when the device is free', async () => {
  const { result, atMs, looks } = await attempts(0);
  assert.deepEqual([result, atMs, looks], ['removed', [0], 0]);
});

test('removeWithRetry() tries again with growing pauses until a process lets go', async () => {
  const { result, atMs } = await attempts(1_000);
  assert.equal(result, 'removed');
  assert.deepEqual(atMs, [0, 10, 30, 70, 150, 310, 630, 1130]);
});

test('removeWithRetry() tries a last time at the deadline, then names who holds the device', async () => {
  const { result, atMs, endedAtMs } = await attempts(Number.POSITIVE_INFINITY, { deadlineMs: 100 });
  assert.deepEqual([atMs, endedAtMs], [[0, 10, 30, 70, 100], 100]);
  assert.ok(result instanceof DeviceBusyError && DmError.is(result, 'EBUSY'));
  assert.deepEqual(result.holders, [FIO]);
  assert.equal(result.message, 'DM_DEV_REMOVE on vol: held by: opened by fio (pid 4000001) (EBUSY)');
});

test('removeWithRetry() gives up early when a holder stays', async () => {
  const permanent: Holder[] = [
    { kind: 'mount', path: '/mnt', fileSystem: 'ext4' },
    { kind: 'swap', path: '/dev/dm-4' },
    { kind: 'device', name: 'top' },
    { kind: 'loop', name: 'loop1' },
  ];
  for (const holder of permanent) {
    const { result, atMs } = await attempts(Number.POSITIVE_INFINITY, { holders: async () => [FIO, holder] });
    assert.deepEqual(atMs, [0, 10]);
    assert.ok(result instanceof DeviceBusyError);
    assert.deepEqual(result.holders, [FIO, holder]);
  }
});

test('removeWithRetry() hands other errors on at once', async () => {
  const missing = new DmError({ op: 'DM_DEV_REMOVE', errno: 6, device: 'vol' });
  const { result, looks } = await attempts(0, { remove: () => Promise.reject(missing) });
  assert.deepEqual([result, looks], [missing, 0]);
});

test('removeWithRetry() ends when its signal fires', async () => {
  const abort = new AbortController();
  const reason = new Error('enough');
  let looks = 0;
  const { result, atMs } = await attempts(Number.POSITIVE_INFINITY, {
    signal: abort.signal,
    holders: async () => {
      if (++looks === 2) abort.abort(reason);
      return [];
    },
  });
  assert.deepEqual([result, atMs], [reason, [0, 10, 30]]);
});
