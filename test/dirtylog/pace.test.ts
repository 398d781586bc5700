import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Pace } from '../../src/dirtylog/pace.ts';

test('Pace.step() lets other work in when a piece has taken a quarter of a millisecond, not before', async () => {
  let nowMs = 100;
  let pauses = 0;
  const pace = new Pace({
    now: () => nowMs,
    pause: async () => {
      pauses++;
      // What others do is not of this piece.
      nowMs += 10;
    },
  });
  await pace.step();
  nowMs += 0.2;
  await pace.step();
  assert.equal(pauses, 0);
  nowMs += 0.1;
  await pace.step();
  assert.equal(pauses, 1);
  await pace.step();
  assert.equal(pauses, 1);
});
