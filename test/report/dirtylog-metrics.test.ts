import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import test from 'node:test';
import type { FullStatus } from '../../src/dirtylog/daemon/client.ts';
import { EMPTY_BOOK } from '../../src/dirtylog/resync-book.ts';
import { dirtyLogMetricsText } from '../../src/report/dirtylog-metrics.ts';

const PROMTOOL = '/usr/bin/promtool';

const STATUS: FullStatus = {
  mirrors: [
    {
      uuid: 'LVM-"x"',
      devices: ['vg-lv'],
      log: '254:3',
      regions: 128,
      regionSectors: 1024,
      inSync: 100,
      dirty: 28,
      recovering: 5,
      failure: undefined,
      blocksWritten: 7,
      tables: [],
    },
  ],
  requests: { MARK_REGION: 3, FLUSH: 4 },
  events: { resyncDone: 1 },
  resync: { ...EMPTY_BOOK, mirrors: { 'LVM-"x"': { paused: true } } },
};

test('dirtyLogMetricsText() tells of each mirror, of the requests and of the events', () => {
  const text = dirtyLogMetricsText(STATUS, 'openmetrics');
  const labels = '{log="LVM-\\"x\\"",device="vg-lv"}';
  for (const line of [
    '# TYPE dmlogd_mirror_regions_in_sync gauge',
    `dmlogd_mirror_regions_in_sync${labels} 100`,
    `dmlogd_mirror_region_size_bytes${labels} 524288`,
    `dmlogd_mirror_failed${labels} 0`,
    `dmlogd_mirror_resync_paused${labels} 1`,
    '# UNIT dmlogd_mirror_log_written_bytes bytes',
    `dmlogd_mirror_log_written_bytes_total${labels} 28672`,
    'dmlogd_requests_total{type="FLUSH"} 4',
    'dmlogd_events_total{type="resyncDone"} 1',
  ]) {
    assert.ok(text.split('\n').includes(line), `${line} in\n${text}`);
  }
  assert.ok(text.endsWith('# EOF\n'));
});

const skip = existsSync(PROMTOOL) ? false : `no ${PROMTOOL}: apt-get install prometheus`;

test('dirtyLogMetricsText() is what promtool check metrics wants', { skip }, () => {
  const input = dirtyLogMetricsText(STATUS, 'prometheus');
  const { status, stdout, stderr } = spawnSync(PROMTOOL, ['check', 'metrics'], { input, encoding: 'utf8' });
  assert.deepEqual({ status, stdout, stderr }, { status: 0, stdout: '', stderr: '' });
});
