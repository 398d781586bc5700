import { UsageError } from '../../mapper/errors.ts';
import { createCookie } from '../../mapper/udev/cookie.ts';
import {
  completeAllCookies,
  completeCookie,
  type ListedCookie,
  listCookies,
  releaseCookie,
} from '../../mapper/udev/cookies.ts';
import { cookieText, parseCookie, udevFlagNames } from '../../mapper/udev/flags.ts';
import type { Context } from './context.ts';
import { CommandFailure } from './failure.ts';

/** `dmsetup udevcreatecookie`; without udev nothing is to be waited for, and nothing is made. */
export async function createUdevCookie(context: Context): Promise<number> {
  const { udev } = context;
  if (udev.state() !== 'running') return 0;
  const cookie = cookieText(createCookie(udev).cookie);
  context.outcome.tell(`${cookie}\n`, { cookie });
  return 0;
}

/** `dmsetup udevreleasecookie`. */
export async function releaseUdevCookie(context: Context): Promise<number> {
  const { udev, signal, words } = context;
  const text = words[0] ?? context.env['DM_UDEV_COOKIE'];
  if (text === undefined) throw new CommandFailure('No udev transaction cookie given.');
  const cookie = parseCookie(text);
  if (udev.state() === 'running') await releaseCookie(cookie, { ...udev, signal });
  return 0;
}

/** `dmsetup udevflags`. */
export async function udevFlags(context: Context): Promise<number> {
  for (const name of udevFlagNames(parseCookie(context.words[0] ?? ''))) {
    context.outcome.tell(`${name}='1'\n`, { flag: name });
  }
  return 0;
}

/** `dmsetup udevcomplete`. */
export async function udevComplete(context: Context): Promise<number> {
  const { udev, words } = context;
  const cookie = parseCookie(words[0] ?? '');
  context.outcome.tell(`DM_COOKIE_COMPLETED=0x${cookie.toString(16).padEnd(10)}\n`, { cookie: cookieText(cookie) });
  const state = udev.state();
  if (state === 'running' || state === 'without-rules') completeCookie(cookie, udev.semaphores);
  return 0;
}

/** `dmsetup udevcomplete_all`. */
export async function udevCompleteAll(context: Context): Promise<number> {
  const { udev, options, words } = context;
  const [text = '0'] = words;
  if (!/^\d{1,9}$/.test(text))
    throw new CommandFailure(`Failed to read age_in_minutes parameter "${text}": a whole number`);
  if (!options.has('yes')) {
    throw new UsageError('Whoever waits for these cookies would go on before udev is ready: give --yes to do it.');
  }
  const { removed, skipped } = completeAllCookies({ olderThanMinutes: Number(text) }, udev.semaphores);
  const told = `${removed} semaphores with keys prefixed by 3405 (0xd4d) destroyed. ${skipped} skipped.\n`;
  context.outcome.tell(told, { removed, skipped });
  return 0;
}

const COLUMNS = ['Cookie', 'Semid', 'Value', 'Last semop time', 'Last change time'] as const;
const WIDTHS = [12, 10, 10, 25, 0] as const;

function row(cells: readonly string[]): string {
  return `${cells.map((cell, index) => cell.padEnd(WIDTHS[index] ?? 0)).join(' ')}\n`;
}

/** A time as ctime(3) writes it. */
export function timeText(secondsSince1970: number): string {
  const [day, month, date, year, time] = new Date(secondsSince1970 * 1000).toString().split(' ');
  return `${day} ${month} ${`${Number(date)}`.padStart(2)} ${time} ${year}`;
}

/** The table of `dmsetup udevcookies`. */
export function cookieRow({ cookie, id, value, lastOperationTime, changeTime }: ListedCookie): string {
  return row([`0x${cookie.toString(16)}`, `${id}`, `${value}`, timeText(lastOperationTime), timeText(changeTime)]);
}

/** `dmsetup udevcookies`. */
export async function udevCookies(context: Context): Promise<number> {
  if (!context.isForPrograms) context.print(row(COLUMNS));
  for (const one of listCookies(context.udev.semaphores)) {
    const { cookie, id, value, lastOperationTime, changeTime } = one;
    context.outcome.tell(cookieRow(one), {
      cookie: cookieText(cookie),
      semaphore: id,
      value,
      last_operation_time: lastOperationTime,
      change_time: changeTime,
    });
  }
  return 0;
}
