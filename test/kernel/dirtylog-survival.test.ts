// What a mirror on a real kernel goes through when its dmlogd, the log device, a leg or the memory dies. Longer by hand:
// LAB_DMLOGD_KILLS, LAB_DMLOGD_STOP_SECONDS.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { CN_IDX_DM } from '../../src/kernel/dm-log-userspace.ts';
import { connectorMembers } from '../../src/system/connector-socket.ts';
import { NoiseSender } from './connector-noise.ts';
import {
  assertLegsEqual,
  type Change,
  changeServer,
  type Mirror,
  makeLegs,
  makeMirror,
  REGION_SECTORS,
  type Server,
  stallsAfter,
  startServer,
  startWriter,
  type Writer,
  type Written,
} from './dirtylog-support.ts';
import { attempt, cleanUp, makeVolume, sh } from './support.ts';

const LEG_MIB = 4;
/** How often the server is killed under load. */
const KILLS = Number(process.env['LAB_DMLOGD_KILLS'] ?? 3);
/** How long it is halted; after 15 s the kernel sends everything again. */
const STOP_SECONDS = Number(process.env['LAB_DMLOGD_STOP_SECONDS'] ?? 3);
/** Below the two seconds after which the kernel asks again when nobody listens; an emulated machine needs most of it. */
const MOST_STALL_MS = 1500;
/** How long a dead server's socket is kept, less what it takes to notice. */
const KEPT_MS = 14_000;
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

/** The inode of the one socket to which the kernel's requests go. */
function socketOfGroup(): number | undefined {
  const members = connectorMembers(readFileSync('/proc/net/netlink', 'utf8'), CN_IDX_DM);
  assert.equal(members.length, 1);
  return members[0]?.inode;
}

/** A mirror with a disk log that is written to. */
async function writtenMirror(t: TestContext): Promise<{
  readonly mirror: Mirror;
  readonly server: Server;
  readonly writer: Writer;
}> {
  const server = await startServer(t);
  const legs = await makeLegs(t, LEG_MIB);
  const log = await makeVolume(t, 1);
  sh(`dd if=/dev/zero of=${log.node} bs=64k count=1 oflag=direct 2>&1`);
  const mirror = await makeMirror(t, { log: `disk ${log.node} ${REGION_SECTORS} nosync` }, legs);
  return { mirror, server, writer: await startWriter(t, mirror.node, LEG_MIB) };
}

test(`dmlogd is killed ${KILLS} times under load, and its successor goes on: no error, no difference, no wait`, async (t) => {
  const { mirror, writer, ...first } = await writtenMirror(t);
  let { server } = first;
  const changes: Change[] = [];
  for (let kill = 0; kill < KILLS; kill++) {
    await sleep(Math.random() * 1000);
    const before = socketOfGroup();
    const next = await changeServer(t, server, 'kill');
    changes.push(next.change);
    server = next.server;
    const { endedMs, readyMs } = next.change;
    if (readyMs - endedMs < KEPT_MS) assert.equal(socketOfGroup(), before, 'the socket has outlived the server');
    assert.doesNotMatch(server.output(), /cannot be gone on with/);
  }
  await sleep(1000);
  const written = await writer.end();
  assert.ok(written.writes > 0, 'something was written');
  assert.equal(mirror.inSync(), mirror.regions);
  assertSurvived(t, mirror, written, changes);
});

test('dmlogd is stopped under load for a newer one, which goes on at once', async (t) => {
  const { mirror, server, writer } = await writtenMirror(t);
  const changes: Change[] = [];
  let current = server;
  for (let upgrade = 0; upgrade < 2; upgrade++) {
    await sleep(500);
    const next = await changeServer(t, current, 'stop');
    changes.push(next.change);
    current = next.server;
    assert.equal(current.output(), 'ready\n', 'nothing had to be constructed again');
  }
  await sleep(1000);
  assertSurvived(t, mirror, await writer.end(), changes);
});

test(`dmlogd is halted for ${STOP_SECONDS} s, and what came meanwhile is answered`, async (t) => {
  const { mirror, server, writer } = await writtenMirror(t);
  await sleep(500);
  const endedMs = Date.now();
  server.child.kill('SIGSTOP');
  await sleep(STOP_SECONDS * 1000);
  server.child.kill('SIGCONT');
  const readyMs = Date.now();
  await sleep(1000);
  const written = await writer.end();
  assert.ok(written.longestMs >= STOP_SECONDS * 900, 'a write waited');
  assertSurvived(t, mirror, written, [{ endedMs, readyMs }]);
  assert.equal(server.output(), 'ready\n');
});

test('dmlogd passes over what others send to its group', async (t) => {
  const { mirror, server, writer } = await writtenMirror(t);
  const until = performance.now() + 2000;
  using noise = new NoiseSender();
  while (performance.now() < until) {
    noise.send(50);
    await sleep(5);
  }
  const written = await writer.end();
  assert.ok(written.writes > 0, 'something was written');
  assertSurvived(t, mirror, written, []);
  assert.match(server.output(), /a datagram of the kernel is not understood/);
});

test('dmlogd goes on when memory runs out, with what its systemd unit sets', async (t) => {
  const { mirror, server, writer } = await writtenMirror(t);
  const group = '/tmp/memory-group';
  sh(`mkdir -p ${group}; mount -t cgroup2 none ${group}; echo +memory > ${group}/cgroup.subtree_control`);
  const folder = `${group}/dmlogd-test`;
  sh(`mkdir ${folder}; echo 160M > ${folder}/memory.max`);
  sh(`echo -1000 > /proc/${server.child.pid}/oom_score_adj; echo ${server.child.pid} > ${folder}/cgroup.procs`);
  cleanUp(t, () => {
    sh(`for pid in $(cat ${folder}/cgroup.procs); do echo $pid > ${group}/cgroup.procs; done`);
    sh(`rmdir ${folder}; umount ${group}`);
  });
  // A line that never ends: it takes all that there is.
  assert.equal(attempt(`echo $$ > ${folder}/cgroup.procs; exec tail /dev/zero`).status, null, 'it is killed');
  assert.match(sh(`cat ${folder}/memory.events`), /^oom_kill 1$/m);
  const written = await writer.end();
  assert.ok(written.writes > 0, 'something was written');
  assertSurvived(t, mirror, written, []);
});
