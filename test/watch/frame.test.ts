import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { type FrameOptions, frame, type Line } from '../../src/watch/frame.ts';
import { ASCII, UNICODE } from '../../src/watch/glyphs.ts';
import { HELP_LINES } from '../../src/watch/help.ts';
import { Painter } from '../../src/watch/paint.ts';
import { initialState, type Size, update, type WatchState } from '../../src/watch/state.ts';
import { widthOf } from '../../src/watch/text.ts';
import { counters, key, type Made, MS_NS, SECOND_NS, sampleOf } from './support.ts';

const OPTIONS: FrameOptions = { intervalMs: 1000, isSimulated: false, glyphs: ASCII };

/** 100 reads of 4 KiB in a second: 50 below 1 ms, 49 below 10 ms, 1 above; 2 ms each on average, busy for 200 ms. */
const FILE: Made = {
  regions: [
    {
      id: 0,
      boundsMs: [1, 10],
      areas: [
        counters({
          reads: 100n,
          readSectors: 800n,
          readNs: 200n * MS_NS,
          ioNs: 200n * MS_NS,
          histogram: [50n, 49n, 1n],
        }),
      ],
    },
  ],
  groups: [{ alias: '/srv/images/web.img', members: [0] }],
};

const shown = (made: Made, size: Size = { columns: 80, rows: 24 }, ...keys: string[]): WatchState =>
  keys.reduce(
    (state, word) => update(state, key(word)),
    update(initialState(size, 'util'), { type: 'sample', sample: sampleOf(made) }),
  );
const texts = (lines: readonly Line[]): string[] => lines.map(({ text }) => text.trimEnd());

test('frame() at 80x24 shows a file, its rates and its histogram', () => {
  const lines = frame(shown(FILE), OPTIONS);
  assert.equal(lines.length, 24);
  const [title, heading, row, ...rest] = texts(lines);
  assert.match(title ?? '', /^dmstats watch \d\d:\d\d:\d\d, each 1 s, by util: all devices$/);
  assert.deepEqual(heading?.trim().split(/ +/), [
    ...['NAME', 'R/s', 'W/s', 'RSz/s', 'WSz/s', 'AWait', 'P99', 'Util%'],
    ...['util', 'so', 'far'],
  ]);
  // 800 sectors are 400 KiB; the 99th of 100 is below 10 ms; 200 ms of a second are 20 %: a fifth of the height.
  assert.deepEqual(row?.split(/ +/), [
    'G',
    '/srv/images/web.img',
    '100',
    '0',
    '400K',
    '0',
    '2ms',
    '<10ms',
    '20.0',
    '.',
  ]);
  assert.deepEqual(rest.slice(-9), [
    `-- /srv/images/web.img ${'-'.repeat(80 - 23)}`,
    'group 0 on vg, 1 region, 1M',
    'latency of 100 I/Os in 1 s: p50 <1ms  p95 <10ms  p99 <10ms, mean 2ms',
    '######## ########',
    '######## ########',
    '######## ########',
    '######## ######## ........',
    '0        1ms      10ms',
    'q quit  ? help  s sort  r reverse  / filter  Enter open  Esc back  p pause',
  ]);
  assert.equal(lines[2]?.style, 'inverse');
  assert.equal(lines[2]?.text.length, 80);
});

test('frame() marks rows whose counters another program cleared', () => {
  const lines = texts(frame(shown({ ...FILE, cleared: [0] }), OPTIONS));
  assert.match(lines[2] ?? '', /^G!\/srv\/images/);
  assert.ok(lines.some((line) => line.includes('another program cleared its counters')));
});

test('frame() says why there is no histogram', () => {
  const device = { io: { counters: counters({}), intervalNs: SECOND_NS } };
  assert.ok(texts(frame(shown(device), OPTIONS)).includes('(a histogram needs a region)'));
  const plain = { regions: [{ id: 0, areas: [counters({})] }] };
  assert.ok(texts(frame(shown(plain), OPTIONS)).includes('(no histogram: it needs --bounds when created)'));
});

