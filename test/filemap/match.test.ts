import assert from 'node:assert/strict';
import test from 'node:test';
import { matchFilemap } from '../../src/filemap/match.ts';

const runs = [
  { start: 0, end: 8 },
  { start: 100, end: 150 },
  { start: 200, end: 208 },
];
const list = (...lines: string[]): Uint8Array => Buffer.from(lines.map((line) => `${line}\n`).join(''));

test('matchFilemap() sets aside the regions that are extents as they stand', () => {
  const found = matchFilemap(
    list(
      '0: 0+1000 1000 other -',
      '1: 0+8 8 dmstats DMS_GROUP=f:1-3#note',
      '2: 100+50 50 dmstats -',
      '3: 200+4 4 dmstats -',
    ),
    1,
    runs,
  );
  // The leader's line bears the tag: it is parsed, and kept by the plan.
  assert.deepEqual(found?.same, [2]);
  assert.deepEqual(
    found?.regions.map(({ id }) => id),
    [1, 3],
  );
  assert.deepEqual(found?.runs, [runs[0], runs[2]]);
  assert.deepEqual([found?.group.alias, found?.group.userData, found?.group.missing], ['f', 'note', []]);
});

test('matchFilemap() takes a region for the same only with the same options, one area and no twin', () => {
  const tail = 'precise_timestamps histogram:300000,1000000';
  const found = matchFilemap(
    list(
      `0: 500+8 8 dmstats DMS_GROUP=f:0-4#- ${tail}`,
      `1: 0+8 8 dmstats - ${tail}`,
      '2: 100+50 50 dmstats -',
      `3: 0+8 8 dmstats - ${tail}`,
      `4: 200+8 8 dmstats hello ${tail}`,
    ),
    0,
    runs,
  );
  assert.deepEqual(found?.same, [1]);
  assert.deepEqual(
    found?.regions.map(({ id }) => id),
    [0, 2, 3, 4],
  );
});

test('matchFilemap() counts as missing what is gone, another program’s, or leads another group', () => {
  const found = matchFilemap(
    list(
      '0: 0+8 8 dmstats DMS_GROUP=f:0-4,9#-',
      '1: 100+50 50 other -',
      '2: 200+8 8 dmstats DMS_GROUP=g:2#-',
      'what is this',
      '4: 200+8 8 dmstats -',
    ),
    0,
    runs,
  );
  assert.deepEqual(found?.group.missing, [1, 2, 3, 9]);
  assert.deepEqual(found?.same, [4]);
});

test('matchFilemap() knows no group that the list does not have', () => {
  assert.equal(matchFilemap(list('10: 0+8 8 dmstats DMS_GROUP=f:10#-'), 1, runs), undefined);
  assert.equal(matchFilemap(list('1: 0+8 8 dmstats -'), 1, runs), undefined);
  assert.equal(matchFilemap(new Uint8Array(0), 0, runs), undefined);
});

test('matchFilemap() refuses a group of regions that are cut into areas', () => {
  assert.throws(
    () => matchFilemap(list('0: 0+8 8 dmstats DMS_GROUP=f:0-1#-', '1: 100+50 25 dmstats -'), 0, runs),
    /Group ID 0 is no filemap: its region 1 has 2 areas/,
  );
});
