import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drawPicture, excerpt } from '../../scripts/demo/picture.ts';
import { heatCells } from '../../scripts/demo/picture-heat.ts';
import { escapeXml, heatOf, linear, ticks } from '../../scripts/demo/picture-scale.ts';
import { type Frame, PROGRAM_ENDS, type Recording } from '../../scripts/demo/recording.ts';

const frame = (atMs: number, pieces: Frame['pieces'], uncovered: Frame['uncovered'] = []): Frame => ({
  atMs,
  sizeBytes: 4096,
  pieces,
  uncovered,
});
const piece = (region: string, sectorsPerSecond: number) => ({ region, offset: 0, length: 4096, sectorsPerSecond });

test('heatCells() joins frames of the same heat and keeps a region one bar', () => {
  const { heats, lives } = heatCells([0, 250, 500, 750].map((at) => frame(at, [piece('a', at === 750 ? 5000 : 10)])));
  assert.deepEqual(
    heats.map(({ fromMs, toMs, heat }) => [fromMs, toMs, heat]),
    [
      [0, 500, 1],
      [500, 750, 5],
    ],
  );
  assert.deepEqual(
    lives.map(({ fromMs, toMs }) => [fromMs, toMs]),
    [[0, 750]],
  );
});

test('heatCells() ends a region that another one replaces in the same place', () => {
  const { lives } = heatCells([frame(0, [piece('a', 0)]), frame(250, [piece('a', 0)]), frame(500, [piece('b', 0)])]);
  assert.deepEqual(
    lives.map(({ fromMs, toMs }) => [fromMs, toMs]),
    [
      [0, 250],
      [250, 500],
    ],
  );
});

test('heatCells() shows blocks without a region until they have one', () => {
  const gap = [{ offset: 0, length: 4096 }];
  const { uncovered } = heatCells([frame(0, [], gap), frame(250, [], gap), frame(500, [piece('a', 0)])]);
  assert.deepEqual(uncovered, [{ offset: 0, length: 4096, fromMs: 0, toMs: 250 }]);
});

test('heatOf() goes by half decades', () => {
  assert.deepEqual([0, 0.5, 1, 99, 100, 999, 1000, 9999, 1e6].map(heatOf), [0, 0, 1, 1, 2, 3, 4, 5, 6]);
});

test('ticks() are round, few and begin at 0', () => {
  assert.deepEqual(ticks(17, 9), [0, 2, 4, 6, 8, 10, 12, 14, 16]);
  assert.deepEqual(ticks(0.35, 4), [0, 0.1, 0.2, 0.3]);
  assert.deepEqual(ticks(0, 4), [0]);
  for (let to = 0.1; to < 1e4; to *= 1.3) assert.ok(ticks(to, 5).length <= 6, `${to}`);
});

test('linear() maps ends to ends, and a range of nothing to its start', () => {
  const scale = linear(10, 20, 100, 0);
  assert.deepEqual([scale(10), scale(15), scale(20)], [100, 50, 0]);
  assert.equal(linear(5, 5, 1, 2)(5), 1);
});

const recording: Recording = {
  kernel: '6.1<&"',
  fileSystem: 'ext4',
  frames: [frame(0, []), frame(9000, [piece('a', 7)]), frame(9250, [piece('a', 7)]), frame(90_000, [])],
  rows: [],
  phases: [
    { name: 'append', label: 'O_DIRECT append', atMs: 9000 },
    { name: 'steady', label: 'overwrites', atMs: 9100 },
  ],
  marks: [{ atMs: 8000, text: 'dmstats create' }],
};

test('excerpt() begins at 0 with the program and leaves out the time around it', () => {
  const { frames, phases, marks } = excerpt(recording);
  assert.deepEqual([frames.map((one) => one.atMs), phases[0]?.atMs, marks[0]?.atMs], [[0, 250], 0, -1000]);
});

test('excerpt() ends with the program', () => {
  const ended = [...recording.marks, { atMs: 9100, text: PROGRAM_ENDS }];
  assert.deepEqual(excerpt({ ...recording, marks: ended }).frames.length, 1);
});

test('drawPicture() gives SVG that stands alone, with what comes from outside escaped', () => {
  const svg = drawPicture(recording);
  assert.match(svg, /^<svg xmlns="http:\/\/www.w3.org\/2000\/svg" viewBox=/);
  assert.match(svg, /6\.1&#60;&#38;&#34;/);
  assert.match(svg, /prefers-color-scheme:dark/);
  assert.doesNotMatch(svg, /NaN|Infinity|undefined|href|@import/);
  const open = svg.match(/<(svg|g|text|tspan|style|defs|pattern|title)\b/g)?.length;
  assert.equal(svg.match(/<\/(svg|g|text|tspan|style|defs|pattern|title)>/g)?.length, open);
});

test('drawPicture() draws a run in which nothing happened', () => {
  const svg = drawPicture({ ...recording, frames: [], phases: [], marks: [] });
  assert.doesNotMatch(svg, /NaN|Infinity/);
});

test('escapeXml() leaves nothing that XML takes for its own or cannot hold', () => {
  assert.equal(escapeXml('a<b\u0000'), 'a&#60;b\ufffd');
});
