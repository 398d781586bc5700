import assert from 'node:assert/strict';
import test from 'node:test';
import { UsageError } from '../../src/mapper/errors.ts';
import { Report, type ReportOptions, type TableLayout } from '../../src/report/report.ts';
import { parseUnits } from '../../src/report/size.ts';
import { FRUITS, type Fruit } from './support.ts';

const ROWS: readonly Fruit[] = [
  { name: 'fig', count: 2n, price: 1.5, bytes: 512n, tags: [] },
  { name: 'apple', count: undefined, price: 0.5, bytes: 2n ** 60n, tags: ['red', 'old'] },
  { name: 'pear', count: 2n, price: 1, bytes: 0n, tags: ['green'] },
];
const TABLE: TableLayout = {
  format: 'table',
  headings: 'abbrev',
  transposed: false,
  prefixes: 'none',
  form: { units: parseUnits('h'), packed: false, timeSuffix: true },
};

function report(options: Partial<Omit<ReportOptions, 'layout'>>, layout: Partial<TableLayout> = {}): Report<Fruit> {
  const defaults = { defaults: 'name,count', recordDefaults: 'all', base: ['fruit'] };
  return new Report(FRUITS, { ...defaults, ...options, layout: { ...TABLE, ...layout } });
}
const bare = { headings: 'none', separator: ':' } as const;

test('Report.write() shows the default fields, those asked for, or both', () => {
  assert.equal(report({}).write(ROWS), 'NAME  COUNT\nfig       2\napple     -\npear      2\n');
  assert.equal(report({ fields: 'price' }, bare).write(ROWS), '1.5\n0.5\n1\n');
  assert.equal(report({ fields: '+price' }, bare).write(ROWS), 'fig:2:1.5\napple:-:0.5\npear:2:1\n');
});

test('Report.write() sorts by several keys; what has no value comes last, or first downwards', () => {
  const names = (sort: string): string =>
    report({ fields: 'name', sort }, bare).write(ROWS).replaceAll('\n', ' ').trim();
  assert.equal(names('name'), 'apple fig pear');
  assert.equal(names('count,name'), 'fig pear apple');
  assert.equal(names('-count,-name'), 'apple pear fig');
  assert.equal(names('price'), 'apple pear fig');
  assert.equal(names('-bytes'), 'apple fig pear');
  assert.equal(names('count'), 'fig pear apple');
});

test('Report.write() selects by fields that are not shown', () => {
  assert.equal(report({ fields: 'name', select: 'price>=1,tags!=green' }, bare).write(ROWS), 'fig\n');
});

test('Report.write() with the field selected shows all rows, and sorts by it', () => {
  const options = { fields: 'name,selected', select: 'price>=1', sort: 'selected,name' };
  assert.equal(report(options, bare).write(ROWS), 'apple:0\nfig:1\npear:1\n');
});

test('Report.write() names values for a shell, and no quote in a value ends it', () => {
  const rows = [{ ...(ROWS[0] as Fruit), name: "it's" }];
  assert.equal(report({}, { prefixes: 'quoted' }).write(rows), "NAME COUNT\nDM_NAME='it'\\''s' DM_COUNT='2'\n");
  assert.equal(report({}, { ...bare, prefixes: 'unquoted' }).write(rows), "DM_NAME=it's:DM_COUNT=2\n");
});

test('Report.write() transposed writes a line for each field', () => {
  assert.equal(report({}, { transposed: true }).write(ROWS), 'NAME fig apple pear\nCOUNT 2 - 2\n');
});

test('Report.write() with full headings shows the names of fields', () => {
  assert.match(report({}, { headings: 'full' }).write(ROWS), /^name {2}count\n/);
});

test('Report.write() repeated puts a blank line between tables', () => {
  const twice = report({ fields: 'price' }, bare);
  assert.equal(twice.write(ROWS.slice(0, 1)) + twice.write([]) + twice.write(ROWS.slice(2)), '1.5\n\n\n1\n');
});

test('Report.uses() knows fields that are shown, sorted by and selected by', () => {
  const special = new Set(['special']);
  assert.equal(report({ fields: 'name' }).uses(special), false);
  assert.equal(report({ fields: 'selected' }).uses(special), true);
  assert.equal(report({ fields: 'name', sort: 'selected' }).uses(special), true);
  assert.equal(report({ fields: 'selected', select: 'name=x' }).uses(new Set(['fruit'])), true);
});

test('Report refuses what it cannot show', () => {
  for (const options of [{ fields: 'foo' }, { sort: 'foo' }, { select: 'foo=1' }]) {
    assert.throws(() => report(options), UsageError);
  }
});

const records = (format: 'json' | 'json-lines' | 'csv', options: Partial<ReportOptions> = {}): Report<Fruit> =>
  new Report(FRUITS, {
    defaults: 'name',
    recordDefaults: 'name,count,bytes,tags',
    base: ['fruit'],
    ...options,
    layout: { format, command: 'eat' },
  });

test('Report as JSON is one object, with big numbers as strings and nothing as null', () => {
  const writer = records('json', { sort: 'name' });
  const text = writer.write(ROWS) + writer.end();
  assert.deepEqual(JSON.parse(text), {
    schema: 1,
    command: 'eat',
    rows: [
      { name: 'apple', count: null, bytes: '1152921504606846976', tags: ['red', 'old'] },
      { name: 'fig', count: 2, bytes: 512, tags: [] },
      { name: 'pear', count: 2, bytes: 0, tags: ['green'] },
    ],
  });
});

test('Report as JSON is one object over several readings too, and of none', () => {
  const writer = records('json', { fields: 'name' });
  const time = '2026-01-02T03:04:05.000Z';
  const text = writer.write(ROWS.slice(0, 1), { cycle: 1, time }) + writer.write(ROWS.slice(2), { cycle: 2, time });
  assert.deepEqual(JSON.parse(text + writer.end()).rows, [
    { cycle: 1, time, name: 'fig' },
    { cycle: 2, time, name: 'pear' },
  ]);
  const empty = records('json');
  assert.deepEqual(JSON.parse(empty.write([]) + empty.end()), { schema: 1, command: 'eat', rows: [] });
  assert.deepEqual(JSON.parse(records('json').end()), { schema: 1, command: 'eat', rows: [] });
  assert.equal(records('json').end(false), '');
});

test('Report as JSON lines is an object a line', () => {
  const writer = records('json-lines', { fields: 'name,price' });
  const lines = (writer.write(ROWS) + writer.end()).trimEnd().split('\n');
  assert.deepEqual(
    lines.map((line) => JSON.parse(line)),
    ROWS.map(({ name, price }) => ({ name, price })),
  );
});

test('Report as CSV has one line of names, and quotes what needs it', () => {
  const rows = [{ ...(ROWS[1] as Fruit), name: 'a "b", c' }, ROWS[0] as Fruit];
  const writer = records('csv');
  assert.equal(
    writer.write(rows) + writer.write(ROWS.slice(2)) + writer.end(),
    [
      'name,count,bytes,tags',
      '"a ""b"", c",,1152921504606846976,"[""red"",""old""]"',
      'fig,2,512,[]',
      'pear,2,0,"[""green""]"',
      '',
    ].join('\n'),
  );
});
