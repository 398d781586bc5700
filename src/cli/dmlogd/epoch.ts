import { takeEpoch } from '../../dirtylog/daemon/client.ts';
import { type CommandContext, refuseWords } from '../dmlogd.ts';

/** `dmlogd epoch`. */
export async function run({ words, stateFolder, stdout }: CommandContext): Promise<number> {
  refuseWords(words);
  stdout.write(`${await takeEpoch({ stateFolder })}\n`);
  return 0;
}
