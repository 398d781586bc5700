import { ERRNO } from '../../kernel/errno.ts';
import { systemClock } from '../../system/clock.ts';
import { type Semaphores, systemSemaphores } from '../../system/semaphore.ts';
import { DmError } from '../errors.ts';
import { requireCookie, type UdevWorld } from './cookie.ts';
import { cookieText, isCookieKey, keyOfCookie } from './flags.ts';
import { awaitCookie, confirm, type UdevWait } from './wait.ts';

/** A cookie that exists on this machine, as `dmsetup udevcookies` lists it. */
export interface ListedCookie {
  readonly cookie: number;
  /** The semaphore's number. */
  readonly id: number;
  /** Shares that are not given up: the maker's own and one for each change that udev has not confirmed. */
  readonly value: number;
  /** When a share was last taken or given up, in seconds since 1970; 0 when never. */
  readonly lastOperationTime: number;
  /** When it was made, in seconds since 1970. */
  readonly changeTime: number;
}

/** All cookies of this IPC name space, in the kernel's order. */
export function listCookies(semaphores: Semaphores = systemSemaphores): ListedCookie[] {
  const cookies: ListedCookie[] = [];
  for (const { key, id, lastOperationTime, changeTime } of parseSemaphoreTable(semaphores.table())) {
    if (!isCookieKey(key)) continue;
    const value = semaphores.value(id);
    if (value !== undefined) cookies.push({ cookie: key, id, value, lastOperationTime, changeTime });
  }
  return cookies;
}

/**
 * Confirms one change (`dmsetup udevcomplete`, which udev's rules call): flags in the cookie are left out.
 *
 * @throws DmError ENOENT when there is no such cookie, EAGAIN when nothing of it is left to confirm
 */
export function completeCookie(cookie: number, semaphores: Semaphores = systemSemaphores): void {
  if (confirm(semaphores, requireCookie(semaphores, cookie))) return;
  throw new DmError({
    op: 'semop',
    errno: ERRNO.EAGAIN,
    device: `cookie ${cookieText(keyOfCookie(cookie))}`,
    reason: 'all its changes are confirmed already',
  });
}

/**
 * Removes all cookies of which the kernel says that they were made at least so many minutes ago; whoever waits for one
 * goes on (`dmsetup udevcomplete_all`).
 *
 * @param nowSeconds the time, in seconds since 1970
 */
export function completeAllCookies(
  {
    olderThanMinutes = 0,
    nowSeconds = Date.now() / 1000,
  }: { readonly olderThanMinutes?: number; readonly nowSeconds?: number } = {},
  semaphores: Semaphores = systemSemaphores,
): { readonly removed: number; readonly skipped: number } {
  let removed = 0;
  const cookies = listCookies(semaphores);
  for (const { id, changeTime } of cookies) {
    if (nowSeconds - changeTime < olderThanMinutes * 60) continue;
    semaphores.remove(id);
    removed++;
  }
  return { removed, skipped: cookies.length - removed };
}

/**
 * Waits for a cookie that `createCookie` made and other programs have used, and removes it
 * (`dmsetup udevreleasecookie`).
 *
 * @throws DmError ENOENT when there is no such cookie, ETIMEDOUT at the deadline; the signal's reason
 */
export async function releaseCookie(
  cookie: number,
  { deadlineMs, signal, semaphores = systemSemaphores, clock = systemClock }: UdevWait & UdevWorld = {},
): Promise<void> {
  const id = requireCookie(semaphores, cookie);
  await awaitCookie({ semaphores, clock }, { id, cookie }, { deadlineMs, signal });
}

/** The lines of `/proc/sysvipc/sem`. Source: ipc/sem.c, `sysvipc_sem_proc_show`. */
export function parseSemaphoreTable(
  text: string,
): { readonly key: number; readonly id: number; readonly lastOperationTime: number; readonly changeTime: number }[] {
  const rows = text.split('\n').slice(1);
  return rows
    .map((row) => row.trim().split(/\s+/))
    .filter((words) => words.length === 10)
    .map((words) => ({
      // Signed in the kernel.
      key: Number(words[0]) >>> 0,
      id: Number(words[1]),
      lastOperationTime: Number(words[8]),
      changeTime: Number(words[9]),
    }));
}
