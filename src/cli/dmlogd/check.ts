import { type ConformanceResult, checkConformance } from '../../dirtylog/conformance/check.ts';
import { MemoryServer } from '../../dirtylog/conformance/memory-server.ts';
import { ProcessServer } from '../../dirtylog/conformance/process-server.ts';
import { visible } from '../../report/visible.ts';
import { type CommandContext, refuseWords } from '../dmlogd.ts';

/** `dmlogd check [COMMAND …]`. */
export async function run({ words, stdout }: CommandContext): Promise<number> {
  if (words[0]?.startsWith('-')) refuseWords(words);
  const results = words.length === 0 ? await checkConformance(new MemoryServer()) : await checkProcess(words);
  for (const { name, breach, consequence } of results) {
    stdout.write(breach === undefined ? `holds: ${name}\n` : `BROKEN: ${name}: ${visible(breach)} (${consequence})\n`);
  }
  return results.every(({ breach }) => breach === undefined) ? 0 : 1;
}

async function checkProcess(command: readonly string[]): Promise<readonly ConformanceResult[]> {
  await using server = new ProcessServer(command);
  return await checkConformance(server);
}
