/** Selections on every field of counters, rates and sizes, against an evaluator that works them out by hand. */
import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { nanoseconds, sectors } from '../../src/mapper/units.ts';
import { sampleRows } from '../../src/report/rows.ts';
import { parseSelection } from '../../src/report/select.ts';
import { STATS_FIELDS } from '../../src/report/stats-fields.ts';
import type { Counters } from '../../src/stats/counters.ts';
import type { Region } from '../../src/stats/region.ts';

interface Facts {
  readonly c: Counters;
  readonly seconds: number;
  readonly region: Region;
}

const n = Number;
const ios = ({ c }: Facts): number => n(c.reads + c.writes);
const per = (total: number, count: number): number => (count === 0 ? 0 : total / count);
const MS = 1e6;
const SECTOR = 512;
/** The lower bound of the bin of a percentile, from the values themselves; undefined without any. */
const percentile = ({ c, region }: Facts, percent: number): number | undefined => {
  const values = c.histogram.flatMap((count, bin) => Array.from({ length: n(count) }, () => bin));
  const bin = values[Math.ceil((values.length * percent) / 100) - 1];
  return bin === undefined ? undefined : n(region.bounds[bin - 1] ?? 0n) / MS;
};
const upper = (facts: Facts, percent: number): number | undefined => {
  const lower = percentile(facts, percent);
  if (lower === undefined) return undefined;
  const bound = facts.region.bounds.find((one) => n(one) / MS > lower);
  return bound === undefined ? undefined : n(bound) / MS;
};

/** What each field means, in the unit in which people select by it: ns, ms, percent, per second, bytes. */
const MEANINGS: Readonly<Record<string, (facts: Facts) => number | undefined>> = {
  read_count: ({ c }) => n(c.reads),
  reads_merged_count: ({ c }) => n(c.readsMerged),
  read_sector_count: ({ c }) => n(c.readSectors),
  read_time: ({ c }) => n(c.readNs),
  write_count: ({ c }) => n(c.writes),
  writes_merged_count: ({ c }) => n(c.writesMerged),
  write_sector_count: ({ c }) => n(c.writeSectors),
  write_time: ({ c }) => n(c.writeNs),
  in_progress_count: ({ c }) => n(c.inFlight),
  io_ticks: ({ c }) => n(c.ioNs),
  queue_ticks: ({ c }) => n(c.weightedNs),
  read_ticks: ({ c }) => n(c.readBusyNs),
  write_ticks: ({ c }) => n(c.writeBusyNs),
  reads_merged_per_sec: ({ c, seconds }) => n(c.readsMerged) / seconds,
  writes_merged_per_sec: ({ c, seconds }) => n(c.writesMerged) / seconds,
  reads_per_sec: ({ c, seconds }) => n(c.reads) / seconds,
  writes_per_sec: ({ c, seconds }) => n(c.writes) / seconds,
  read_size_per_sec: ({ c, seconds }) => (n(c.readSectors) * SECTOR) / seconds,
  write_size_per_sec: ({ c, seconds }) => (n(c.writeSectors) * SECTOR) / seconds,
  avg_request_size: (facts) => per(n(facts.c.readSectors + facts.c.writeSectors) * SECTOR, ios(facts)),
  queue_size: ({ c, seconds }) => n(c.weightedNs) / (seconds * 1e9),
  await: (facts) => per(n(facts.c.readNs + facts.c.writeNs) / MS, ios(facts)),
  read_await: ({ c }) => per(n(c.readNs) / MS, n(c.reads)),
  write_await: ({ c }) => per(n(c.writeNs) / MS, n(c.writes)),
  throughput: (facts) => ios(facts) / facts.seconds,
  service_time: (facts) => per(Math.min(n(facts.c.ioNs), facts.seconds * 1e9) / MS, ios(facts)),
  util: ({ c, seconds }) => Math.min(100, n(c.ioNs) / (seconds * 1e7)),
  interval_ns: ({ seconds }) => seconds * 1e9,
  interval: ({ seconds }) => seconds,
  p50: (facts) => percentile(facts, 50),
  p50_upper: (facts) => upper(facts, 50),
  p95: (facts) => percentile(facts, 95),
  p95_upper: (facts) => upper(facts, 95),
  p99: (facts) => percentile(facts, 99),
  p99_upper: (facts) => upper(facts, 99),
  region_id: ({ region }) => region.id,
  region_start: ({ region }) => n(region.start) * SECTOR,
  region_len: ({ region }) => n(region.length) * SECTOR,
  area_id: () => 0,
  area_start: ({ region }) => n(region.start) * SECTOR,
  area_len: ({ region }) => n(region.step) * SECTOR,
  area_offset: () => 0,
  area_count: ({ region }) => n(region.length / region.step),
  group_id: () => undefined,
  precise: ({ region }) => (region.precise ? 1 : 0),
  hist_bins: () => 3,
};

