import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { MemoryServer } from '../../src/dirtylog/conformance/memory-server.ts';
import { parseTrace, replayTrace, tracedDevices } from '../../src/dirtylog/conformance/trace.ts';
import { DmParseError } from '../../src/mapper/errors.ts';

// Recorded by `dmlogd trace` with dm-mirror and dm-log-userspace of Linux 6.1.
const TRACES = ['classic', 'integrated-flush', 'resync', 'reload', 'reconnect'];

function golden(name: string): string {
  return readFileSync(new URL(`../../../test/golden/dirtylog-${name}-61.jsonl`, import.meta.url), 'utf8');
}

for (const name of TRACES) {
  test(`LogServer answers the kernel of the trace "${name}" as it was answered`, async () => {
    const trace = parseTrace(golden(name));
    const server = new MemoryServer(tracedDevices(trace));
    const { requests, unanswered, older, differences } = await replayTrace(trace, server);
    assert.ok(requests > 10, `${requests} requests`);
    assert.deepEqual(differences, []);
    assert.deepEqual({ unanswered, older }, { unanswered: 0, older: 0 });
  });
}

test('tracedDevices() learns the number of the log device from the status', () => {
  assert.deepEqual(tracedDevices(parseTrace(golden('classic'))), new Map([['/dev/ram2', '1:2']]));
});

test('replayTrace() names the request that is answered otherwise', async () => {
  const trace = parseTrace(golden('classic'));
  const server = new MemoryServer(tracedDevices(trace));
  const { differences } = await replayTrace(trace, {
    async exchange(datagram) {
      const sent = await server.exchange(datagram);
      return sent.map((bytes) => {
        const changed = bytes.slice();
        // GET_REGION_SIZE, the request type 6 at byte 188: its answer begins at byte 196.
        if (changed[188] === 6) changed[196] = 1;
        return changed;
      });
    },
  });
  assert.deepEqual(
    differences.map(({ type }) => type),
    ['GET_REGION_SIZE'],
  );
});

test('parseTrace() names the line that is none', () => {
  assert.throws(
    () => parseTrace('{"from":"dmlogd","format":1}\n{"from":"kernel"}\n'),
    (error) => error instanceof DmParseError && /in line 2/.test(error.message),
  );
});

test('replayTrace() counts the requests that the trace was ended before the answer of', async () => {
  const trace = parseTrace(golden('classic'));
  const last = trace.findLastIndex(({ from }) => from === 'server');
  const cut = trace.toSpliced(last, 1);
  const { unanswered, differences } = await replayTrace(cut, new MemoryServer(tracedDevices(cut)));
  assert.deepEqual({ unanswered, differences }, { unanswered: 1, differences: [] });
});

test('replayTrace() passes over logs that are older than the trace', async () => {
  const trace = parseTrace(golden('classic'));
  // The first requests make the log: without them the trace is one of a mirror that was there already.
  const firstMark = trace.findIndex(({ from, bytes }) => from === 'kernel' && bytes[188] === 10);
  const late = trace.slice(firstMark);
  const { requests, older, differences } = await replayTrace(late, new MemoryServer(tracedDevices(late)));
  const kernels = late.filter(({ from }) => from === 'kernel').length;
  assert.deepEqual({ requests, older, differences }, { requests: 0, older: kernels, differences: [] });
});
