import { UsageError } from '../mapper/errors.ts';
import type { Options } from './command-line.ts';

const MS_PER_SECOND = 1000;
/** What a timer can wait. */
const MAX_SECONDS = 2 ** 31 / MS_PER_SECOND - 1;

/** The milliseconds of an `--interval`. @throws UsageError */
export function intervalMs(text: string): number {
  const isInterval = /^(\d+\.?\d*|\.\d+)$/.test(text) && Number(text) >= 0.001 && Number(text) <= MAX_SECONDS;
  if (!isInterval) {
    throw new UsageError(`Invalid --interval argument "${text}": a positive number of seconds, such as 5 or 0.5`);
  }
  return Number(text) * MS_PER_SECOND;
}

/** How often a report repeats. */
export interface Repetition {
  readonly intervalMs: number;
  /** Infinity for no end. */
  readonly count: number;
}

/** What `--interval` and `--count` say; undefined for once and at once. @throws UsageError */
export function repetitionOf(options: Options): Repetition | undefined {
  const text = options.text('interval');
  const everyMs = intervalMs(text ?? '1');
  const countText = options.text('count');
  if (countText !== undefined && !/^\d+$/.test(countText)) {
    throw new UsageError(`Invalid --count argument "${countText}": a whole number, zero or greater`);
  }
  const count = countText === undefined ? undefined : Number(countText);
  if (text === undefined && (count === undefined || count === 1)) return undefined;
  return {
    intervalMs: everyMs,
    count: count === undefined || count === 0 ? Infinity : count,
  };
}
