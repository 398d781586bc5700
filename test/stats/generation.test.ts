import assert from 'node:assert/strict';
import test from 'node:test';
import { formatMark, hasMark, hasMarkOf, nextGeneration } from '../../src/stats/generation.ts';
import { groupsOf, userDataOf } from '../../src/stats/group.ts';
import { parseListLine } from '../../src/stats/region.ts';

const regionsOf = (...lines: string[]) => lines.map(parseListLine);

test('groupsOf() takes the tag with the highest number for the group, and the former leader for a plain member', () => {
  const former = '3: 0+8 8 p DMS_GROUP=f:3-4#|gen=ab.9';
  const { groups, problems } = groupsOf(regionsOf('1: 8+8 8 p DMS_GROUP=f:1,3-4#|gen=ab.10', former, '4: 100+8 8 p -'));
  assert.deepEqual(
    groups.map(({ id, members, missing }) => ({ id, members, missing })),
    [{ id: 1, members: [1, 3, 4], missing: [] }],
  );
  assert.deepEqual(problems, []);
});

test('groupsOf() takes a lower leader’s old tag for what it is', () => {
  const { groups } = groupsOf(
    regionsOf('1: 0+8 8 p DMS_GROUP=f:1-2#|gen=ab.1', '2: 8+8 8 p DMS_GROUP=f:2#|gen=ab.2|missed=8'),
  );
  assert.deepEqual(
    groups.map(({ id, members, missed }) => ({ id, members, missed })),
    [{ id: 2, members: [2], missed: 8n }],
  );
});

test('groupsOf() keeps apart groups of other lines, of other programs, and without any', () => {
  const { groups } = groupsOf(
    regionsOf(
      '1: 0+8 8 p DMS_GROUP=f:1#|gen=ab.1',
      '2: 8+8 8 p DMS_GROUP=f:2#|gen=cd.2',
      '3: 8+8 8 q DMS_GROUP=f:3#|gen=ab.3',
      '4: 8+8 8 p DMS_GROUP=f:4#-',
    ),
  );
  assert.deepEqual(
    groups.map(({ id }) => id),
    [1, 2, 3, 4],
  );
});

test('nextGeneration() begins a line that is nobody else’s, and goes on with it', () => {
  const first = nextGeneration(undefined);
  assert.equal(first.number, 1);
  assert.notEqual(nextGeneration(undefined).line, first.line);
  assert.deepEqual(nextGeneration(first), { line: first.line, number: 2 });
});

test('a mark tells whose it is, and is no user data', () => {
  const generation = { line: 'ab', number: 1 };
  const aux = formatMark(generation);
  assert.ok(hasMark(aux) && hasMarkOf(aux, generation));
  assert.ok(!hasMarkOf(aux, { line: 'abc', number: 1 }));
  assert.equal(
    userDataOf({ ...(regionsOf('1: 0+8 8 p -')[0] as ReturnType<typeof parseListLine>), aux }, undefined),
    '',
  );
  assert.ok(!hasMark('handover= ab'));
});
