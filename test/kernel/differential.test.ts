import assert from 'node:assert/strict';
import test from 'node:test';
import { compare, mismatchText } from '../differential/compare.ts';
import { prepareLab } from '../differential/lab-world.ts';
import { simulatedWorld } from '../differential/world.ts';

const SEQUENCES = 300;
const OPERATIONS = 16;

test(`the simulator answers ${SEQUENCES} sequences of ioctls as this kernel does`, async () => {
  using lab = prepareLab();
  const { surroundings } = lab;
  for (let seed = 1; seed <= SEQUENCES; seed++) {
    const mismatch = await compare(
      () => lab.makeWorld(),
      () => simulatedWorld(surroundings),
      { seed, length: OPERATIONS, major: surroundings.major },
    );
    assert.ok(mismatch === undefined, mismatch && mismatchText(mismatch));
  }
});
