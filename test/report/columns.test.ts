import assert from 'node:assert/strict';
import test from 'node:test';
import { TableWriter } from '../../src/report/columns.ts';
import { FIELD_SETS, STATS_FIELDS } from '../../src/report/stats-fields.ts';

// Verbatim outputs of dmstats; the blanks at line ends are part of them.
const LIST = [
  'Name             GrpID RgID ObjType RgStart RgSize #Areas ArSize ProgID ',
  't0                   -    0 region        0  4.00g      1  4.00g dmstats',
  't0                   -    1 region        0  4.00g      2  2.00g dmstats',
  '',
].join('\n');
const LIST_CELLS = [
  ['t0', '-', '0', 'region', '0', '4.00g', '1', '4.00g', 'dmstats'],
  ['t0', '-', '1', 'region', '0', '4.00g', '2', '2.00g', 'dmstats'],
];
const HISTOGRAM = [
  'Name             GrpID RgID ObjType RgStart RgSize #Areas ArSize #Bins     Histogram Bounds      ',
  't0                   -    0 region        0  4.00g      1  4.00g 5         0s,300us,600us,1ms,5ms',
  't0                   -    1 region        0  4.00g      2  2.00g 0                               ',
  '',
].join('\n');

const columns = (set: string) => STATS_FIELDS.parse(set, []);

test('TableWriter.write() aligns a list as dmstats does', () => {
  const writer = new TableWriter(columns(FIELD_SETS.list), { headings: true, separator: undefined });
  assert.equal(writer.write(LIST_CELLS), LIST);
});

test('TableWriter.write() pads the last column and its heading', () => {
  const writer = new TableWriter(columns(FIELD_SETS.listHistogram), { headings: true, separator: undefined });
  const cells = LIST_CELLS.map((row, index) => [
    ...row.slice(0, 8),
    ...(index === 0 ? ['5', '0s,300us,600us,1ms,5ms'] : ['0', '']),
  ]);
  assert.equal(writer.write(cells), HISTOGRAM);
});

test('TableWriter.write() separates without aligning', () => {
  const writer = new TableWriter(columns(FIELD_SETS.list), { headings: true, separator: '|' });
  assert.equal(
    writer.write(LIST_CELLS.slice(0, 1)),
    'Name|GrpID|RgID|ObjType|RgStart|RgSize|#Areas|ArSize|ProgID\nt0|-|0|region|0|4.00g|1|4.00g|dmstats\n',
  );
});

test('TableWriter.write() keeps the widths of the tables before', () => {
  const writer = new TableWriter([{ heading: 'N', width: 1, align: 'right' }], {
    headings: true,
    separator: undefined,
  });
  assert.equal(writer.write([['1234']]), 'N   \n1234\n');
  assert.equal(writer.write([['1']]), 'N   \n   1\n');
});

test('TableWriter.write() writes nothing without rows', () => {
  assert.equal(new TableWriter(columns(FIELD_SETS.list), { headings: true, separator: undefined }).write([]), '');
});

test('TableWriter.write() shows control characters and never sends them', () => {
  const writer = new TableWriter([{ heading: 'A', width: 1, align: 'left' }], {
    headings: false,
    separator: undefined,
  });
  assert.equal(writer.write([['a\u001b[31mb\nc\u009b\u202e']]), 'a\\x1b[31mb\\x0ac\\x9b\\u202e\n');
});

test('TableWriter.write() transposed writes a line for each column, as dmstats --rows does', () => {
  const [id, type] = [
    { heading: 'RgID', width: 4, align: 'right' },
    { heading: 'ObjType', width: 7, align: 'left' },
  ] as const;
  const cells = [
    ['0', 'region'],
    ['3,5', 'group'],
  ];
  const written = (headings: boolean, separator: string | undefined): string =>
    new TableWriter([id, type], { headings, separator, transposed: true }).write(cells);
  assert.equal(written(true, undefined), 'RgID 0 3,5\nObjType region group\n');
  assert.equal(written(false, ':'), '0:3,5\nregion:group\n');
});
