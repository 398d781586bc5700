import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { DmParseError } from '../../src/mapper/errors.ts';
import { checkTable, parseTable, printTable, type TableLine } from '../../src/mapper/table-line.ts';
import { sectors } from '../../src/mapper/units.ts';

const line = (start: bigint | number, length: bigint | number, type = 'zero', params = ''): TableLine => ({
  start: sectors(start),
  length: sectors(length),
  type,
  params,
});

test('parseTable() reads lines as dmsetup does and keeps parameters as they stand', () => {
  const text = '0 8 linear 8:0 0\r\n\n# a note\n  8  16\tstriped 2 8  8:0 0 8:16 0 \n24 8 zero\n';
  assert.deepEqual(parseTable(text), [
    line(0, 8, 'linear', '8:0 0'),
    line(8, 16, 'striped', '2 8  8:0 0 8:16 0 '),
    line(24, 8),
  ]);
  assert.deepEqual(parseTable(''), []);
});

test('parseTable() says where a line is wrong', () => {
  const cases: readonly (readonly [string, number, RegExp])[] = [
    ['x 8 zero', 1, /expected a start sector/],
    ['0 8z zero', 3, /expected a length in sectors/],
    ['0', 2, /expected a length in sectors/],
    ['  -1 8 zero', 3, /expected a start sector/],
    ['0 8 ', 5, /expected a target's type/],
    ['0 18446744073709551616 zero', 3, /beyond 2\^64-1/],
  ];
  for (const [text, column, message] of cases) {
    assert.throws(
      () => parseTable(text),
      (error) => {
        assert.ok(error instanceof DmParseError, text);
        assert.deepEqual([error.column, error.text], [column, text]);
        assert.match(error.message, message);
        return true;
      },
    );
  }
});

test('printTable() writes a line for each target, which parseTable() reads back', () => {
  assert.equal(printTable([line(0, 8), line(8, 8, 'linear', '8:0 0')]), '0 8 zero\n8 8 linear 8:0 0\n');
  assert.throws(() => printTable([line(0, 8, 'crypt', 'a\nb')]), {
    name: 'UsageError',
    message: /Line 1 .*line break/,
  });
  const word = fc.stringMatching(/^[a-z-]{1,15}$/);
  const params = fc.string({ unit: 'binary' }).filter((text) => !/[\r\n]/.test(text));
  const sector = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
  const lines = fc.array(fc.tuple(sector, sector, word, params).map((values) => line(...values)));
  fc.assert(fc.property(lines, (table) => assert.deepEqual(parseTable(printTable(table)), table)));
});

test('checkTable() takes what the kernel takes', () => {
  checkTable([line(0, 8), line(8, 2n ** 54n - 10n, 'fifteen-letters')]);
});

test('checkTable() says which line is wrong and what would be right', () => {
  const cases: readonly (readonly [readonly TableLine[], RegExp])[] = [
    [[], /empty/],
    [[line(8, 8)], /^Line 1 .* starts at sector 8, with a gap of 8 sectors before it: it must start at 0/],
    [[line(0, 8), line(16, 8)], /^Line 2 .* a gap of 8 sectors.* at 8$/],
    [[line(0, 8), line(4, 8)], /^Line 2 .* 4 sectors that are taken.* at 8$/],
    [[line(0, 0)], /^Line 1 .* no sectors/],
    [[line(0, 2n ** 54n)], /^Line 1 .* 2\^54-1/],
    [[line(0, 8, '')], /^Line 1 .* one word/],
    [[line(0, 8, 'a b')], /^Line 1 .* one word/],
    [[line(0, 8, 'sixteen-letters!')], /line 1 .* is 16 bytes long: the kernel takes at most 15/],
    [[line(0, 8, 'zero', 'a\0b')], /^Line 1 .* NUL/],
  ];
  for (const [table, message] of cases) assert.throws(() => checkTable(table), { name: 'UsageError', message });
});
