import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { World } from './support.ts';

interface Records {
  readonly schema: number;
  readonly command: string;
  readonly rows: readonly Readonly<Record<string, unknown>>[];
}

const MIB = 1024 * 1024;
const parse = (text: string): Records => JSON.parse(text) as Records;
const time = '2026-01-02T03:04:05.678Z';
const timeOfDay = (): number => Date.parse(time);

/** A read of eight sectors that ends before this returns. */
function lastingRead(world: World, device: string, sector: number, durationNs: number): void {
  world.read(device, sector, 8, durationNs);
  world.kernel.clock.advanceNs(durationNs);
}

test('list --json tells each object with sizes in bytes and what there is none of as null', async () => {
  const world = new World();
  await world.ok('create --start 2048 --length 4096 --areas 2 --bounds 10ms,20ms t0');
  await world.ok('create --start 0 --length 2048 --bounds 10ms,20ms --userdata note t0');
  await world.ok('group --regions 0,1 --alias pair t0');
  const { schema, command, rows } = parse(await world.ok('list --json t0'));
  assert.deepEqual([schema, command], [1, 'list']);
  const common = { device: 't0', stats_name: 'pair', group_id: 0, program_id: 'dmstats', precise: false };
  const noPast = { missed_bytes: null, error_bytes: null, error_ios: null, carried: null };
  const bounds = { hist_bins: 3, hist_bounds_ns: [10_000_000, 20_000_000] };
  assert.deepEqual(rows, [
    {
      ...common,
      ...bounds,
      obj_type: 'region',
      region_id: 0,
      region_ids: [0],
      region_start_bytes: MIB,
      region_len_bytes: 2 * MIB,
      area_id: 0,
      area_start_bytes: MIB,
      area_len_bytes: MIB,
      area_offset_bytes: 0,
      area_count: 2,
      user_data: '',
      ...noPast,
    },
    {
      ...common,
      ...bounds,
      obj_type: 'region',
      region_id: 1,
      region_ids: [1],
      region_start_bytes: 0,
      region_len_bytes: MIB,
      area_id: 0,
      area_start_bytes: 0,
      area_len_bytes: MIB,
      area_offset_bytes: 0,
      area_count: 1,
      user_data: 'note',
      ...noPast,
    },
    {
      ...common,
      ...bounds,
      hist_bins: 0,
      obj_type: 'group',
      region_id: null,
      region_ids: [0, 1],
      region_start_bytes: MIB,
      region_len_bytes: 3 * MIB,
      area_id: 0,
      area_start_bytes: MIB,
      area_len_bytes: 3 * MIB,
      area_offset_bytes: 0,
      area_count: 1,
      user_data: '',
      ...{ missed_bytes: 0, error_bytes: 0, error_ios: 0, carried: null },
    },
  ]);
});

test('list --json of nothing is an object without rows', async () => {
  assert.deepEqual(parse(await new World().ok('list --json')), { schema: 1, command: 'list', rows: [] });
});

test('report --json-lines has a line a row and cycle, with the time of each', async () => {
  const world = new World();
  await world.ok('create t0');
  await world.ok('create --start 8192 t0');
  let nowNs = 0n;
  const clock = {
    now: () => nowNs,
    async wait(ms: number) {
      nowNs += BigInt(Math.round(ms * 1e6));
      for (let index = 0; index < 5; index++) world.read('t0', 4096 - index * 16);
    },
  };
  const words = [
    'report',
    '--json-lines',
    '--interval',
    '0.5',
    '--count',
    '2',
    '-o',
    'stats_name,region_id,read_count,reads_per_sec',
    't0',
  ];
  const { stdout, stderr } = await world.run(words, { clock, timeOfDay });
  const row = (cycle: number, id: number, count: number) => ({
    cycle,
    time,
    device: 't0',
    stats_name: 't0',
    region_id: id,
    region_ids: [id],
    read_count: count,
    reads_per_sec: count * 2,
  });
  assert.equal(stderr, '');
  assert.deepEqual(
    stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line)),
    [row(1, 0, 5), row(1, 1, 0), row(2, 0, 5), row(2, 1, 0)],
  );
});

