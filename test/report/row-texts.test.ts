import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { DeviceMapper } from '../../src/mapper/device-mapper.ts';
import { FieldTable } from '../../src/report/field-table.ts';
import { Report, type TableLayout } from '../../src/report/report.ts';
import { SampleRows, sampleRows } from '../../src/report/rows.ts';
import { FIELD_SETS, STATS_FIELDS } from '../../src/report/stats-fields.ts';
import { SimulatedKernel } from '../../src/simulator/kernel.ts';
import { DeviceStats } from '../../src/stats/device-stats.ts';
import { difference, read } from '../../src/stats/sampler.ts';

/** The same fields, of which nothing is told that would let a report keep a text. */
const FORGETFUL = new FieldTable(STATS_FIELDS.groups, STATS_FIELDS.fields, 'help');
const SHOWN = { types: new Set(['area', 'region', 'group'] as const), skipSingleArea: false };
const SETUP = [
  '@stats_create 0+4096 1024 1 histogram:1,5 dmstats DMS_GROUP=both:0-1#-',
  '@stats_create 4096+4096 /1 1 histogram:1,5 dmstats -',
  '@stats_create 8192+1000 600 1 precise_timestamps dmstats mine',
];
const FIELDS = [
  FIELD_SETS.report,
  FIELD_SETS.reportRaw,
  `${FIELD_SETS.reportHistogram},p99,p50_upper,cleared,interval_ns`,
  'util,stats_name,interval,reads_per_sec,region_id,area_id,area_start,in_progress_count,user_data,hist_count_ranges',
];

type Event =
  | { readonly does: 'io'; readonly sector: number; readonly sectors: number; readonly ms: number }
  | { readonly does: 'wait'; readonly ms: number }
  | { readonly does: 'say'; readonly text: string };

const event: fc.Arbitrary<Event> = fc.oneof(
  fc.record({
    does: fc.constant('io' as const),
    sector: fc.integer({ min: 0, max: 9000 }),
    sectors: fc.integer({ min: 1, max: 200 }),
    ms: fc.integer({ min: 0, max: 3000 }),
  }),
  fc.record({ does: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 2000 }) }),
  fc.record({
    does: fc.constant('say' as const),
    text: fc.constantFrom(
      '@stats_clear 0',
      '@stats_clear 2',
      '@stats_delete 2',
      '@stats_create 0+8 /1 0 dmstats -',
      '@stats_set_aux 0 DMS_GROUP=one:0#-',
      '@stats_set_aux 2 a_much_longer_word_than_before',
    ),
  }),
);

test('Report.write() of a repeated report writes what it would write without remembering anything', async () => {
  const cycles = fc.array(fc.array(event, { maxLength: 4 }), { minLength: 2, maxLength: 8 });
  const layouts = fc.constantFrom<Partial<TableLayout>>(
    {},
    { separator: '|' },
    { transposed: true },
    { prefixes: 'quoted' },
    { headings: 'none' },
  );
  await fc.assert(
    fc.asyncProperty(cycles, fc.constantFrom(...FIELDS), layouts, async (all, fields, layout) => {
      const kernel = new SimulatedKernel();
      kernel.addDevice('t0', { sectors: 20_480 });
      for (const text of SETUP) kernel.message('t0', text);
      const stats = new DeviceStats(new DeviceMapper(kernel.openControl()), { name: 't0' });
      const clock = { now: () => BigInt(kernel.clock.nowNs()), wait: async () => {} };
      const form = { units: { kind: 'human', base: 1024 }, packed: false, timeSuffix: true } as const;
      const plain = { format: 'table', headings: 'abbrev', transposed: false, prefixes: 'none', form } as const;
      const options = {
        fields,
        defaults: '',
        recordDefaults: '',
        base: ['region'],
        layout: { ...plain, ...layout },
      };
      const report = new Report(STATS_FIELDS, options);
      const oracle = new Report(FORGETFUL, options);
      const rows = new SampleRows('t0', SHOWN);
      let before = await read(stats, undefined, clock);
      for (const events of all) {
        kernel.clock.advanceNs(1e9);
        for (const one of events) {
          if (one.does === 'wait') kernel.clock.advanceNs(one.ms * 1e6);
          else if (one.does === 'io') {
            const { sector, sectors, ms } = one;
            kernel.io({ device: 't0', direction: 'write', sector, sectors, durationNs: ms * 1e6 });
          } else {
            try {
              kernel.message('t0', one.text);
            } catch {
              // The region is not there any more.
            }
          }
        }
        const now = await read(stats, undefined, clock);
        const sample = difference(before, now);
        assert.equal(report.write(rows.of(sample)), oracle.write(sampleRows('t0', sample, SHOWN)));
        before = now;
      }
    }),
    { numRuns: 60 },
  );
});
