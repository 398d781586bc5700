import assert from 'node:assert/strict';
import test from 'node:test';
import { leftoversOf, restrictTo } from '../../src/filemap/leftovers.ts';
import { matchFilemap } from '../../src/filemap/match.ts';

const list = (...lines: string[]): Uint8Array => Buffer.from(lines.map((line) => `${line}\n`).join(''));
const leftOf = (leader: number, ...lines: string[]) => {
  const text = list(...lines);
  const found = matchFilemap(text, leader, []);
  assert.ok(found !== undefined);
  return leftoversOf(text, found.group);
};

test('leftoversOf() takes what is marked for a member or not, as the tag says', () => {
  const left = leftOf(
    1,
    '0: 0+8 8 p handover=ab',
    '1: 8+8 8 p DMS_GROUP=f:1-2#|gen=ab.3',
    '2: 16+8 8 p handover=ab',
    '3: 24+8 8 p -',
    '4: 32+8 8 p handover=abc',
    '5: 40+8 8 q handover=ab',
  );
  assert.deepEqual(left, { members: [2], others: [0], moving: undefined });
  assert.deepEqual(restrictTo(left, new Set([2])), { members: [2], others: [], moving: undefined });
});

test('leftoversOf() knows a former leader by its tag, in the group or not', () => {
  const other = '3: 24+8 8 p DMS_GROUP=f:3,5#|gen=ab.4';
  assert.deepEqual(leftOf(1, '1: 8+8 8 p DMS_GROUP=f:1,3#|gen=ab.5', other).members, [3]);
  assert.deepEqual(leftOf(1, '1: 8+8 8 p DMS_GROUP=f:1#|gen=ab.5', other).others, [3]);
});

test('leftoversOf() knows packed regions that no tag names: by the group’s word, before the first packing by its line', () => {
  const packed = ['2: 0+64 8 dmstats-packed ab,areas=qg', '3: 0+64 64 dmstats-packed ab,whole'];
  const others = ['4: 0+8 8 dmstats-packed x,ab', '5: 0+8 8 dmstats-packed cd,whole'];
  assert.deepEqual(leftOf(1, '1: 8+8 8 p DMS_GROUP=f:1#|gen=ab.5', ...packed, ...others).others, [2, 3]);
  assert.deepEqual(leftOf(1, '1: 8+8 8 p DMS_GROUP=f:1#|packed=ab:2|gen=ab.5', ...packed, ...others).others, [3]);
  assert.deepEqual(leftOf(1, '1: 8+8 8 p DMS_GROUP=f:1#|packed=cd:7|gen=ab.5', ...packed, ...others).others, [5]);
});

test('leftoversOf() finds nothing of a group that has never changed', () => {
  assert.deepEqual(leftOf(1, '1: 8+8 8 p DMS_GROUP=f:1#-', '2: 0+8 8 p handover=ab'), {
    members: [],
    others: [],
    moving: undefined,
  });
});

test('matchFilemap() finds a group by the id of a region that led it', () => {
  const text = list('1: 8+8 8 p DMS_GROUP=f:1,3#|gen=ab.5', '3: 24+8 8 p DMS_GROUP=f:3,5#|gen=ab.4');
  for (const asked of [1, 3]) assert.deepEqual(matchFilemap(text, asked, [])?.group.members, [1, 3]);
});
