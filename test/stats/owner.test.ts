import assert from 'node:assert/strict';
import test from 'node:test';
import { formatOwner, parseOwner } from '../../src/stats/owner.ts';

test('parseOwner() reads back whom a region serves', () => {
  const owner = { groupId: 12, word: '4711-mb2x' };
  assert.equal(formatOwner(owner), 'group=12,4711-mb2x');
  assert.deepEqual(parseOwner(formatOwner(owner)), owner);
});

test('parseOwner() knows no owner in the words of others', () => {
  for (const aux of ['', '-', 'group=1', 'group=1,', 'group=x,y', 'group=1,a b', 'DMS_GROUP="a":0#-']) {
    assert.equal(parseOwner(aux), undefined, aux);
  }
});
