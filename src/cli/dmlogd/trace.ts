import { closeSync, openSync, writeSync } from 'node:fs';
import { UsageError } from '../../mapper/errors.ts';
import type { CommandContext } from '../dmlogd.ts';
import { askOn } from './ask.ts';

/** `dmlogd trace --record FILE`. */
export async function run({ words, stateFolder }: CommandContext): Promise<number> {
  const [option, path, ...more] = words;
  if (option !== '--record' || path === undefined || more.length > 0)
    throw new UsageError('trace: trace --record FILE');
  let fd: number | undefined;
  try {
    for await (const line of askOn(stateFolder, { command: 'trace' })) {
      // Not before there is a server: the file of a trace that was none would be in the way of the next one.
      fd ??= openSync(path, 'wx', 0o600);
      writeSync(fd, `${JSON.stringify(line)}\n`);
    }
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
  return 0;
}