test('report --json tells histograms, percentiles with their bins, ratios, and marks what was cleared', async () => {
  const world = new World();
  await world.ok('create --bounds 10ms,20ms,30ms t0');
  let nowNs = 0n;
  const clock = {
    now: () => nowNs,
    async wait(ms: number) {
      nowNs += BigInt(Math.round(ms * 1e6));
      for (const ms of [5, 15, 50]) lastingRead(world, 't0', 0, ms * 1e6);
      if (nowNs > 1_500_000_000n) world.kernel.message('t0', '@stats_clear 0');
    },
  };
  const words = [
    'report',
    '--json',
    '--interval',
    '1',
    '--count',
    '2',
    '-o',
    'hist_count,hist_percent,p50,p50_upper,p99,cleared',
    't0',
  ];
  const { rows } = parse((await world.run(words, { clock, timeOfDay })).stdout);
  assert.deepEqual(rows[0], {
    cycle: 1,
    time,
    histogram: [
      { lower_ns: 0, upper_ns: 10_000_000, count: 1 },
      { lower_ns: 10_000_000, upper_ns: 20_000_000, count: 1 },
      { lower_ns: 20_000_000, upper_ns: 30_000_000, count: 0 },
      { lower_ns: 30_000_000, upper_ns: null, count: 1 },
    ],
    p50_ns: { lower: 10_000_000, upper: 20_000_000 },
    p99_ns: { lower: 30_000_000, upper: null },
    cleared: false,
  });
  assert.equal(rows[1]?.['cleared'], true);
  assert.equal(rows[1]?.['p50_ns'], null);
});

test('report shows percentiles as the bins that they lie in', async () => {
  const world = new World();
  await world.ok('create --bounds 10ms,20ms t0');
  await world.ok('create t0');
  assert.equal(await world.ok('report --noheadings -o region_id,p50,p50_upper t0'), '0:-:-\n1:-:-\n');
  for (const ms of [5, 15, 15, 15, 50]) lastingRead(world, 't0', 0, ms * 1e6);
  assert.equal(
    await world.ok('report -o region_id,p50,p50_upper,p95,p95_upper t0'),
    'RgID P50          P50Max P95          P95Max\n' +
      '   0    10ms-20ms     20        >20ms      -\n' +
      '   1            -      -            -      -\n',
  );
  assert.equal(
    await world.ok('report --noheadings --notimesuffix -o p50,p95 -S p95>=20 t0'),
    '10000000-20000000:>20000000\n',
  );
  assert.equal(await world.ok('report --noheadings -o region_id -S p50_upper<=20 -O -p50 t0'), '0\n');
});

test('report --csv has a line of names and a line a row', async () => {
  const world = new World();
  await world.ok('create --userdata a,b t0');
  const words = ['report', '--csv', '-o', 'stats_name,user_data,read_sector_count,group_id', 't0'];
  world.read('t0', 0, 8);
  assert.equal(
    (await world.run(words, { timeOfDay })).stdout,
    `cycle,time,device,stats_name,user_data,read_bytes,group_id\n1,${time},t0,t0,"a,b",4096,\n`,
  );
});

test('print --json tells the counters of each area, and those that it cleared', async () => {
  const world = new World();
  await world.ok('create --areas 2 --precise t0');
  lastingRead(world, 't0', 16384, 700);
  const rows = parse(await world.ok('print --json --allregions --clear t0')).rows;
  assert.deepEqual(
    rows.map((row) => [
      row['area_id'],
      row['area_start_bytes'],
      row['read_count'],
      row['read_bytes'],
      row['read_time_ns'],
    ]),
    [
      [0, 0, 0, 0, 0],
      [1, 10240 * 512, 1, 4096, 700],
    ],
  );
  assert.equal(parse(await world.ok('print --json --regionid 0 t0')).rows[1]?.['read_count'], 0);
});

