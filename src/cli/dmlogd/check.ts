import { type ConformanceResult, checkConformance, checkDiskConformance } from '../../dirtylog/conformance/check.ts';
import type { DiskTransport } from '../../dirtylog/conformance/disk-kernel.ts';
import { MemoryServer } from '../../dirtylog/conformance/memory-server.ts';
import { ProcessServer } from '../../dirtylog/conformance/process-server.ts';
import { visible } from '../../report/visible.ts';
import { type CommandContext, refuseWords } from '../dmlogd.ts';

/** Leaves the rules of logs on devices out. */
const CORE = '--core';

/** `dmlogd check [--core] [COMMAND …]`. */
export async function run({ words, stdout }: CommandContext): Promise<number> {
  const isCore = words[0] === CORE;
  const command = isCore ? words.slice(1) : words;
  if (command[0]?.startsWith('-')) refuseWords(command);
  let areKept = true;
  for await (const { name, breach, consequence } of command.length === 0
    ? resultsOf(new MemoryServer(), isCore)
    : resultsOfProcess(command, isCore)) {
    areKept &&= breach === undefined;
    stdout.write(breach === undefined ? `holds: ${name}\n` : `BROKEN: ${name}: ${visible(breach)} (${consequence})\n`);
  }
  return areKept ? 0 : 1;
}

async function* resultsOf(server: DiskTransport, isCore: boolean): AsyncGenerator<ConformanceResult> {
  yield* await checkConformance(server);
  if (!isCore) yield* await checkDiskConformance(server);
}

async function* resultsOfProcess(command: readonly string[], isCore: boolean): AsyncGenerator<ConformanceResult> {
  await using server = new ProcessServer(command);
  yield* resultsOf(server, isCore);
}