test('frame() tells what is waited for, what is not there, what is filtered, paused, simulated', () => {
  assert.match(texts(frame(initialState({ columns: 80, rows: 24 }, 'util'), OPTIONS))[2] ?? '', /counting for 1 s/);
  assert.match(texts(frame(shown({}), OPTIONS))[2] ?? '', /dmstats create --filemap FILE/);
  const filtered = texts(frame(shown(FILE, undefined, '/', 'x', 'y'), OPTIONS));
  assert.match(filtered[2] ?? '', /nothing has such a name/);
  assert.match(filtered.at(-1) ?? '', /^Filter: xy_/);
  assert.match(texts(frame(shown(FILE, undefined, '/', 'w', 'return'), OPTIONS)).at(-1) ?? '', /^filter "w": 1 /);
  const paused = texts(frame(shown(FILE, undefined, 'p'), { ...OPTIONS, isSimulated: true }));
  assert.match(paused[0] ?? '', /SIMULATED: all devices +PAUSED$/);
  assert.match(texts(frame(shown(FILE, undefined, 'r'), OPTIONS))[0] ?? '', /by util upwards/);
});

test('frame() shows the row that is selected, by pages', () => {
  const regions = Array.from({ length: 40 }, (_, id) => ({ id, areas: [counters({})] }));
  const lines = frame(shown({ regions }, undefined, 'end'), OPTIONS);
  const selected = lines.findIndex(({ style, text }) => style === 'inverse' && text.includes('region 39 '));
  assert.ok(selected > 1 && selected < 15, `line ${selected}`);
});

test('frame() is as large as the screen, whatever its size and the names', () => {
  const size = fc.record({ columns: fc.integer({ min: 1, max: 300 }), rows: fc.integer({ min: 1, max: 100 }) });
  const words = fc.array(fc.constantFrom('?', '/', 'a', 'p', 'return', 'escape', 'down', 's', 'pagedown'), {
    maxLength: 6,
  });
  fc.assert(
    fc.property(size, fc.string({ unit: 'grapheme' }), words, (screen, alias, keys) => {
      const made = { ...FILE, groups: [{ alias, members: [0] }] };
      for (const glyphs of [ASCII, UNICODE]) {
        const lines = frame(shown(made, screen, ...keys), { ...OPTIONS, glyphs });
        assert.equal(lines.length, screen.rows);
        for (const { text } of lines) assert.ok(widthOf(text) <= screen.columns, text);
      }
    }),
    { numRuns: 300 },
  );
});

test('what is painted holds no character that drives a terminal but our own', () => {
  const alias = 'a\u001b]0;owned\u0007\u009b2J\u202e\n';
  const lines = frame(shown({ ...FILE, groups: [{ alias, members: [0] }] }, undefined, 'return'), OPTIONS);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  for (const { text } of lines) assert.doesNotMatch(text, /[\u0000-\u001f\u007f-\u009f\u202e]/);
});

test('HELP_LINES fit on a screen of 80x24', () => {
  assert.ok(HELP_LINES.length <= 23);
  for (const line of HELP_LINES) assert.ok(line.length <= 80, line);
});

test('Painter.paint() writes what has changed, and all after a reset or on another size', () => {
  const painter = new Painter();
  const lines = (...some: string[]): Line[] => some.map((text) => ({ text, style: 'plain' }));
  assert.equal(painter.paint(lines('a', 'b')), '\u001b[2J\u001b[1;1H\u001b[Ka\u001b[2;1H\u001b[Kb');
  assert.equal(painter.paint(lines('a', 'c')), '\u001b[2;1H\u001b[Kc');
  assert.equal(painter.paint(lines('a', 'c')), '');
  assert.equal(
    painter.paint([{ text: 'a', style: 'inverse' }, ...lines('c')]),
    '\u001b[1;1H\u001b[K\u001b[7ma\u001b[0m',
  );
  painter.reset();
  assert.ok(painter.paint(lines('a', 'c')).startsWith('\u001b[2J'));
  assert.ok(painter.paint(lines('a')).startsWith('\u001b[2J'));
});
