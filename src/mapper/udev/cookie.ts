import { ERRNO } from '../../kernel/errno.ts';
import { type Clock, systemClock } from '../../system/clock.ts';
import { hasCode } from '../../system/errors.ts';
import { type Semaphores, systemSemaphores } from '../../system/semaphore.ts';
import { DmError } from '../errors.ts';
import { cookieText, DM_UDEV_FLAGS, eventNumber, keyOfCookie } from './flags.ts';
import { type UdevState, udevState } from './state.ts';
import { awaitCookie, type CookieSemaphore, confirm, type UdevWait } from './wait.ts';

/** What the cookies stand on; the machine's where not given. */
export interface UdevWorld {
  readonly semaphores?: Semaphores;
  readonly clock?: Clock;
  /** Asked when a cookie is made. */
  readonly state?: () => UdevState;
  /** The low half of a new cookie: 1 to 0xffff. */
  readonly random?: () => number;
}

const ATTEMPTS = 64;

/** 1 to 0xffff; by the global, since loading node:crypto takes a twentieth of a command's start. */
function randomLow(): number {
  for (;;) {
    const [value = 0] = crypto.getRandomValues(new Uint16Array(1));
    if (value !== 0) return value;
  }
}

/**
 * Makes a cookie that lives until somebody releases it, for several programs to share (`dmsetup udevcreatecookie`).
 * Its value begins with 1, the maker's own share.
 *
 * @throws DmError ENOSPC when the kernel has no more semaphores, which cookies left behind by others may have used up
 */
export function createCookie({ semaphores = systemSemaphores, random = randomLow }: UdevWorld = {}): CookieSemaphore {
  for (let attempt = 1; ; attempt++) {
    const cookie = keyOfCookie(random());
    try {
      return { id: semaphores.create(cookie, 1), cookie };
    } catch (error) {
      if (hasCode(error, 'EEXIST') && attempt < ATTEMPTS) continue;
      if (!hasCode(error, 'ENOSPC')) throw error;
      throw new DmError({
        op: 'semget',
        errno: ERRNO.ENOSPC,
        reason: 'the kernel has no more semaphores',
        remedy: '"dmsetup udevcookies" lists those of device-mapper, "dmsetup udevcomplete_all 60" removes old ones',
      });
    }
  }
}

/**
 * One wait for udev over any number of changes, as libdevmapper's cookies are: `request()` for each change, then
 * `wait()` once. The semaphore is removed by `wait()`, whatever becomes of it, by disposal, and when the process exits
 * (not when a signal that it does not handle kills it: `completeAllCookies()` removes what was left so). Where udev does
 * not take part, nothing is made and `wait()` returns at once.
 *
 * @example
 * using cookie = UdevCookie.open();
 * await cookie.request((eventNr) => resume(eventNr), (answer) => answer.ueventGenerated);
 * await cookie.wait({ deadlineMs: 10_000 });
 */
export class UdevCookie implements Disposable {
  /** Whether udev takes part; unless it is `running`, the nodes are the caller's to make. */
  readonly state: UdevState;
  readonly #semaphores: Semaphores;
  readonly #clock: Clock;
  readonly #semaphore: CookieSemaphore | undefined;
  readonly #shared: boolean;
  #ended = false;
  #waiting: Promise<void> | undefined;

  private constructor(world: UdevWorld, state: UdevState, semaphore: CookieSemaphore | undefined, shared: boolean) {
    this.state = state;
    this.#semaphores = world.semaphores ?? systemSemaphores;
    this.#clock = world.clock ?? systemClock;
    this.#semaphore = semaphore;
    this.#shared = shared;
    if (semaphore !== undefined && !shared) removeAtExit(this);
  }

  /** Makes a cookie of its own. @throws DmError ENOSPC when the kernel has no more semaphores */
  static open(world: UdevWorld = {}): UdevCookie {
    const state = (world.state ?? udevState)();
    return new UdevCookie(world, state, state === 'running' ? createCookie(world) : undefined, false);
  }

  /**
   * Takes part in a cookie that another program has made and will release (`dmsetup --udevcookie COOKIE`): `wait()` and
   * disposal leave it alone.
   *
   * @throws DmError ENOENT when there is no such cookie
   */
  static join(cookie: number, world: UdevWorld = {}): UdevCookie {
    const state = (world.state ?? udevState)();
    const id = state === 'running' ? requireCookie(world.semaphores ?? systemSemaphores, cookie) : undefined;
    return new UdevCookie(world, state, id === undefined ? undefined : { id, cookie: keyOfCookie(cookie) }, true);
  }