test('MEANINGS has every number and size of a report on statistics', () => {
  const groups = new Set(['stats', 'latency', 'region']);
  const ids = STATS_FIELDS.fields
    .filter(({ group, kind }) => groups.has(group) && (kind === 'number' || kind === 'size'))
    .map(({ id }) => id);
  assert.deepEqual(Object.keys(MEANINGS).sort(), ids.sort());
});

// Powers of two for what is divided by, and whole milliseconds: quotients are exact, so that equal is equal.
const power = fc.constantFrom(0n, 1n, 2n, 4n);
const ms = fc.integer({ min: 0, max: 4000 }).map((value) => BigInt(value) * 1_000_000n);
const few = fc.bigInt(0n, 40n);
const facts: fc.Arbitrary<Facts> = fc
  .record({
    io: fc.constantFrom([0n, 0n], [1n, 0n], [0n, 2n], [2n, 2n], [4n, 4n]),
    other: fc.tuple(power, power, few, few, few),
    times: fc.tuple(ms, ms, ms, ms, ms, ms),
    histogram: fc.tuple(few, few, few),
    seconds: fc.constantFrom(0.5, 1, 2, 4),
    id: fc.integer({ min: 0, max: 3 }),
    start: few,
    areas: fc.bigInt(1n, 4n),
    precise: fc.boolean(),
  })
  .map(({ io, other, times, histogram, seconds, id, start, areas, precise }) => {
    const [reads = 0n, writes = 0n] = io;
    const [readsMerged, writesMerged, readSectors, writeSectors, inFlight] = other;
    const [readNs, writeNs, ioNs, weightedNs, readBusyNs, writeBusyNs] = times;
    const counts = { reads, writes, readsMerged, writesMerged, readSectors, writeSectors, inFlight };
    const c = { ...counts, readNs, writeNs, ioNs, weightedNs, readBusyNs, writeBusyNs, histogram };
    const place = { start: sectors(start), length: sectors(areas * 8n), step: sectors(8n) };
    const bounds = [1, 4].map((bound) => nanoseconds(bound * MS));
    return { c, seconds, region: { id, ...place, programId: 'p', aux: '', precise, bounds } };
  });

const HOLDS: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  '=': (a, b) => a === b,
  '!=': (a, b) => a !== b,
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
};

for (const [id, meaning] of Object.entries(MEANINGS)) {
  test(`a selection by ${id} is right for what the field means`, () => {
    const kind = STATS_FIELDS.find(id)?.kind;
    fc.assert(
      fc.property(facts, facts, fc.constantFrom(...Object.keys(HOLDS)), (one, other, sign) => {
        // Against another row's value: equal often enough.
        const wanted = meaning(other) ?? 1;
        // No more digits than a decimal has exactly.
        const text = `${wanted}`.includes('e') ? wanted.toFixed(20) : `${wanted}`;
        const { selects } = parseSelection(`${id}${sign}${text}${kind === 'size' ? 'b' : ''}`, STATS_FIELDS);
        const sample = {
          listing: { regions: [one.region], groups: [], problems: [] },
          regions: new Map([
            [one.region.id, { region: one.region, areas: [], counters: one.c, intervalNs: one.seconds * 1e9 }],
          ]),
          groups: new Map(),
          cleared: [],
          missed: 0,
        };
        const types = new Set(['region'] as const);
        const [row] = sampleRows('d', sample, { types, skipSingleArea: false });
        assert.ok(row !== undefined);
        const value = meaning(one);
        const expected = value === undefined ? sign === '!=' : HOLDS[sign]?.(value, wanted);
        assert.equal(selects(row), expected, `${value} ${sign} ${text}`);
      }),
      { numRuns: 300 },
    );
  });
}
