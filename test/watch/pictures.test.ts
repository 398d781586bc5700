import assert from 'node:assert/strict';
import test from 'node:test';
import { nanoseconds } from '../../src/mapper/units.ts';
import { bins } from '../../src/stats/counters.ts';
import { ASCII, heightGlyph, sparkline, UNICODE } from '../../src/watch/glyphs.ts';
import { histogramChart } from '../../src/watch/histogram-chart.ts';

test('heightGlyph() shows anything above zero, and full at full', () => {
  assert.equal([0, 1e-9, 0.5, 1, 7].map((share) => heightGlyph(UNICODE, share)).join(''), ' ▁▄██');
  assert.equal([0, 1e-9, 0.5, 1].map((share) => heightGlyph(ASCII, share)).join(''), ' .:#');
});

test('sparkline() has the newest at the right, and gaps where there is no value', () => {
  assert.equal(sparkline([8, undefined, 0, 4, 8], { width: 7, full: 8, glyphs: UNICODE }), '  █  ▄█');
  assert.equal(sparkline([1, 8, 4], { width: 2, full: 8, glyphs: UNICODE }), '█▄');
  assert.equal(sparkline([0, 0], { width: 2, full: 0, glyphs: UNICODE }), '  ');
});

const histogram = (boundsMs: readonly number[], counts: readonly number[]) =>
  bins(
    boundsMs.map((ms) => nanoseconds(ms * 1e6)),
    counts.map(BigInt),
  );

test('histogramChart() draws bars over their lower bounds', () => {
  const chart = histogramChart(histogram([1, 10], [4, 1, 0]), { width: 18, height: 2, glyphs: ASCII });
  // Of two lines, 4 of 4 fills both, 1 of 4 half of the lower one.
  assert.deepEqual(chart, ['#####', '##### :::::', '0     1ms   10ms']);
});

test('histogramChart() shows one among millions', () => {
  const chart = histogramChart(histogram([1], [1_000_000, 1]), { width: 8, height: 1, glyphs: ASCII });
  assert.deepEqual(chart, ['### ...', '0   1ms']);
});

test('histogramChart() merges bins side by side where they are more than fit', () => {
  const bounds = Array.from({ length: 7 }, (_, index) => index + 1);
  const chart = histogramChart(histogram(bounds, [1, 1, 0, 0, 2, 0, 0, 1]), { width: 8, height: 1, glyphs: ASCII });
  // Four bars of two bins: 2, 0, 2, 1; labels where there is room.
  assert.deepEqual(chart, ['#   # :', '0   4ms']);
});

test('histogramChart() of more bins than columns keeps to the width', () => {
  const bounds = Array.from({ length: 500 }, (_, index) => index + 1);
  const counts = Array.from({ length: 501 }, () => 1);
  for (const line of histogramChart(histogram(bounds, counts), { width: 80, height: 4, glyphs: ASCII })) {
    assert.ok(line.length <= 80, line);
  }
});
