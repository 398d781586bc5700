import assert from 'node:assert/strict';
import test from 'node:test';
import { nanoseconds } from '../../src/mapper/units.ts';
import { type HistogramForm, histogramText } from '../../src/report/histogram.ts';

const bounds = [300_000, 600_000, 1_000_000, 5_000_000].map(nanoseconds);
const counts = [114n, 6n, 3n, 1n, 4n];
const PLAIN: HistogramForm = { values: 'count', bounds: 'none', packed: false, timeSuffix: true };

// Verbatim outputs of dmstats for this histogram (hist_count, hist_count_ranges, hist_percent_ranges, ...).
const FORMS: readonly (readonly [Partial<HistogramForm>, string])[] = [
  [{}, '   114     6     3     1     4'],
  [{ bounds: 'lower' }, '    0s:   114, 300us:     6, 600us:     3,   1ms:     1,   5ms:     4'],
  [{ bounds: 'range' }, '0s-300us: 114,300us-600us:6,600us-1ms:  3,1ms-5ms:    1,  >5ms:     4'],
  [
    { bounds: 'range', values: 'percent' },
    '0s-300us:89.06%,300us-600us:4.69%,600us-1ms:2.34%,1ms-5ms: 0.78%,  >5ms:  3.12%',
  ],
  [{ bounds: 'lower', packed: true, timeSuffix: false }, '0:114:300000:6:600000:3:1000000:1:5000000:4'],
  [{ values: 'none', bounds: 'lower' }, '0s,300us,600us,1ms,5ms'],
  [{ values: 'none', bounds: 'range' }, '0s-300us,300us-600us,600us-1ms,1ms-5ms,>5ms'],
];
for (const [form, text] of FORMS) {
  test(`histogramText() writes ${JSON.stringify(form)} as dmstats does`, () => {
    assert.equal(histogramText(bounds, counts, { ...PLAIN, ...form }), text);
  });
}

test('histogramText() writes nothing without bounds', () => {
  assert.equal(histogramText([], [], PLAIN), '');
});

test('histogramText() writes 0.00% for a histogram without counts', () => {
  assert.equal(
    histogramText([nanoseconds(10_000_000)], [0n, 0n], { ...PLAIN, bounds: 'lower', values: 'percent' }),
    '    0s:  0.00%,  10ms:  0.00%',
  );
});
