import { type CommandContext, refuseWords } from '../dmlogd.ts';
import { askOn } from './ask.ts';

/** `dmlogd events`. */
export async function run({ words, stateFolder, stdout }: CommandContext): Promise<number> {
  refuseWords(words);
  for await (const event of askOn(stateFolder, { command: 'events' })) stdout.write(`${JSON.stringify(event)}\n`);
  return 0;
}
