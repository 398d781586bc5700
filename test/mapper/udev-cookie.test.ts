// Real System V semaphores, in a timer the part of udevd: no device-mapper is needed for either.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { afterEach, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { DmError } from '../../src/mapper/errors.ts';
import { createCookie, UdevCookie, withUdev } from '../../src/mapper/udev/cookie.ts';
import { completeAllCookies, completeCookie, listCookies, releaseCookie } from '../../src/mapper/udev/cookies.ts';
import { DM_UDEV_FLAGS } from '../../src/mapper/udev/flags.ts';
import type { UdevState } from '../../src/mapper/udev/state.ts';
import { hasCode } from '../../src/system/errors.ts';
import { semget } from '../../src/system/libc.ts';
import { systemSemaphores } from '../../src/system/semaphore.ts';

const bases = new Set<number>();
const running = {
  state: (): UdevState => 'running',
  random(): number {
    const base = randomInt(1, 0x1_0000);
    bases.add(base);
    return base;
  },
};

/** The cookies that these tests made and that are still there. */
const left = () => listCookies().filter(({ cookie }) => bases.has(cookie & 0xffff));

afterEach(() => {
  const leaked = left();
  for (const { id } of leaked) systemSemaphores.remove(id);
  assert.deepEqual(leaked, []);
});

/** A request as the kernel and udevd would take it: confirmed after so many milliseconds, or never. */
function request(
  cookie: UdevCookie,
  confirmAfterMs?: number,
  { flags = 0, onConfirm = () => {} }: { readonly flags?: number; readonly onConfirm?: () => void } = {},
): Promise<number> {
  const call = async (eventNr: number): Promise<number> => {
    const udevd = (): void => {
      completeCookie(eventNr);
      onConfirm();
    };
    if (confirmAfterMs !== undefined) setTimeout(udevd, confirmAfterMs);
    return eventNr;
  };
  return cookie.request(call, () => true, flags);
}

const sharesOf = (cookie: UdevCookie): number | undefined =>
  listCookies().find((one) => one.cookie === cookie.value)?.value;

test('semget() refuses a set of fewer than no semaphores', () => {
  assert.throws(() => semget(0, -1, 0o600), { code: 'EINVAL', syscall: 'semget' });
});

test('systemSemaphores makes, changes, finds and removes a semaphore, and says when it is gone', () => {
  const key = 0x0d4d_0000 + running.random();
  const id = systemSemaphores.create(key, 1);
  assert.throws(
    () => systemSemaphores.create(key, 1),
    (error) => hasCode(error, 'EEXIST'),
  );
  assert.equal(systemSemaphores.find(key), id);
  assert.equal(systemSemaphores.add(id, 2), true);
  assert.equal(systemSemaphores.value(id), 3);
  assert.throws(
    () => systemSemaphores.add(id, -4),
    (error) => hasCode(error, 'EAGAIN'),
  );
  assert.equal(systemSemaphores.remove(id), true);
  assert.deepEqual(
    [systemSemaphores.find(key), systemSemaphores.value(id), systemSemaphores.add(id, 1), systemSemaphores.remove(id)],
    [undefined, undefined, false, false],
  );
});

test('UdevCookie.open() makes a semaphore of value 1 with the key of the cookie', () => {
  using cookie = UdevCookie.open(running);
  assert.equal(cookie.value >>> 16, 0x0d4d);
  assert.notEqual(cookie.value & 0xffff, 0);
  assert.equal(sharesOf(cookie), 1);
});

test('UdevCookie.open() takes another number when one is taken', () => {
  const taken = createCookie(running);
  const numbers = [taken.cookie & 0xffff, taken.cookie & 0xffff, running.random()];
  const expected = 0x0d4d_0000 + (numbers[2] as number);
  using cookie = UdevCookie.open({ ...running, random: () => numbers.shift() as number });
  systemSemaphores.remove(taken.id);
  assert.equal(cookie.value, expected);
});

