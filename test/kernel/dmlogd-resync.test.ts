// The order, rate and times of a resync are what the operator says, on an idle mirror too.
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { parseTrace } from '../../src/dirtylog/conformance/trace.ts';
import { askOnce, askStatus } from '../../src/dirtylog/daemon/client.ts';
import { askServer, controlPath } from '../../src/dirtylog/daemon/control.ts';
import { decodeReply, words64 } from '../../src/dirtylog/protocol/kernel-side.ts';
import type { ResyncSettings } from '../../src/dirtylog/resync.ts';
import {
  allInSync,
  assertLegsEqual,
  type Mirror,
  makeLegs,
  makeMirror,
  REGION_SECTORS,
  startServer,
} from './dirtylog-support.ts';
import { attempt, cleanUp, eventually, sh } from './support.ts';

const LEG_MIB = 4;
const REGION_BYTES = REGION_SECTORS * 512;
const GET_RESYNC_WORK = 12;
const TYPE_AT = 188;

/** Listens to what the kernel asks and is told, until `end()`, which says which regions were handed out. */
async function traceWork(t: TestContext): Promise<{ end(): Promise<number[]> }> {
  const leave = new AbortController();
  cleanUp(t, () => leave.abort());
  const lines = askServer(controlPath(), { command: 'trace' }, leave.signal);
  const texts = [JSON.stringify((await lines.next()).value)];
  const listening = (async () => {
    for await (const line of lines) texts.push(JSON.stringify(line));
  })();
  return {
    async end() {
      // What was traced last may be on its way still.
      for (let seen = -1; seen !== texts.length; await setTimeout(1000)) seen = texts.length;
      leave.abort();
      await listening;
      const handedOut = parseTrace(texts.join('\n')).flatMap(({ from, bytes }) => {
        if (from !== 'server' || bytes[TYPE_AT] !== GET_RESYNC_WORK) return [];
        const reply = decodeReply(bytes);
        const [isWork, region = -1] = reply.kind === 'reply' ? words64(reply.data) : [];
        return isWork === 1 ? [region] : [];
      });
      return handedOut.filter((region, index) => region !== handedOut[index - 1]);
    },
  };
}

const set = (change: Partial<ResyncSettings>, mirror?: string): Promise<unknown> =>
  askOnce(undefined, { command: 'resync', change, ...(mirror === undefined ? {} : { mirror }) });

/** A mirror with all to copy, and nothing copied yet. */
async function pausedMirror(t: TestContext, options: readonly string[] = []): Promise<Mirror> {
  await startServer(t, options);
  await set({ paused: true });
  return makeMirror(t, { log: `core ${REGION_SECTORS}` }, await makeLegs(t, LEG_MIB, { random: true }));
}

test('a paused resync copies nothing and holds no write; resumed, it copies the ranges first, then where was written', async (t) => {
  const mirror = await pausedMirror(t);
  const start = performance.now();
  for (const block of [25 * 32, 26 * 32]) {
    sh(`timeout 60 dd if=/dev/urandom of=${mirror.node} bs=4k count=3 seek=${block} oflag=direct 2>&1`);
  }
  t.diagnostic(`6 writes into regions out of sync took ${Math.round(performance.now() - start)} ms`);
  assert.equal(mirror.inSync(), 0);
  assert.equal((await askStatus()).mirrors[0]?.recovering, undefined);
  sh(`dmlogd resync --mirror ${mirror.name} first 20-22`);
  await set({ order: 'byHeat' }, mirror.uuid);
  const trace = await traceWork(t);
  await set({ paused: false });
  await allInSync(mirror);
  const order = await trace.end();
  assert.deepEqual(order.slice(0, 3), [20, 21, 22]);
  assert.deepEqual(order.slice(3, 5).sort(), [25, 26]);
  assert.deepEqual(
    order.toSorted((one, other) => one - other),
    Array.from({ length: mirror.regions }, (_, region) => region),
  );
  assertLegsEqual(mirror);
});

test('a resync keeps to its rate on an idle mirror, and to its part of the day', async (t) => {
  const mirror = await pausedMirror(t);
  const minute = (hours: number): number => ((new Date().getHours() + hours) % 24) * 60;
  await set({ windows: [{ fromMinute: minute(2), toMinute: minute(3) }], bytesPerSecond: 4 * REGION_BYTES });
  await set({ paused: false });
  await setTimeout(3000);
  assert.equal(mirror.inSync(), 0);
  await set({ windows: [] });
  const start = performance.now();
  await eventually('it is in sync', 60_000, async () => {
    await setTimeout(100);
    // The server is asked, not the kernel: a status would wake it.
    return (await askStatus()).mirrors[0]?.inSync === mirror.regions;
  });
  const seconds = (performance.now() - start) / 1000;
  t.diagnostic(`${mirror.regions} regions at 4 a second took ${seconds.toFixed(1)} s`);
  // 32 regions less those of a burst of two seconds; one region at each poke would take 32 s.
  assert.ok(seconds > 5 && seconds < 20, `${seconds} s`);
  assertLegsEqual(mirror);
});

test('a policy of one’s own says the order; when it hangs, the rest is copied in order, and one event says so', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'policy-'));
  cleanUp(t, () => rmSync(folder, { recursive: true }));
  const path = join(folder, 'policy.mjs');
  writeFileSync(
    path,
    `export default ({ outOfSync, regionCount }) => {
      if (outOfSync.count <= 16) for (;;);
      for (let region = regionCount - 1; ; region--) if (outOfSync.has(region)) return region;
    };`,
  );
  chmodSync(path, 0o622);
  assert.deepEqual(attempt(`dmlogd serve --daemon --policy ${path}`), {
    status: 1,
    stdout: '',
    stderr: `policy ${path}: others may write it, its mode is 0622: chmod go-w\n`,
  });
  chmodSync(path, 0o600);
  const mirror = await pausedMirror(t, ['--policy', path]);
  const trace = await traceWork(t);
  await set({ paused: false });
  await allInSync(mirror);
  const last = mirror.regions - 1;
  // The end of the trace may still be on its way.
  const order = (await trace.end()).slice(0, mirror.regions - 14);
  assert.deepEqual(order, [...Array.from({ length: mirror.regions - 16 }, (_, index) => last - index), 0, 1]);
  assertLegsEqual(mirror);
  const { events, policy } = await askStatus();
  assert.equal(events.policyFailed, 1);
  assert.equal(policy, path);
});