// What each command says of what it did, in order.
const ACTIONS: readonly (readonly [words: string, rows: readonly Readonly<Record<string, unknown>>[]])[] = [
  ['create --length 8192 --areas 2 t0', [{ action: 'created_region', device: 't0', region_id: 0, area_count: 2 }]],
  [
    'create --segments --alias s t0',
    [
      { action: 'created_region', device: 't0', region_id: 1, area_count: 1 },
      { action: 'created_group', device: 't0', group_id: 1, region_ids: [1], alias: 's' },
    ],
  ],
  [
    'create --start 8192 t1 t0',
    [
      { action: 'created_region', device: 't1', region_id: 0, area_count: 1 },
      { action: 'created_region', device: 't0', region_id: 2, area_count: 1 },
    ],
  ],
  ['group --regions 2,0 t0', [{ action: 'created_group', device: 't0', group_id: 0, region_ids: [0, 2], alias: '' }]],
  ['clear --regionid 2 t0', [{ action: 'cleared_region', device: 't0', region_id: 2 }]],
  ['ungroup --groupid 0 t0', [{ action: 'removed_group', device: 't0', group_id: 0, region_ids: [0, 2] }]],
  ['delete --regionid 0 t0', [{ action: 'deleted_region', device: 't0', region_id: 0 }]],
  ['delete --groupid 1 t0', [{ action: 'deleted_group', device: 't0', group_id: 1, region_ids: [1] }]],
  ['delete --allregions t0', [{ action: 'deleted_region', device: 't0', region_id: 2 }]],
  ['delete --allregions t0', []],
];

test('every command that acts tells what it did as JSON, in one object or a line each', async () => {
  const documented = readFileSync(new URL('../../../docs/json.md', import.meta.url), 'utf8');
  for (const isLines of [false, true]) {
    const world = new World();
    for (const [words, rows] of ACTIONS) {
      const text = await world.ok(`${words} ${isLines ? '--json-lines' : '--json'}`);
      const told = isLines
        ? text
            .split('\n')
            .filter((line) => line !== '')
            .map((line) => JSON.parse(line))
        : parse(text).rows;
      assert.deepEqual(told, rows, words);
      for (const row of rows) {
        const line = documented.split('\n').find((one) => one.includes(`\`${row['action']}\``));
        for (const name of Object.keys(row).slice(1)) assert.ok(line?.includes(`\`${name}\``), name);
      }
    }
  }
});

test('--json tells what was done before a failure, and nothing when nothing was done', async () => {
  const world = new World();
  await world.ok('create --alldevices');
  world.kernel.failNext({ command: 'DM_TARGET_MSG', text: '@stats_delete', skip: 1, errno: 12 });
  const { status, stdout, stderr } = await world.run(['delete', '--json', '--allregions', '--alldevices']);
  assert.equal(status, 1);
  assert.match(stderr, /ENOMEM/);
  assert.deepEqual(parse(stdout).rows, [{ action: 'deleted_region', device: 't0', region_id: 0 }]);
  await world.refusal('delete', '--json', '--regionid', '9', 't0');
});

const REFUSED: readonly (readonly [words: string, message: string])[] = [
  ['list --json --csv', 'Please specify one of --json, --json-lines and --csv.'],
  ['list --json --units k', 'Cannot use --units with --json: it is for tables.'],
  ['list --csv --noheadings', 'Cannot use --noheadings with --csv: it is for tables.'],
  ['create --csv t0', 'Cannot use --csv with create.'],
];
for (const [words, message] of REFUSED) {
  test(`"${words}" is refused`, async () => {
    assert.equal(await new World().refusal(...words.split(' ')), message);
  });
}
