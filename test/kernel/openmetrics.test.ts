/** Metrics on a real kernel, judged by Prometheus' own tools; and the example that needs one. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { type TestContext } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createFilemap } from '../../src/filemap/filemap.ts';
import { openFile } from '../../src/filemap/open-file.ts';
import { nanoseconds } from '../../src/mapper/units.ts';
import { attempt, cleanUp, countsOfGroup, directRead, directWrite, eventually, mountVolume, sh } from './support.ts';

const skip = existsSync('/usr/bin/promtool') ? false : 'no promtool: apt-get install prometheus';
const SCRAPED_MS = 60_000;
const ALIAS = 'a "file" \\ <img>';

function start(
  t: TestContext,
  command: string,
  words: readonly string[],
): { child: ChildProcess; output: () => string } {
  const child = spawn(command, words, { stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk) => {
      text += chunk;
    });
  }
  const ended = new Promise((resolve) => child.on('exit', resolve));
  cleanUp(t, async () => {
    child.kill('SIGKILL');
    await ended;
  });
  return { child, output: () => text };
}

/** A file with a group and a histogram on a volume of its own. */
async function mapFile(t: TestContext) {
  const volume = await mountVolume(t, 'ext4', 64);
  const path = join(volume.folder, 'data');
  directWrite(path);
  sh('sync');
  using file = openFile(path);
  const bounds = [1, 10, 100].map((ms) => nanoseconds(ms * 1_000_000));
  const { groupId = -1 } = await createFilemap(volume.dm, file, { programId: 'dmstats', alias: ALIAS, bounds });
  return { ...volume, path, groupId };
}

const GROUP_LABELS = 'program="dmstats",group="0",alias="a \\"file\\" \\\\ <img>"';

test('dmstats metrics is what promtool wants, and counts what the kernel counted', { skip }, async (t) => {
  const { path, folder, name, stats, groupId } = await mapFile(t);
  directRead(path);
  const file = join(folder, 'dm.prom');
  sh(`dmstats metrics --output '${file}'`);
  const check = attempt(`promtool check metrics < '${file}' 2>&1`);
  assert.deepEqual(check, { status: 0, stdout: '', stderr: '' });
  const { reads, readSectors } = await countsOfGroup(stats, groupId);
  const text = readFileSync(file, 'utf8');
  const labels = `{device="${name}",${GROUP_LABELS}}`;
  assert.ok(text.includes(`dmstats_group_reads_completed_total${labels} ${reads}\n`), text);
  assert.ok(text.includes(`dmstats_group_read_bytes_total${labels} ${readSectors * 512n}\n`));
  assert.equal(readSectors, 2048n);
});

test('a Prometheus scrapes dmstats serve for a minute and misses nothing', { skip }, async (t) => {
  const { path, name, stats, groupId } = await mapFile(t);
  const server = start(t, 'dmstats', ['serve', '--listen', '127.0.0.1:0']);
  await eventually('dmstats serves', 30_000, () => server.output().includes('\n'));
  const target = /http:\/\/([^/]+)\//.exec(server.output())?.[1] ?? '';
  const folder = mkdtempSync(join(tmpdir(), 'prometheus-'));
  cleanUp(t, () => rmSync(folder, { recursive: true }));
  const config = join(folder, 'prometheus.yml');
  writeFileSync(
    config,
    `global: {scrape_interval: 2s}\nscrape_configs:\n  - job_name: dm\n    static_configs: [{targets: ['${target}']}]\n`,
  );
  const address = '127.0.0.1:19090';
  const prometheus = start(t, 'prometheus', [
    `--config.file=${config}`,
    `--storage.tsdb.path=${folder}/data`,
    `--web.listen-address=${address}`,
  ]);
  const query = async (expression: string): Promise<readonly { readonly value: readonly [number, string] }[]> => {
    const answer = await fetch(`http://${address}/api/v1/query?query=${encodeURIComponent(expression)}`);
    const { data } = (await answer.json()) as { data: { result: { value: [number, string] }[] } };
    return data.result;
  };
  const up = async (): Promise<boolean> => {
    try {
      return (await query('up'))[0]?.value[1] === '1';
    } catch {
      return false;
    }
  };
  await eventually(`the target is up: ${prometheus.output()}`, 120_000, up).catch((error: unknown) => {
    throw new Error(`${String(error)}\n${prometheus.output()}`);
  });
  const end = performance.now() + SCRAPED_MS;
  while (performance.now() < end) {
    directRead(path, { count: 4 });
    await setTimeout(1000);
  }
  const { reads, histogram } = await countsOfGroup(stats, groupId);
  const matcher = `{device="${name}",alias=${JSON.stringify(ALIAS)}}`;
  await eventually('the last count is scraped', 20_000, async () => {
    const [found] = await query(`dmstats_group_reads_completed_total${matcher}`);
    return found?.value[1] === `${reads}`;
  });
  const total = histogram.reduce((sum, bin) => sum + bin, 0n);
  const [count] = await query(`dmstats_group_io_duration_seconds_count${matcher}`);
  assert.equal(count?.value[1], `${total}`);
  assert.equal((await query(`dmstats_group_io_duration_seconds_bucket${matcher}`)).length, 4);
  // Every scrape was taken, in whole, and no counter went back.
  assert.equal((await query('min_over_time(up[1m])'))[0]?.value[1], '1');
  assert.equal((await query(`resets(dmstats_group_reads_completed_total${matcher}[1m])`))[0]?.value[1], '0');
  assert.ok(Number((await query('count_over_time(up[1m])'))[0]?.value[1]) >= 25);
  assert.ok(Number((await query(`rate(dmstats_group_reads_completed_total${matcher}[1m])`))[0]?.value[1]) > 0);
});

test('examples/p99-of-a-file prints percentiles and leaves nothing behind', async (t) => {
  const volume = await mountVolume(t, 'ext4', 64);
  const path = join(volume.folder, 'data');
  directWrite(path);
  sh('sync');
  const script = fileURLToPath(new URL('../../examples/p99-of-a-file.js', import.meta.url));
  const { child, output } = start(t, process.execPath, [script, path]);
  await eventually('a percentile', 60_000, async () => {
    directRead(path);
    await setTimeout(200);
    return /^\d+ to (\d+|more) µs$/m.test(output());
  });
  child.kill('SIGINT');
  await eventually('it ends', 10_000, () => child.exitCode !== null);
  assert.deepEqual([child.exitCode, (await volume.stats.list()).regions], [0, []]);
});
