import { askOnce } from '../../dirtylog/daemon/client.ts';
import type { DailyWindow, RegionRange, ResyncSettings } from '../../dirtylog/resync.ts';
import { UsageError } from '../../mapper/errors.ts';
import { type CommandContext, takeOption } from '../dmlogd.ts';

const USAGE =
  'resync [--mirror NAME] pause, resume, rate BYTES|none, order default|inOrder|byHeat, window HH:MM-HH:MM[,...]|none; ' +
  'resync --mirror NAME first REGION[-REGION][,...]|none, reset';

/** `dmlogd resync …`. */
export async function run({ words, stateFolder }: CommandContext): Promise<number> {
  const [mirror, rest] = takeOption(words, '--mirror', 'a device or the uuid of a log');
  const change = resyncChange(rest);
  if (mirror === undefined && (change === null || change.first !== undefined)) {
    throw new UsageError(`resync ${rest[0]} is about one mirror: name it with --mirror`);
  }
  await askOnce(stateFolder, { command: 'resync', change, ...(mirror === undefined ? {} : { mirror }) });
  return 0;
}

/** The settings that the words change; null to take a mirror's own away. @throws UsageError for other words */
export function resyncChange([word, value, ...more]: readonly string[]): Partial<ResyncSettings> | null {
  if (more.length === 0 && value === undefined) {
    if (word === 'pause') return { paused: true };
    if (word === 'resume') return { paused: false };
    if (word === 'reset') return null;
  } else if (more.length === 0 && value !== undefined) {
    if (word === 'rate') return { bytesPerSecond: value === 'none' ? null : rate(value) };
    if (word === 'order') return { order: order(value) };
    if (word === 'first') return { first: value === 'none' ? [] : value.split(',').map(regionRange) };
    if (word === 'window') return { windows: value === 'none' ? [] : value.split(',').map(dailyWindow) };
  }
  throw new UsageError(`resync: one of ${USAGE}`);
}

function rate(text: string): number {
  if (/^[1-9]\d{0,14}$/.test(text)) return Number(text);
  throw new UsageError(`"${text}" is no rate: bytes a second, such as 10485760, or none`);
}

function order(text: string): ResyncSettings['order'] {
  if (text === 'default' || text === 'inOrder' || text === 'byHeat') return text;
  throw new UsageError(`"${text}" is no order: one of default, inOrder, byHeat`);
}

function regionRange(text: string): RegionRange {
  const [, first, last = first] = /^(\d{1,10})(?:-(\d{1,10}))?$/.exec(text) ?? [];
  if (first === undefined || Number(last) < Number(first)) {
    throw new UsageError(`"${text}" is no range of regions: such as 7 or 0-99`);
  }
  return { first: Number(first), last: Number(last) };
}

function dailyWindow(text: string): DailyWindow {
  const [, fromHour, fromMinute, toHour, toMinute] = /^(\d\d):(\d\d)-(\d\d):(\d\d)$/.exec(text) ?? [];
  const from = minuteOfDay(fromHour, fromMinute);
  const to = minuteOfDay(toHour, toMinute);
  if (from === undefined || to === undefined || from === to) {
    throw new UsageError(`"${text}" is no part of a day: such as 22:00-06:00`);
  }
  return { fromMinute: from, toMinute: to };
}

function minuteOfDay(hour: string | undefined, minute: string | undefined): number | undefined {
  if (hour === undefined || minute === undefined || Number(hour) > 23 || Number(minute) > 59) return undefined;
  return Number(hour) * 60 + Number(minute);
}
