import assert from 'node:assert/strict';
import test from 'node:test';
import { nanoseconds, sectors } from '../../src/mapper/units.ts';
import { listRows, type Selection, type StatsRow, sampleRows } from '../../src/report/rows.ts';
import { parseUnits } from '../../src/report/size.ts';
import { STATS_FIELDS } from '../../src/report/stats-fields.ts';
import { type Counters, ZERO_COUNTERS } from '../../src/stats/counters.ts';
import type { Listing } from '../../src/stats/group.ts';
import type { Region } from '../../src/stats/region.ts';
import { type Reading, totals } from '../../src/stats/sampler.ts';

const region = (id: number, start: number, length: number, step = length): Region => ({
  id,
  start: sectors(start),
  length: sectors(length),
  step: sectors(step),
  programId: 'dmstats',
  aux: '',
  precise: false,
  bounds: [],
});
const listing: Listing = {
  regions: [region(0, 0, 1000), region(1, 2048, 5000, 2048), region(2, 8000, 100)],
  groups: [
    {
      id: 0,
      alias: 'segs',
      members: [0, 2],
      missing: [],
      userData: '',
      carried: undefined,
      missed: 0n,
      error: { sectors: 0n, ios: 0n },
      generation: undefined,
      tagForm: 'quoted',
    },
  ],
  problems: [],
};
const all: Selection = { types: new Set(['area', 'region', 'group']), skipSingleArea: true };
const form = { units: parseUnits('s'), packed: false, timeSuffix: true };
const text = (row: StatsRow | undefined, id: string): string => {
  const field = STATS_FIELDS.find(id);
  assert.ok(row !== undefined && field !== undefined);
  return field.text(row, form);
};
const counted = (facts: Partial<Counters>): Counters => ({ ...ZERO_COUNTERS, ...facts });

function reading(counters: Readonly<Record<number, Counters>>): Reading {
  const regions = new Map(
    listing.regions.flatMap((one) => {
      const values = counters[one.id];
      const area = { areaId: 0, start: one.start, length: one.length, counters: values ?? ZERO_COUNTERS };
      return values === undefined ? [] : [[one.id, { region: one, areas: [area], atNs: 0n }] as const];
    }),
  );
  return { listing, regions, atNs: 0n };
}

test('listRows() gives areas, then regions of several areas, then groups', () => {
  const rows = listRows('t0', listing, all).map(({ type, regionIds, areaId }) => `${type} ${regionIds}.${areaId}`);
  assert.deepEqual(rows, ['area 0.0', 'area 1.0', 'area 1.1', 'area 1.2', 'area 2.0', 'region 1.0', 'group 0,2.0']);
});

test('listRows() ends the last area where the region ends', () => {
  const areas = listRows('t0', listing, all).filter(({ type, region: { id } }) => type === 'area' && id === 1);
  assert.deepEqual(
    areas.map((row) => [text(row, 'area_start'), text(row, 'area_len'), text(row, 'area_offset')]),
    [
      ['2048', '2048', '0'],
      ['4096', '2048', '2048'],
      ['6144', '904', '4096'],
    ],
  );
});

test('listRows() names members of a group by its alias, others by their device', () => {
  const rows = listRows('t0', listing, { types: new Set(['region']), skipSingleArea: false });
  assert.deepEqual(
    rows.map((row) => text(row, 'stats_name')),
    ['segs', 't0', 'segs'],
  );
  assert.deepEqual(
    rows.map((row) => text(row, 'group_id')),
    ['0', '-', '0'],
  );
});

test('listRows() gives a group the length of its members together', () => {
  const [group] = listRows('t0', listing, { types: new Set(['group']), skipSingleArea: false });
  assert.equal(text(group, 'region_len'), '1100');
  assert.equal(text(group, 'area_len'), '1100');
  assert.equal(text(group, 'region_id'), '0,2');
  assert.equal(text(group, 'area_count'), '1');
});

test('sampleRows() sums groups and leaves out regions that vanished', () => {
  const sample = totals(reading({ 0: counted({ reads: 3n }), 2: counted({ reads: 4n, writes: 1n }) }), 1e9);
  const rows = sampleRows('t0', sample, { types: new Set(['region', 'group']), skipSingleArea: false });
  assert.deepEqual(
    rows.map((row) => `${row.type} ${text(row, 'region_id')} ${text(row, 'read_count')}`),
    ['region 0 3', 'region 2 4', 'group 0,2 7'],
  );
});

test('STATS_FIELDS derive rates, sizes and waits from the interval', () => {
  // 100 reads of 8 sectors in 2 s, 5 ms each, busy for half a second, 20 merged.
  const counters = counted({
    reads: 100n,
    readsMerged: 20n,
    readSectors: 800n,
    readNs: 500_000_000n,
    ioNs: 500_000_000n,
    weightedNs: 500_000_000n,
  });
  const sample = totals(reading({ 0: counters }), 2e9);
  const [row] = sampleRows('t0', sample, { types: new Set(['area']), skipSingleArea: false });
  const expected: Readonly<Record<string, string>> = {
    reads_merged_per_sec: '10.00',
    reads_per_sec: '50.00',
    writes_per_sec: '0.00',
    read_size_per_sec: '400',
    avg_request_size: '8',
    queue_size: '0.25',
    util: '25.00',
    await: '5.00',
    read_await: '5.00',
    write_await: '0.00',
    throughput: '50.00',
    service_time: '5.00',
    interval: '2.000000',
    interval_ns: '2000000000',
  };
  for (const [id, value] of Object.entries(expected)) assert.equal(text(row, id), value, id);
});

test('STATS_FIELDS show histogram bins of regions and none of groups', () => {
  const withBounds = { ...region(0, 0, 10), bounds: [nanoseconds(10_000_000)] };
  const rows = listRows('t0', { ...listing, regions: [withBounds, region(2, 20, 10)] }, all);
  assert.deepEqual(
    rows.map((row) => text(row, 'hist_bins')),
    ['2', '0', '0'],
  );
});
