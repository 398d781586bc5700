import { UsageError } from '../../mapper/errors.ts';

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
