import assert from 'node:assert/strict';
import { test } from 'node:test';
import { clockSpeed, isUsable } from '../../lab/clock-check.ts';

const at = (asked: number, answered: number, guest: number) => ({ asked, answered, guest });

test('clockSpeed() is 1 for a true clock however late its answers are', () => {
  assert.equal(clockSpeed(at(0, 5, 2000), at(500, 505, 2500)), 1);
  assert.equal(clockSpeed(at(0, 400, 2390), at(900, 905, 2910)), 1);
  assert.equal(clockSpeed(at(0, 5, 2000), at(500, 1500, 3490)), 1);
});

test('clockSpeed() tells a clock that is three times too fast, or too slow', () => {
  const fast = clockSpeed(at(0, 5, 2000), at(500, 505, 3500));
  assert.ok(fast > 2.9 && fast < 3.1, `${fast}`);
  assert.ok(!isUsable(fast));
  const slow = clockSpeed(at(0, 5, 2000), at(600, 605, 2200));
  assert.ok(slow > 0.3 && slow < 0.36, `${slow}`);
  assert.ok(!isUsable(slow));
});

test('clockSpeed() of a clock that the kernel has refined is usable', () => {
  assert.ok(isUsable(clockSpeed(at(0, 5, 2000), at(500, 505, 2550))));
});
