import { carefulPercentText, percent } from '../../report/number.ts';
import type { WireLog } from '../wire.ts';
import { countText, nameText, sizeText } from './format.ts';
import type { resyncPace } from './log-history.ts';

const MINUTE_S = 60;

/** A mirror's name: its devices, or its log's uuid when it has none. */
export function logName({ devices, uuid }: WireLog): string {
  return nameText(devices.length === 0 ? uuid : devices.join(', '));
}

/** The share of regions whose legs are alike. */
export function inSyncText({ inSync, regions }: WireLog): string {
  return regions === 0 ? '–' : `${carefulPercentText(percent(inSync, regions))} %`;
}

/** A log in a few words: `running, log on 254:3`. */
export function logAbout({ state, log, isPaused }: WireLog): string {
  return `${state}${isPaused ? ', resync paused' : ''}, ${log === 'core' ? 'log in memory' : `log on ${nameText(log)}`}`;
}

/** A log in a line. */
export function logFacts(log: WireLog): string {
  const { regions, regionBytes, dirty, failure } = log;
  const size = `${regions} regions of ${sizeText(Number(regionBytes))}, ${dirty} dirty`;
  return `${logAbout(log)}; ${size}${failure === '' ? '' : `; ${nameText(failure)}`}`;
}

/** @param seconds how long it takes still */
function leftText(seconds: number): string {
  return seconds < 2 * MINUTE_S ? `${Math.ceil(seconds)} s` : `${Math.round(seconds / MINUTE_S)} min`;
}

/** How the resync stands. */
export function resyncText(log: WireLog, pace: ReturnType<typeof resyncPace>): string {
  const { regions, inSync, recovering, isPaused, regionBytes } = log;
  const share = `${inSyncText(log)} in sync`;
  if (inSync === regions) return share;
  const copying = recovering < 0 ? '' : `, copying region ${recovering}`;
  if (isPaused) return `${share}, ${regions - inSync} regions to be copied, paused`;
  if (pace === undefined) return `${share}, ${regions - inSync} regions to be copied${copying}`;
  const speed = `${countText(pace.rate)} regions/s (${sizeText(pace.rate * Number(regionBytes))}/s)`;
  return `${share}, ${speed}, ${leftText(pace.left)} left${copying}`;
}
