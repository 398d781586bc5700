import { resolve } from 'node:path';
import { releaseFromService } from '../../filemapd/service/client.ts';
import { UsageError } from '../../mapper/errors.ts';
import type { CommandContext } from '../dmfilemapd.ts';
import { oneLine } from '../run.ts';

/** `dmfilemapd release`. */
export async function run({ words, folder, stdout }: CommandContext): Promise<number> {
  const [word] = words;
  if (word === undefined || words.length > 1) throw new UsageError('release takes one file or pattern');
  const released = await releaseFromService(folder, resolve(word));
  stdout.write(`${oneLine(word)}: ${released} file(s) not followed any more\n`);
  return 0;
}
