import { ERRNO } from '../../kernel/errno.ts';
import type { Clock } from '../../system/clock.ts';
import { hasCode } from '../../system/errors.ts';
import type { Semaphores } from '../../system/semaphore.ts';
import { DmError } from '../errors.ts';
import { cookieText, keyOfCookie } from './flags.ts';

/** How long to wait for udev. */
export interface UdevWait {
  /**
   * Milliseconds from now; 180 000 when not given: udevd itself gives up on an event then (udev.conf(5),
   * `event_timeout`), and nobody is left who would confirm it.
   */
  readonly deadlineMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

const DEADLINE_MS = 180_000;
const SHORTEST_PAUSE_MS = 1;
const LONGEST_PAUSE_MS = 100;

/** The pause before the next look: an eighth of the time waited so far, so that a wait is late by an eighth at most. */
export function nextPause(elapsedMs: number, deadlineMs: number): number {
  const pause = Math.min(Math.max(elapsedMs / 8, SHORTEST_PAUSE_MS), LONGEST_PAUSE_MS);
  return Math.min(pause, deadlineMs - elapsedMs);
}

/** A cookie that exists: the semaphore's number and its key. */
export interface CookieSemaphore {
  readonly id: number;
  readonly cookie: number;
}

/** Gives up one share; false when there is none left or the semaphore is gone: others have completed the cookie. */
export function confirm(semaphores: Semaphores, id: number): boolean {
  try {
    return semaphores.add(id, -1);
  } catch (error) {
    if (hasCode(error, 'EAGAIN')) return false;
    throw error;
  }
}

/**
 * Gives up our own share of a cookie, waits until udev has given up its shares, and removes the semaphore however that
 * ends. Looks at the value again and again: a blocking `semop` could be neither cancelled nor given a deadline, and
 * would end at any signal (EINTR).
 * One that somebody has removed meanwhile (`dmsetup udevcomplete_all`) is confirmed, as in libdevmapper.
 *
 * @throws DmError ETIMEDOUT at the deadline; the signal's reason
 */
export async function awaitCookie(
  { semaphores, clock }: { readonly semaphores: Semaphores; readonly clock: Clock },
  { id, cookie }: CookieSemaphore,
  { deadlineMs = DEADLINE_MS, signal }: UdevWait,
): Promise<void> {
  try {
    signal?.throwIfAborted();
    if (!confirm(semaphores, id)) return;
    const start = clock.now();
    for (;;) {
      const pending = semaphores.value(id) ?? 0;
      if (pending === 0) return;
      const elapsed = clock.now() - start;
      if (elapsed >= deadlineMs) throw unconfirmed(cookie, pending, deadlineMs);
      await clock.sleep(nextPause(elapsed, deadlineMs), signal);
      signal?.throwIfAborted();
    }
  } finally {
    semaphores.remove(id);
  }
}

function unconfirmed(cookie: number, pending: number, deadlineMs: number): DmError {
  const changes = pending === 1 ? '1 change is' : `${pending} changes are`;
  return new DmError({
    op: 'wait for udev',
    errno: ERRNO.ETIMEDOUT,
    device: `cookie ${cookieText(keyOfCookie(cookie))}`,
    reason: `${changes} made but not confirmed after ${deadlineMs / 1000} s`,
    remedy:
      'does udevd run, and is 95-dm-notify.rules installed where it runs? "udevadm settle" waits for its queue, ' +
      '"dmsetup udevcomplete COOKIE" ends the wait of another program that "dmsetup udevcookies" lists',
  });
}
