import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
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

test('the alerts on what was missed and what is inexact fire where more than a hundredth is', { skip }, (t) => {
  const labels = (alias: string): string => `{instance="h",device="vg",alias="${alias}"}`;
  // A minute's bytes: of the first file a tenth is missed, of the second an eighth may be wrong, the third is exact.
  const series = [
    ['/srv/a', { missed: 1000, read: 8000, written: 1000, carried_error: 0 }],
    ['/srv/b', { missed: 0, read: 800, written: 0, carried_error: 100 }],
    ['/srv/c', { missed: 0, read: 800, written: 0, carried_error: 0 }],
  ] as const;
  const alert = (alertname: string, alias: string, summary: string) => ({
    eval_time: '2h',
    alertname,
    exp_alerts: [
      { exp_labels: { severity: 'info', instance: 'h', device: 'vg', alias }, exp_annotations: { summary } },
    ],
  });
  const input = {
    rule_files: [resolve('docs/prometheus/dmstats.rules.yml')],
    evaluation_interval: '1m',
    tests: [
      {
        interval: '1m',
        input_series: series.flatMap(([alias, bytes]) =>
          Object.entries(bytes).map(([name, minute]) => ({
            series: `dmstats_group_${name}_bytes_total${labels(alias)}`,
            values: `0+${minute}x120`,
          })),
        ),
        alert_rule_test: [
          alert(
            'DmstatsFileMissed',
            '/srv/a',
            '10% of the I/O of /srv/a on vg is not counted: does dmfilemapd follow it?',
          ),
          alert('DmstatsFileInexact', '/srv/b', 'The counts of /srv/b on vg may be off by 12.5%'),
        ],
      },
    ],
  };
  const folder = mkdtempSync(join(tmpdir(), 'rules-'));
  t.after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'test.yml'), JSON.stringify(input));
  const { status, stdout, stderr } = spawnSync(PROMTOOL, ['test', 'rules', join(folder, 'test.yml')], {
    encoding: 'utf8',
  });
  assert.equal(status, 0, stdout + stderr);
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
