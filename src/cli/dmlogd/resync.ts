import type { ResyncChange } from '../../dirtylog/daemon/control.ts';
import { UsageError } from '../../mapper/errors.ts';
import type { CommandContext } from '../dmlogd.ts';
import { askOnce } from './ask.ts';

const USAGE = 'resync pause, resync resume, resync rate BYTES|none, resync order inOrder|byHeat';

/** `dmlogd resync …`. */
export async function run({ words, stateFolder }: CommandContext): Promise<number> {
  await askOnce(stateFolder, { command: 'resync', change: resyncChange(words) });
  return 0;
}

/** The settings that the words change. @throws UsageError for other words */
export function resyncChange([word, value, ...more]: readonly string[]): ResyncChange {
  if (more.length === 0) {
    if (word === 'pause' && value === undefined) return { paused: true };
    if (word === 'resume' && value === undefined) return { paused: false };
    if (word === 'rate' && value === 'none') return { bytesPerSecond: null };
    if (word === 'rate' && /^[1-9]\d{0,14}$/.test(value ?? '')) return { bytesPerSecond: Number(value) };
    if (word === 'order' && (value === 'inOrder' || value === 'byHeat')) return { order: value };
  }
  throw new UsageError(`resync: one of ${USAGE}`);
}
