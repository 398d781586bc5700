import { askHeat } from '../../dirtylog/daemon/client.ts';
import { type CommandContext, refuseWords, takeOption } from '../dmlogd.ts';

/** `dmlogd heat`. */
export async function run({ words, stateFolder, stdout }: CommandContext): Promise<number> {
  const [mirror, rest] = takeOption(words, '--mirror', 'a device or the uuid of a log');
  refuseWords(rest);
  stdout.write(`${JSON.stringify(await askHeat({ stateFolder, mirror }))}\n`);
  return 0;
}
