import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { DmError } from '../../src/mapper/errors.ts';
import { createCookie, type UdevCookie, withUdev } from '../../src/mapper/udev/cookie.ts';
import { completeAllCookies, completeCookie, listCookies, parseSemaphoreTable } from '../../src/mapper/udev/cookies.ts';
import { nextPause } from '../../src/mapper/udev/wait.ts';
import { SimulatedClock } from '../../src/simulator/clock.ts';
import { SystemError } from '../../src/system/errors.ts';
import { FakeSemaphores } from './fake-semaphores.ts';

/** What becomes of one request: a uevent confirmed after so many ms or never, no uevent, or a refusal. */
const outcome = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('confirmed' as const), afterMs: fc.nat(300) }) },
  fc.record({ kind: fc.constantFrom('lost' as const, 'silent' as const, 'refused' as const) }),
);

const scenario = fc.record({
  outcomes: fc.array(outcome, { maxLength: 6 }),
  deadlineMs: fc.nat(400),
  abortAtMs: fc.option(fc.nat(400), { nil: undefined }),
  completeAllAtMs: fc.option(fc.nat(400), { nil: undefined }),
});

test('withUdev() ends at the right time with the right result and leaves no semaphore, whatever happens', async () => {
  await fc.assert(
    fc.asyncProperty(scenario, async ({ outcomes, deadlineMs, abortAtMs, completeAllAtMs }) => {
      const semaphores = new FakeSemaphores();
      const clock = new SimulatedClock({ startMs: 0 });
      const abort = new AbortController();
      const after = (ms: number, run: () => void): unknown => clock.after(ms * 1e6, run);
      const refusal = new DmError({ op: 'DM_DEV_REMOVE', errno: 6 });
      const work = async (cookie: UdevCookie): Promise<void> => {
        for (const one of outcomes) {
          await cookie.request(
            async (eventNr) => {
              if (one.kind === 'refused') throw refusal;
              if (one.kind !== 'confirmed') return;
              after(one.afterMs, () => {
                if (semaphores.find(cookie.value) !== undefined) completeCookie(eventNr, semaphores);
              });
            },
            () => one.kind !== 'silent',
          );
        }
        if (abortAtMs !== undefined) after(abortAtMs, () => abort.abort());
        if (completeAllAtMs !== undefined) after(completeAllAtMs, () => completeAllCookies({}, semaphores));
      };
      const ending = withUdev(work, {
        semaphores,
        clock,
        state: () => 'running',
        deadlineMs,
        signal: abort.signal,
      }).then(
        () => 'done',
        (error: unknown) => (DmError.is(error, 'ETIMEDOUT') ? 'timeout' : error === refusal ? 'refused' : 'aborted'),
      );
      let endedAtMs: number | undefined;
      void ending.then(() => {
        endedAtMs = clock.now();
      });
      while (endedAtMs === undefined) await clock.advance(1);

      assert.equal(semaphores.count, 0);
      if (outcomes.some(({ kind }) => kind === 'refused')) {
        assert.equal(await ending, 'refused');
        return;
      }
      const confirmedAtMs = Math.min(
        outcomes.some(({ kind }) => kind === 'lost')
          ? Number.POSITIVE_INFINITY
          : Math.max(0, ...outcomes.map((one) => (one.kind === 'confirmed' ? one.afterMs : 0))),
        completeAllAtMs ?? Number.POSITIVE_INFINITY,
      );
      const abortMs = abortAtMs ?? Number.POSITIVE_INFINITY;
      // A look comes an eighth of the waited time late at most; what happens within it may win or lose.
      const latestLookMs = confirmedAtMs * 1.125 + 1;
      const expected = new Set<string>();
      if (confirmedAtMs <= Math.min(deadlineMs, abortMs)) expected.add('done');
      if (deadlineMs <= Math.min(latestLookMs, abortMs)) expected.add('timeout');
      if (abortMs <= Math.min(latestLookMs, deadlineMs)) expected.add('aborted');
      assert.ok(expected.has(await ending), `${await ending}, not one of ${[...expected].join(' ')}`);
      assert.ok(endedAtMs <= Math.min(latestLookMs, deadlineMs, abortMs) + 1, `ended at ${endedAtMs} ms`);
    }),
  );
});

test('nextPause() grows with the time waited, within 1 and 100 ms and the deadline', () => {
  assert.deepEqual(
    [0, 8, 80, 800, 8_000].map((elapsed) => nextPause(elapsed, 180_000)),
    [1, 1, 10, 100, 100],
  );
  assert.equal(nextPause(799, 800), 1);
  assert.equal(nextPause(790, 800), 10);
});

test('createCookie() says what to do when the kernel has no more semaphores', () => {
  const full = new FakeSemaphores();
  full.create = () => {
    throw new SystemError('semget', 28);
  };
  assert.throws(() => createCookie({ semaphores: full }), /no more semaphores \(ENOSPC\); "dmsetup udevcookies"/);
});

test('createCookie() gives up when every number it tries is taken', () => {
  const semaphores = new FakeSemaphores();
  createCookie({ semaphores, random: () => 7 });
  assert.throws(() => createCookie({ semaphores, random: () => 7 }), { code: 'EEXIST' });
});

// Two lines of a Debian 12 guest, one of a semaphore whose key is above 2^31.
const TABLE = `       key      semid perms      nsems   uid   gid  cuid  cgid      otime      ctime
 223154740          0   600          1     0     0     0     0 1795251669 1795251669
-559038737          3   666          8  1000  1000  1000  1000          0 1795251700
`;

test('parseSemaphoreTable() reads keys, numbers and times', () => {
  assert.deepEqual(parseSemaphoreTable(TABLE), [
    { key: 0x0d4d1234, id: 0, lastOperationTime: 1795251669, changeTime: 1795251669 },
    { key: 0xdeadbeef, id: 3, lastOperationTime: 0, changeTime: 1795251700 },
  ]);
});

test('listCookies() lists what has the keys of cookies and is still there', () => {
  const semaphores = new FakeSemaphores();
  semaphores.create(0x0d4d1234, 2);
  semaphores.create(0x0d4e1234, 2);
  const gone = semaphores.create(0x0d4d5678, 2);
  const table = semaphores.table();
  semaphores.remove(gone);
  semaphores.table = () => table;
  assert.deepEqual(listCookies(semaphores), [
    { cookie: 0x0d4d1234, id: 0, value: 2, lastOperationTime: 0, changeTime: 1000 },
  ]);
});
