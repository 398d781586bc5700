import assert from 'node:assert/strict';
import test from 'node:test';
import { World } from './support.ts';

// 6 reads of 48 sectors, 2 writes of 16.
const CARRIED = '|carried=6,0,48,1000,2,0,16,500,0,0,0,0';

function world(kept: string): World {
  const made = new World();
  made.kernel.message('t0', `@stats_create 0+1024 /1 0 dmstats DMS_GROUP=f:0#${kept}`);
  return made;
}

const columns = (text: string): string[] => (text.split('\n')[0] ?? '').trim().split(/ +/);

test('list -v shows what groups carry, where any does; else it is as the C tool’s', async () => {
  assert.ok(!columns(await world('-').ok('list -v t0')).includes('Carried'));
  const made = world(`|error=24,3|missed=100${CARRIED}`);
  const text = await made.ok('list -v --noheadings t0');
  assert.deepEqual(
    text
      .trimEnd()
      .split('\n')
      .map((line) => line.split(':').slice(-4)),
    [
      ['-', '-', '-', '-'],
      ['64', '100', '24', '3'],
    ],
  );
  assert.ok(!columns(await made.ok('list t0')).includes('Carried'));
});

test('list --json tells what a group carries', async () => {
  const { rows } = JSON.parse(await world(`|error=24,3|missed=100${CARRIED}`).ok('list --json --group t0'));
  const [{ missed_bytes, error_bytes, error_ios, carried }] = rows;
  assert.deepEqual({ missed_bytes, error_bytes, error_ios }, { missed_bytes: 51200, error_bytes: 12288, error_ios: 3 });
  assert.deepEqual(
    {
      reads: carried.reads,
      read_bytes: carried.read_bytes,
      read_ns: carried.read_ns,
      write_bytes: carried.write_bytes,
    },
    { reads: 6, read_bytes: 24576, read_ns: 1000, write_bytes: 8192 },
  );
});

test('report -o coverage is the counted share, and can be sorted and selected by', async () => {
  // 64 sectors carried, 8 counted, 18 missed: 72 of 90.
  const made = world(`|missed=18${CARRIED}`);
  made.read('t0', 0);
  const report = await made.ok('report --noheadings -o coverage,missed,error,error_ios,carried --group t0');
  assert.equal(report.trim(), '80.00:18:0:0:64');
  assert.match(await made.ok('report -o coverage,obj_type -S coverage<90 -O -missed t0'), /80\.00 +group/);
  assert.doesNotMatch(await made.ok('report -o obj_type -S missed>18 t0'), /group/);
  const { rows } = JSON.parse(await made.ok('report --json -o coverage t0'));
  assert.deepEqual(
    rows.map((row: { coverage_ratio: number | null }) => row.coverage_ratio),
    [null, 0.8],
  );
});

test('metrics tells what was missed and may be wrong', async () => {
  const text = await world(`|error=24,3|missed=18${CARRIED}`).ok('metrics');
  const labels = '{device="t0",program="dmstats",group="0",alias="f"}';
  for (const line of [
    '# TYPE dmstats_group_missed_bytes_total counter',
    `dmstats_group_missed_bytes_total${labels} 9216`,
    `dmstats_group_carried_error_bytes_total${labels} 12288`,
    `dmstats_group_carried_error_ios_total${labels} 3`,
    '# TYPE dmstats_group_coverage_ratio gauge',
  ])
    assert.ok(text.split('\n').includes(line), line);
});

test('clear takes away what a group carries, misses and may have wrong', async () => {
  const made = world(`|gen=ab.4|error=24,3|missed=100${CARRIED}`);
  await made.ok('clear --regionid 0 t0');
  assert.match(made.kernel.message('t0', '@stats_list') ?? '', /DMS_GROUP=f:0#\|gen=ab\.4$/m);
});