test('UdevCookie.request() sends the cookie below its flags and PRIMARY_SOURCE, and holds a share', async () => {
  using cookie = UdevCookie.open(running);
  const eventNr = await request(cookie, undefined, { flags: DM_UDEV_FLAGS.DISABLE_DISK_RULES });
  assert.equal(eventNr, 0x0044_0000 + (cookie.value & 0xffff));
  assert.equal(sharesOf(cookie), 2);
});

test('UdevCookie.request() confirms a change itself that sent no uevent', async () => {
  using cookie = UdevCookie.open(running);
  await cookie.request(
    async () => assert.equal(sharesOf(cookie), 2),
    () => false,
  );
  assert.equal(sharesOf(cookie), 1);
  await cookie.wait({ deadlineMs: 0 });
});

test('UdevCookie.request() confirms a refused request itself and hands its error on', async () => {
  using cookie = UdevCookie.open(running);
  const refused = new DmError({ op: 'DM_DEV_RENAME', errno: 16 });
  await assert.rejects(
    cookie.request(
      () => Promise.reject(refused),
      () => true,
    ),
    (error) => error === refused,
  );
  assert.equal(sharesOf(cookie), 1);
});

test('UdevCookie.request() is refused once the cookie has ended', async () => {
  using cookie = UdevCookie.open(running);
  await cookie.wait();
  await assert.rejects(request(cookie), TypeError);
});

test('UdevCookie.wait() waits for all changes of one cookie', async () => {
  using cookie = UdevCookie.open(running);
  const confirmed: number[] = [];
  for (const ms of [5, 40, 20]) await request(cookie, ms, { onConfirm: () => confirmed.push(ms) });
  assert.equal(sharesOf(cookie), 4);
  // Two who wait for the same.
  await Promise.all([cookie.wait({ deadlineMs: 10_000 }), cookie.wait().then(() => assert.equal(confirmed.length, 3))]);
  assert.deepEqual(confirmed, [5, 20, 40]);
  assert.equal(sharesOf(cookie), undefined);
});

test('UdevCookie.wait() ends at its deadline, removes the semaphore and says what to look at', async () => {
  using cookie = UdevCookie.open(running);
  await request(cookie);
  completeCookie(await request(cookie));
  const key = cookie.value.toString(16).toUpperCase();
  await assert.rejects(cookie.wait({ deadlineMs: 60 }), (error) => {
    assert.ok(DmError.is(error, 'ETIMEDOUT'));
    assert.match(error.message, new RegExp(`cookie 0x0${key}: 1 change is made but not confirmed after 0.06 s`));
    assert.match(error.message, /95-dm-notify.rules .*udevadm settle.*dmsetup udevcomplete/);
    return true;
  });
  assert.equal(sharesOf(cookie), undefined);
});

test('UdevCookie.wait() ends when its signal fires, before and during the wait', async () => {
  for (const abortAfterMs of [undefined, 20]) {
    using cookie = UdevCookie.open(running);
    await request(cookie);
    const reason = new Error('enough');
    const abort = new AbortController();
    if (abortAfterMs === undefined) abort.abort(reason);
    else setTimeout(() => abort.abort(reason), abortAfterMs);
    await assert.rejects(cookie.wait({ signal: abort.signal }), (error) => error === reason);
    assert.equal(sharesOf(cookie), undefined);
  }
});

test('UdevCookie.wait() takes a removed semaphore, and one that others completed, for confirmed', async () => {
  using removed = UdevCookie.open(running);
  await request(removed);
  const waiting = removed.wait({ deadlineMs: 10_000 });
  setTimeout(() => systemSemaphores.remove(systemSemaphores.find(removed.value) as number), 10);
  await waiting;

  using completed = UdevCookie.open(running);
  await request(completed);
  completeCookie(completed.value);
  completeCookie(completed.value);
  await completed.wait({ deadlineMs: 10_000 });
  assert.equal(sharesOf(completed), undefined);
});

for (const state of ['absent', 'disabled', 'without-rules'] as const) {
  test(`UdevCookie makes no semaphore and does not wait when udev is ${state}, and still sends the flags`, async () => {
    const before = listCookies().length;
    using cookie = UdevCookie.open({ state: () => state });
    // What dmsetup 1.02.185 sends: 0x00430000 with DM_DISABLE_UDEV set (strace).
    assert.equal(await request(cookie), state === 'disabled' ? 0x0043_0000 : 0x0040_0000);
    await cookie.wait({ deadlineMs: 0 });
    assert.deepEqual([cookie.value, listCookies().length], [0, before]);
  });
}

