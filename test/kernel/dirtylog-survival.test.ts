// What a mirror on a real kernel goes through when its dmlogd, the log device, a leg or the memory dies. Longer by hand:
// LAB_DMLOGD_KILLS, LAB_DMLOGD_STOP_SECONDS.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import {
  assertLegsEqual,
  type Change,
  changeServer,
  type Mirror,
  makeLegs,
  makeMirror,
  REGION_SECTORS,
  stallsAfter,
  startServer,
  startWriter,
  type Written,
} from './dirtylog-support.ts';
import { makeVolume, sh } from './support.ts';

const LEG_MIB = 4;
/** How often the server is killed under load. */
const KILLS = Number(process.env['LAB_DMLOGD_KILLS'] ?? 10);
/** Below the two seconds after which the kernel asks again when nobody listens; an emulated machine needs most of it. */
const MOST_STALL_MS = 1500;
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Nothing failed, nothing is wrong, nothing waited longer than it had to. */
function assertSurvived(t: TestContext, mirror: Mirror, written: Written, changes: readonly Change[]): void {
  assert.deepEqual({ errors: written.errors, wrong: written.wrong }, { errors: 0, wrong: 0 });
  assertLegsEqual(mirror);
  const restarts = changes.map(({ endedMs, readyMs }) => readyMs - endedMs);
  const stalls = stallsAfter(changes, written).map(Math.round);
  t.diagnostic(`${written.writes} writes; restarts ${restarts} ms, stalls beyond them ${stalls} ms`);
  assert.ok(Math.max(0, ...stalls) < MOST_STALL_MS, `${stalls}`);
}

test(`dmlogd is killed ${KILLS} times under load, and its successor goes on: no error, no difference, no wait`, async (t) => {
  let server = await startServer(t);
  const legs = await makeLegs(t, LEG_MIB);
  const log = await makeVolume(t, 1);
  sh(`dd if=/dev/zero of=${log.node} bs=64k count=1 oflag=direct 2>&1`);
  const mirror = await makeMirror(t, { log: `disk ${log.node} ${REGION_SECTORS} nosync` }, legs);
  const writer = await startWriter(t, mirror.node, LEG_MIB);
  const changes: Change[] = [];
  for (let kill = 0; kill < KILLS; kill++) {
    await sleep(Math.random() * 1000);
    const next = await changeServer(t, server, 'kill');
    changes.push(next.change);
    server = next.server;
    assert.doesNotMatch(server.output(), /cannot be gone on with/);
  }
  await sleep(1000);
  const written = await writer.end();
  assert.ok(written.writes > KILLS, `${written.writes} writes`);
  assert.equal(mirror.inSync(), mirror.regions);
  assertSurvived(t, mirror, written, changes);
});
