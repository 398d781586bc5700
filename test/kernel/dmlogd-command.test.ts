// The command dmlogd from its start in the background to its end, as an administrator uses it.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { askDmlogd, wireLogs } from '../../src/dashboard/logs.ts';
import { askChanges, askHeat, takeEpoch } from '../../src/dirtylog/daemon/client.ts';
import {
  allInSync,
  DMSETUP,
  endServersLast,
  makeLegs,
  makeMirror,
  REGION_SECTORS,
  startServer,
} from './dirtylog-support.ts';
import { attempt, cleanUp, eventually, makeVolume, sh } from './support.ts';

const LEG_MIB = 4;
const REGIONS = (LEG_MIB * 2048) / REGION_SECTORS;

/** A command that goes on until the test ends it, and what it has written. */
function startCommand(t: TestContext, words: readonly string[]): { output(): string; end(): Promise<void> } {
  const child = spawn('dmlogd', words, { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.on('data', (chunk) => {
    text += chunk;
  });
  const ended = new Promise<void>((resolve) => child.on('exit', () => resolve()));
  cleanUp(t, () => child.kill('SIGKILL'));
  return {
    output: () => text,
    end() {
      child.kill('SIGTERM');
      return ended;
    },
  };
}

test('dmlogd serves in the background, tells what it does, is traced, and the trace is replayed', async (t) => {
  endServersLast(t);
  const folder = mkdtempSync(join(tmpdir(), 'dmlogd-'));
  cleanUp(t, () => rmSync(folder, { recursive: true }));
  const started = attempt('dmlogd serve --daemon');
  const [, pid = ''] = /^dmlogd serves, process (\d+)\n$/.exec(started.stdout) ?? [];
  assert.notEqual(pid, '', JSON.stringify(started));
  cleanUp(t, () => attempt(`kill -9 ${pid}`));
  assert.equal(statSync('/run/dmlogd/control').mode & 0o777, 0o600);
  assert.equal(statSync('/run/dmlogd').mode & 0o077, 0);
  const second = attempt('dmlogd serve --daemon');
  assert.equal(second.status, 1);
  assert.match(second.stderr, /^dmlogd runs already: \/run\/dmlogd\/lock is locked\n$/);

  const events = startCommand(t, ['events']);
  const trace = startCommand(t, ['trace', '--record', join(folder, 'trace')]);
  await eventually('both listen', 60_000, () => events.output() !== '' && existsSync(join(folder, 'trace')));
  const mirror = await makeMirror(t, { log: `core ${REGION_SECTORS}` }, await makeLegs(t, LEG_MIB, { random: true }));
  await allInSync(mirror);
  sh(`dd if=/dev/urandom of=${mirror.node} bs=4k count=2 seek=96 oflag=direct 2>&1`);
  await trace.end();
  await events.end();
  assert.deepEqual(
    events
      .output()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
    [{ type: 'listening' }, { type: 'resyncDone', uuid: mirror.uuid }],
  );
  const replayed = attempt(`dmlogd replay ${folder}/trace`);
  // The trace may have been ended between a request and its answer.
  assert.match(replayed.stdout, /^\d{2,} requests, 0 answered otherwise(, [1-4] without an answer in the trace)?\n$/);

  assert.match(sh('dmlogd status'), new RegExp(`^${mirror.uuid} +${mirror.name} +core +running +32 +32 +0 *$`, 'm'));
  assert.match(sh('dmlogd logs'), new RegExp(`^${mirror.uuid} +0x[0-9a-f]{16} +running +8192 core 256 *$`, 'm'));
  const [heat] = await askHeat({ mirror: mirror.name });
  assert.deepEqual([heat?.regions, heat?.partRegions, heat?.devices], [REGIONS, 1, [mirror.name]]);
  const warmest = heat?.parts.indexOf(Math.max(...heat.parts));
  assert.equal(warmest, 3, 'blocks 96 and 97 are in region 3');
  // As the page of dmstats serve shows it.
  const [shown] = wireLogs((await askDmlogd(new AbortController().signal)) ?? assert.fail('it runs'));
  assert.deepEqual(
    [shown?.devices, shown?.state, shown?.regions, shown?.inSync, shown?.regionBytes],
    [[mirror.name], 'running', REGIONS, REGIONS, REGION_SECTORS * 512],
  );
  const [hottest] = [...(shown?.heat ?? [])].sort(([, a], [, b]) => b - a);
  assert.equal(hottest?.[0], 3);
  const metrics = sh('dmlogd metrics');
  assert.ok(metrics.includes(`dmlogd_mirror_regions_in_sync{log="${mirror.uuid}",device="${mirror.name}"} 32\n`));
  assert.match(metrics, /^dmlogd_requests_total\{type="MARK_REGION"\} [1-9]/m);
  assert.match(metrics, /^dmlogd_events_total\{type="resyncDone"\} 1$/m);
  sh(`dmlogd metrics --output ${folder}/dm.prom`);
  if (existsSync('/usr/bin/promtool')) {
    assert.deepEqual(attempt(`promtool check metrics < ${folder}/dm.prom 2>&1`), { status: 0, stdout: '', stderr: '' });
  }
  assert.match(sh('dmlogd metrics --format openmetrics'), /# EOF\n$/);
  assert.ok(readFileSync(join(folder, 'dm.prom'), 'utf8').includes('dmlogd_mirror_regions{'));

  sh(`kill ${pid}`);
  // Its parent is gone, and the guest's first process may leave it a zombie, which has no words.
  const words = `/proc/${pid}/cmdline`;
  await eventually('it has ended', 30_000, () => !existsSync(words) || readFileSync(words).length === 0);
  const gone = attempt('dmlogd status');
  assert.deepEqual(gone, {
    status: 1,
    stdout: '',
    stderr: 'dmlogd does not run: nobody listens on /run/dmlogd/control\n',
  });
  // For the mirror to be removed without waiting.
  await startServer(t);
});

test('dmlogd refuses what makes no sense with one line', async (t) => {
  await startServer(t);
  for (const [words, line] of [
    ['heat --mirror nosuch', 'there is no mirror "nosuch": there are none'],
    ['resync --mirror nosuch pause', 'there is no mirror "nosuch": there are none'],
    ['replay /nowhere', "the trace /nowhere cannot be read: ENOENT: no such file or directory, open '/nowhere'"],
    ['check /nowhere', 'the server cannot be started: spawn /nowhere ENOENT'],
  ] as const) {
    assert.deepEqual(attempt(`dmlogd ${words}`), { status: 1, stdout: '', stderr: `${line}\n` });
  }
});

for (const integrated of [false, true]) {
  test(`dmlogd changed has what was written since an epoch, ${integrated ? 'with' : 'without'} integrated_flush`, async (t) => {
    const server = await startServer(t);
    const log = await makeVolume(t, 1);
    sh(`dd if=/dev/zero of=${log.node} bs=64k count=1 oflag=direct 2>&1`);
    const words = `disk ${log.node} ${REGION_SECTORS} nosync`;
    const mirror = await makeMirror(t, { log: words, integrated }, await makeLegs(t, LEG_MIB));
    const write = (region: number): void => {
      sh(`dd if=/dev/urandom of=${mirror.node} bs=4k count=1 seek=${region * (REGION_SECTORS / 8)} oflag=direct 2>&1`);
    };
    const ranges = async (epoch: string): Promise<unknown> => (await askChanges(epoch))[0]?.changed;
    write(1);
    // What was written before is cleared by and by; until then it counts as being written.
    await eventually('an epoch without writes', 30_000, async () => {
      await setTimeout(500);
      return JSON.stringify(await ranges(await takeEpoch())) === '[]';
    });
    const epoch = await takeEpoch();
    for (const region of [3, 4, 7]) write(region);
    assert.deepEqual(await ranges(epoch), [
      [3, 4],
      [7, 7],
    ]);
    sh(`${DMSETUP} suspend ${mirror.name}; ${DMSETUP} resume ${mirror.name}`);
    write(31);
    const { stdout, stderr } = attempt(`dmlogd changed --since ${epoch} --mirror ${mirror.name}`);
    assert.equal(stdout, `${mirror.uuid} 768 512\n${mirror.uuid} 1792 256\n${mirror.uuid} 7936 256\n`);
    assert.equal(stderr, '');
    await server.kill();
    await startServer(t);
    let later = await askChanges(epoch);
    // It answers while it still takes over the log.
    await eventually('the new server has the log', 30_000, async () => {
      later = await askChanges(epoch);
      return later.length > 0;
    });
    assert.deepEqual(later[0]?.changed, [[0, REGIONS - 1]]);
    assert.equal(later[0]?.unknown, 'the epoch is of another server, or none');
    const [adopted] = await askChanges(await takeEpoch());
    assert.equal(adopted?.unknown, 'the kernel marked regions before this server was there');
  });
}