  /** The semaphore's key; 0 where udev does not take part. */
  get value(): number {
    return this.#semaphore?.cookie ?? 0;
  }

  /**
   * Makes one change: a request that resumes, renames or removes a device.
   *
   * @param call makes it, with this `dm_ioctl.event_nr`
   * @param generated whether the kernel's answer has `DM_UEVENT_GENERATED_FLAG`; without it nobody would confirm the
   * change, so it is confirmed here. Nor does a refused request send a uevent.
   * @param flags bits of `DM_UDEV_FLAGS` for udev's rules
   */
  async request<T>(
    call: (eventNr: number) => Promise<T>,
    generated: (answer: T) => boolean,
    flags: number = 0,
  ): Promise<T> {
    if (this.#ended) throw new TypeError('this cookie has ended: make a new one for more requests');
    const { DISABLE_DM_RULES, DISABLE_SUBSYSTEM_RULES } = DM_UDEV_FLAGS;
    // As libdevmapper: who bypasses udev does not want its rules to make a second node.
    const all = this.state === 'disabled' ? flags | DISABLE_DM_RULES | DISABLE_SUBSYSTEM_RULES : flags;
    const eventNr = eventNumber(this.value, all);
    if (this.#semaphore === undefined) return call(eventNr);
    const { id } = this.#semaphore;
    // Where somebody has removed it (`dmsetup udevcomplete_all`), nobody waits; the change is made all the same.
    this.#semaphores.add(id, 1);
    let udevConfirms = false;
    try {
      const answer = await call(eventNr);
      udevConfirms = generated(answer);
      return answer;
    } finally {
      if (!udevConfirms) confirm(this.#semaphores, id);
    }
  }

  /**
   * Waits until udev has handled all changes. Then, and on every error, the semaphore is gone.
   *
   * @throws DmError ETIMEDOUT at the deadline, with what to do; the signal's reason when it fires
   */
  async wait(options: UdevWait = {}): Promise<void> {
    if (this.#semaphore === undefined || this.#shared) return;
    if (!this.#ended) {
      this.#ended = true;
      const world = { semaphores: this.#semaphores, clock: this.#clock };
      this.#waiting = awaitCookie(world, this.#semaphore, options).finally(() => forget(this));
    }
    await this.#waiting;
  }

  /** Gives the wait up: removes the semaphore, also while `wait()` runs, which then returns. */
  [Symbol.dispose](): void {
    this.#ended = true;
    if (this.#semaphore !== undefined && forget(this)) this.#semaphores.remove(this.#semaphore.id);
  }
}

/**
 * Makes changes under a cookie of their own and waits for udev. When `work` fails nothing is waited for.
 *
 * @throws what `work` throws, and what `UdevCookie.wait` does
 */
export async function withUdev<T>(
  work: (cookie: UdevCookie) => Promise<T>,
  { deadlineMs, signal, ...world }: UdevWait & UdevWorld = {},
): Promise<T> {
  using cookie = UdevCookie.open(world);
  const result = await work(cookie);
  await cookie.wait({ deadlineMs, signal });
  return result;
}

/** The semaphore of a cookie. @throws DmError ENOENT when there is none */
export function requireCookie(semaphores: Semaphores, cookie: number): number {
  const key = keyOfCookie(cookie);
  const id = semaphores.find(key);
  if (id !== undefined) return id;
  throw new DmError({
    op: 'semget',
    errno: ERRNO.ENOENT,
    device: `cookie ${cookieText(key)}`,
    reason: 'no such cookie',
    remedy: '"dmsetup udevcookies" lists them',
  });
}

// Those whose semaphore is theirs to remove. It outlives its maker: process.exit() and uncaught errors must not leave
// one behind.
const live = new Set<UdevCookie>();

function disposeAll(): void {
  for (const cookie of live) cookie[Symbol.dispose]();
}

function removeAtExit(cookie: UdevCookie): void {
  if (live.size === 0) process.on('exit', disposeAll);
  live.add(cookie);
}

/** Whether its semaphore was still to be removed. */
function forget(cookie: UdevCookie): boolean {
  const was = live.delete(cookie);
  if (was && live.size === 0) process.off('exit', disposeAll);
  return was;
}
