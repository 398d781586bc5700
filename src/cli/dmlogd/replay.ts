import { readFileSync } from 'node:fs';
import { MemoryServer } from '../../dirtylog/conformance/memory-server.ts';
import { parseTrace, replayTrace, tracedDevices } from '../../dirtylog/conformance/trace.ts';
import { UsageError } from '../../mapper/errors.ts';
import type { CommandContext } from '../dmlogd.ts';

/** `dmlogd replay FILE`. */
export async function run({ words, stdout }: CommandContext): Promise<number> {
  const [path, ...more] = words;
  if (path === undefined || more.length > 0) throw new UsageError('replay: replay FILE');
  const trace = parseTrace(readFileSync(path, 'utf8'));
  const { requests, unanswered, differences } = await replayTrace(trace, new MemoryServer(tracedDevices(trace)));
  for (const { request, type, recorded, replayed } of differences) {
    stdout.write(`request ${request}, ${type}: ${recorded} was recorded, now ${replayed}\n`);
  }
  const open = unanswered === 0 ? '' : `, ${unanswered} without an answer in the trace`;
  stdout.write(`${requests} requests, ${differences.length} answered otherwise${open}\n`);
  return differences.length === 0 ? 0 : 1;
}
