import assert from 'node:assert/strict';
import test from 'node:test';
import { DeviceMapper } from '../../src/mapper/device-mapper.ts';
import { type MetricsFormat, metricsText } from '../../src/report/openmetrics.ts';
import { decimal, labelValue } from '../../src/report/openmetrics-text.ts';
import { SimulatedKernel } from '../../src/simulator/kernel.ts';
import { readDevices } from '../../src/stats/sample-devices.ts';

function world() {
  const kernel = new SimulatedKernel();
  kernel.addDevice('t0', { sectors: 20480 });
  const dm = new DeviceMapper(kernel.openControl());
  const say = (text: string): string => kernel.message('t0', text) ?? '';
  const io = (direction: 'read' | 'write', sector: number, durationNs: number): void => {
    kernel.io({ device: 't0', direction, sector, sectors: 8, durationNs });
    kernel.clock.advanceNs(durationNs);
  };
  const text = async (format: MetricsFormat = 'openmetrics'): Promise<string> =>
    metricsText(await readDevices(dm), format);
  return { kernel, say, io, text };
}

const linesOf = (text: string, name: string): string[] => text.split('\n').filter((line) => line.includes(name));

test('metricsText() writes counters in base units with their descriptions', async () => {
  const { say, io, text } = world();
  say('@stats_create 0+1024 /1 1 precise_timestamps prog -');
  io('read', 0, 1_500_000);
  io('write', 64, 250_000);
  const labels = '{device="t0",region="0",program="prog",group="",alias=""}';
  assert.deepEqual(linesOf(await text(), 'dmstats_region_read_time'), [
    '# HELP dmstats_region_read_time_seconds Durations of all reads, summed.',
    '# TYPE dmstats_region_read_time_seconds counter',
    '# UNIT dmstats_region_read_time_seconds seconds',
    `dmstats_region_read_time_seconds_total${labels} 0.0015`,
  ]);
  assert.deepEqual(linesOf(await text('prometheus'), 'dmstats_region_written_bytes'), [
    '# HELP dmstats_region_written_bytes_total Bytes written or discarded.',
    '# TYPE dmstats_region_written_bytes_total counter',
    `dmstats_region_written_bytes_total${labels} 4096`,
  ]);
  assert.deepEqual(linesOf(await text(), 'dmstats_region_size_bytes{'), [`dmstats_region_size_bytes${labels} 524288`]);
});

test('metricsText() ends with # EOF in OpenMetrics only, and never clears', async () => {
  const { say, io, text } = world();
  say('@stats_create - /1 0 prog -');
  io('read', 0, 0);
  const first = await text();
  assert.ok(first.endsWith('\n# EOF\n'));
  assert.equal(await text(), first);
  assert.doesNotMatch(await text('prometheus'), /# (EOF|UNIT)/);
  assert.equal(metricsText([], 'openmetrics'), '# EOF\n');
});

test('metricsText() sums the bins of a histogram up to each bound', async () => {
  const { say, io, text } = world();
  say('@stats_create - /2 2 precise_timestamps histogram:1000000,20000000,1000000000 prog -');
  // Two below 1 ms, one of exactly 1 ms (in the bin above it: the kernel's upper bounds are exclusive), one of 2 s.
  for (const [sector, ns] of [
    [0, 500_000],
    [15000, 999_999],
    [0, 1_000_000],
    [64, 2_000_000_000],
  ] as const) {
    io('read', sector, ns);
  }
  const labels = 'device="t0",region="0",program="prog",group="",alias=""';
  const name = 'dmstats_region_io_duration_seconds';
  assert.deepEqual(linesOf(await text(), `${name}_`), [
    `${name}_bucket{${labels},le="0.001"} 2`,
    `${name}_bucket{${labels},le="0.02"} 3`,
    `${name}_bucket{${labels},le="1.0"} 3`,
    `${name}_bucket{${labels},le="+Inf"} 4`,
    `${name}_sum{${labels}} 2.002499999`,
    `${name}_count{${labels}} 4`,
  ]);
});

test('metricsText() adds what a group carries to what its regions count', async () => {
  const { say, io, text } = world();
  const counts = '5,0,40,0,0,0,0,0,0,0,0,0:1:4';
  say(
    `@stats_create 0+1024 /1 1 histogram:10 prog DMS_GROUP="my file":0-1#-|carried=${counts}`.replace(
      ' file',
      '\\ file',
    ),
  );
  say('@stats_create 1024+1024 /1 1 histogram:10 prog -');
  io('read', 0, 0);
  io('read', 1024, 0);
  const labels = '{device="t0",program="prog",group="0",alias="my file"}';
  const lines = await text();
  assert.deepEqual(linesOf(lines, 'dmstats_group_reads_completed_total'), [
    `dmstats_group_reads_completed_total${labels} 7`,
  ]);
  assert.match(lines, /dmstats_group_io_duration_seconds_bucket\{.*,le="0\.01"\} 3\n/);
  assert.match(lines, /dmstats_group_io_duration_seconds_count\{.*\} 7\n/);
  assert.match(lines, /dmstats_region_reads_completed_total\{.*region="1",.*group="0",alias="my file"\} 1\n/);
});

test('metricsText() leaves out a histogram that would not tell of all I/Os', async () => {
  const { say, text } = world();
  say('@stats_create 0+1024 /1 1 histogram:10 prog DMS_GROUP=mixed:0-1#-');
  say('@stats_create 1024+1024 /1 0 prog -');
  say('@stats_create 2048+1024 /1 1 histogram:10 prog DMS_GROUP=bare:2#-|carried=1,0,8,0,0,0,0,0,0,0,0,0');
  const lines = await text();
  assert.deepEqual(linesOf(lines, 'dmstats_group_io_duration'), []);
  assert.equal(linesOf(lines, 'dmstats_region_io_duration_seconds_count').length, 2);
});

test('labelValue() holds any bytes in one line', () => {
  assert.equal(labelValue('a"b\\c'), 'a\\"b\\\\c');
  assert.equal(labelValue('\n\u001b[31m'), '\\\\x0a\\\\x1b[31m');
  // 0xff, which is no UTF-8, as decodeText gives it.
  assert.equal(labelValue('x\udcff'), 'x\\\\xff');
  assert.equal(labelValue('Ä<img>{},='), 'Ä<img>{},=');
});

test('decimal() is exact', () => {
  assert.deepEqual(
    [decimal(0n, 9), decimal(1n, 9), decimal(-1_500_000_000n, 9), decimal(2n ** 64n - 1n, 9), decimal(7n, 0)],
    ['0', '0.000000001', '-1.5', '18446744073.709551615', '7'],
  );
});
