import { checkConformance } from '../../dirtylog/conformance/check.ts';
import { MemoryServer } from '../../dirtylog/conformance/memory-server.ts';
import { type CommandContext, refuseWords } from '../dmlogd.ts';

/** `dmlogd check`. */
export async function run({ words, stdout }: CommandContext): Promise<number> {
  refuseWords(words);
  const results = await checkConformance(new MemoryServer());
  for (const { name, breach, consequence } of results) {
    stdout.write(breach === undefined ? `holds: ${name}\n` : `BROKEN: ${name}: ${breach} (${consequence})\n`);
  }
  return results.every(({ breach }) => breach === undefined) ? 0 : 1;
}
