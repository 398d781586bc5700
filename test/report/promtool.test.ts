import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { startSimulatedWorld } from '../../src/cli/simulated-world.ts';
import { metricsText } from '../../src/report/openmetrics.ts';
import { readDevices } from '../../src/stats/sample-devices.ts';

const PROMTOOL = '/usr/bin/promtool';
const skip = existsSync(PROMTOOL) ? false : `no ${PROMTOOL}: apt-get install prometheus`;

test('metricsText() is what promtool check metrics wants', { skip }, async (t) => {
  const world = await startSimulatedWorld();
  t.after(() => world[Symbol.dispose]());
  await world.dm.message({ name: 'vg-data' }, '@stats_create 0+8 /1 0 p DMS_GROUP="a\\"\\\\b":99#-');
  const input = metricsText(await readDevices(world.dm), 'prometheus');
  assert.match(input, /dmstats_group_io_duration_seconds_bucket/);
  const { status, stdout, stderr } = spawnSync(PROMTOOL, ['check', 'metrics'], { input, encoding: 'utf8' });
  assert.deepEqual({ status, stdout, stderr }, { status: 0, stdout: '', stderr: '' });
});

for (const [kind, path] of [
  ['rules', 'docs/prometheus/dmstats.rules.yml'],
  ['config', 'docs/prometheus/prometheus.yml'],
] as const) {
  test(`${path} is what promtool check ${kind} wants`, { skip }, () => {
    const { status, stderr } = spawnSync(PROMTOOL, ['check', kind, path], { encoding: 'utf8' });
    assert.equal(status, 0, stderr);
  });
}

test('docs/prometheus/dmstats.rules.yml asks for metrics that there are', async (t) => {
  const world = await startSimulatedWorld();
  t.after(() => world[Symbol.dispose]());
  const text = metricsText(await readDevices(world.dm), 'prometheus');
  const rules = readFileSync('docs/prometheus/dmstats.rules.yml', 'utf8');
  // A recorded one has colons in its name.
  const names = new Set(rules.match(/(?<![\w:])dmstats_\w+(?=[{[) ])/g));
  assert.ok(names.size >= 9);
  for (const name of names) assert.match(text, new RegExp(`^${name}\\{`, 'm'));
});

test('docs/grafana/dmstats.json asks for metrics that there are, in PromQL', { skip }, async (t) => {
  const world = await startSimulatedWorld();
  t.after(() => world[Symbol.dispose]());
  const text = metricsText(await readDevices(world.dm), 'prometheus');
  const queries = [...readFileSync('docs/grafana/dmstats.json', 'utf8').matchAll(/"expr": ("(?:[^"\\]|\\.)*")/g)].map(
    ([, quoted = '']) => JSON.parse(quoted) as string,
  );
  assert.ok(queries.length >= 10);
  for (const name of new Set(queries.join(' ').match(/dmstats_\w+/g)))
    assert.match(text, new RegExp(`^${name}\\{`, 'm'));
  // As a rule file, since promtool parses expressions nowhere else without a server.
  const rules = queries.map((expr, index) => ({
    record: `r:${index}`,
    expr: expr.replaceAll('$__rate_interval', '5m'),
  }));
  const input = JSON.stringify({ groups: [{ name: 'dashboard', rules }] });
  const folder = mkdtempSync(join(tmpdir(), 'rules-'));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'rules.yml'), input);
  const { status, stderr } = spawnSync(PROMTOOL, ['check', 'rules', join(folder, 'rules.yml')], { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
});
