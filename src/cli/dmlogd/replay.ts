import { readFileSync } from 'node:fs';
import { MemoryServer } from '../../dirtylog/conformance/memory-server.ts';
import { parseTrace, replayTrace, type TracedDatagram, tracedDevices } from '../../dirtylog/conformance/trace.ts';
import { UsageError } from '../../mapper/errors.ts';
import type { CommandContext } from '../dmlogd.ts';
import { isExpected } from '../run.ts';

/** `dmlogd replay FILE`. */
export async function run({ words, stdout }: CommandContext): Promise<number> {
  const [path, ...more] = words;
  if (path === undefined || more.length > 0) throw new UsageError('replay: replay FILE');
  const trace = readTrace(path);
  const server = new MemoryServer(tracedDevices(trace));
  const { requests, unanswered, older, differences } = await replayTrace(trace, server);
  for (const { request, type, recorded, replayed } of differences) {
    stdout.write(`request ${request}, ${type}: ${recorded} was recorded, now ${replayed}\n`);
  }
  const open = unanswered === 0 ? '' : `, ${unanswered} without an answer in the trace`;
  stdout.write(`${requests} requests, ${differences.length} answered otherwise${open}\n`);
  if (older > 0) {
    stdout.write(
      `not asked: ${older} requests for logs that are older than the trace. Trace before a table is loaded.\n`,
    );
  }
  return differences.length === 0 ? 0 : 1;
}

function readTrace(path: string): TracedDatagram[] {
  try {
    return parseTrace(readFileSync(path, 'utf8'));
  } catch (error) {
    if (!isExpected(error)) throw error;
    throw new UsageError(`the trace ${path} cannot be read: ${error.message}`);
  }
}