test('UdevCookie.join() shares a cookie that releaseCookie() waits for', async () => {
  const { cookie } = createCookie(running);
  using first = UdevCookie.join(cookie, running);
  using second = UdevCookie.join(cookie, running);
  await request(first, 30);
  await request(second, 10);
  await first.wait({ deadlineMs: 0 });
  assert.equal(sharesOf(first), 3);
  await releaseCookie(cookie, { deadlineMs: 10_000 });
  assert.equal(sharesOf(first), undefined);
  assert.throws(() => UdevCookie.join(cookie, running), { name: 'DmError', code: 'ENOENT' });
  await assert.rejects(releaseCookie(cookie), /no such cookie/);
});

test('withUdev() removes the semaphore whether the work succeeds, fails or is never confirmed', async () => {
  assert.equal(await withUdev((cookie) => request(cookie, 5), running).then((eventNr) => eventNr >>> 16), 0x40);
  const failed = new Error('failed');
  const failing = withUdev(async (cookie) => {
    await request(cookie);
    throw failed;
  }, running);
  await assert.rejects(failing, (error) => error === failed);
  await assert.rejects(
    withUdev((cookie) => request(cookie), { ...running, deadlineMs: 20 }),
    (error) => DmError.is(error, 'ETIMEDOUT'),
  );
  assert.deepEqual(left(), []);
});

test('UdevCookie leaves no semaphore behind when the process exits during a wait', () => {
  const module = fileURLToPath(new URL('../../src/mapper/udev/cookie.js', import.meta.url));
  const script = `
    const { UdevCookie } = await import(${JSON.stringify(module)});
    const cookie = UdevCookie.open({ state: () => 'running' });
    await cookie.request(async () => undefined, () => true);
    setTimeout(() => process.exit(0), 20);
    console.log(cookie.value);
    await cookie.wait();`;
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  assert.ok(Number(output) > 0x0d4d_0000, output);
  assert.equal(systemSemaphores.find(Number(output)), undefined);
});

test('completeCookie() leaves the flags out and refuses to confirm more than there is', () => {
  const { cookie, id } = createCookie(running);
  completeCookie((0x60 << 16) + (cookie & 0xffff));
  assert.equal(systemSemaphores.value(id), 0);
  assert.throws(() => completeCookie(cookie), { name: 'DmError', code: 'EAGAIN' });
  systemSemaphores.remove(id);
  assert.throws(() => completeCookie(cookie), { name: 'DmError', code: 'ENOENT' });
});

test('listCookies() tells value and times; completeAllCookies() skips what is younger than asked', () => {
  const { cookie, id } = createCookie(running);
  const made = listCookies().find((one) => one.cookie === cookie);
  assert.ok(made !== undefined);
  assert.deepEqual([made.id, made.value, made.lastOperationTime], [id, 1, 0]);
  assert.ok(Math.abs(made.changeTime - Date.now() / 1000) < 10);
  completeCookie(cookie);
  const after = listCookies().find((one) => one.cookie === cookie);
  assert.ok(after !== undefined && after.value === 0 && after.lastOperationTime >= made.changeTime);

  // Only ours: a developer's machine may have others.
  const ours = { ...systemSemaphores, table: () => ownTable(cookie) };
  assert.deepEqual(completeAllCookies({ olderThanMinutes: 5 }, ours), { removed: 0, skipped: 1 });
  const nowSeconds = made.changeTime + 300;
  assert.deepEqual(completeAllCookies({ olderThanMinutes: 5, nowSeconds }, ours), { removed: 1, skipped: 0 });
  assert.deepEqual(left(), []);
});

/** The semaphore table without the lines of others. */
function ownTable(key: number): string {
  const [head = '', ...rows] = systemSemaphores.table().split('\n');
  return [head, ...rows.filter((row) => row.trim().startsWith(`${key} `))].join('\n');
}
