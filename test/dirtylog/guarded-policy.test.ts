import assert from 'node:assert/strict';
import test from 'node:test';
import { Bitmap } from '../../src/dirtylog/bitmap.ts';
import { guarded, LatePolicy, type UntrustedPolicy } from '../../src/dirtylog/guarded-policy.ts';
import { Heat } from '../../src/dirtylog/heat.ts';
import { DEFAULT_RESYNC, type ResyncQueue, resyncPolicy } from '../../src/dirtylog/resync.ts';

const TIME = { nowMs: 1000, minuteOfDay: 0 };

/** A mirror of 100 regions of 512 KiB, of which 5, 17 and 60 are out of sync. */
function mirror(lastMs = Number.NEGATIVE_INFINITY): ResyncQueue {
  const outOfSync = new Bitmap(100);
  for (const region of [5, 17, 60]) outOfSync.add(region);
  const heat = new Heat(100);
  return { uuid: 'u', regionCount: 100, regionSectors: 1024, outOfSync, heat, lastRegion: -1, lastMs };
}

test('guarded() passes on what is a choice', () => {
  for (const choice of [5, 60, 'wait', { region: 17, countsAtMs: 900 }]) {
    const policy = guarded(() => choice, assert.fail);
    assert.deepEqual(policy(mirror(), TIME), choice);
  }
});

const RUBBISH: readonly (readonly [policy: UntrustedPolicy, reason: string])[] = [
  [() => 6, 'it answers 6, a region that is in sync'],
  [() => -1, 'it answers -1, the mirror has regions 0 to 99'],
  [() => 100, 'it answers 100, the mirror has regions 0 to 99'],
  [() => 5.5, 'it answers 5.5, the mirror has regions 0 to 99'],
  [() => Number.NaN, 'it answers NaN, the mirror has regions 0 to 99'],
  [() => '5', 'it answers "5", not a region\'s number or "wait"'],
  [() => undefined, 'it answers undefined, not a region\'s number or "wait"'],
  [() => null, 'it answers object, not a region\'s number or "wait"'],
  [() => ({ region: 5 }), 'it answers object, not a region\'s number or "wait"'],
  [() => ({ region: 5, countsAtMs: Number.NaN }), 'it answers region 5 at NaN: both are numbers'],
  [() => ({ region: 6, countsAtMs: 0 }), 'it answers 6, a region that is in sync'],
  [
    () => {
      throw new TypeError('oh');
    },
    'oh',
  ],
];

test('guarded() goes on in order, says why once, and calls no more, whatever the function does', () => {
  for (const [wrong, reason] of RUBBISH) {
    const reasons: string[] = [];
    let calls = 0;
    const policy = guarded(
      (queue, time) => {
        calls++;
        return wrong(queue, time);
      },
      (why) => reasons.push(why),
    );
    assert.equal(policy(mirror(), TIME), 5);
    assert.equal(policy(mirror(), TIME), 5);
    assert.deepEqual(reasons, [reason]);
    assert.equal(calls, 1);
  }
});

test('guarded() asks a late function again, and no more after the third time in a row', () => {
  const reasons: string[] = [];
  const answers = [false, false, true, false, false, false, true];
  const policy = guarded(
    () => {
      if (answers.shift() === true) return 60;
      throw new LatePolicy('late');
    },
    (why) => reasons.push(why),
  );
  const choices = Array.from({ length: 8 }, () => policy(mirror(), TIME));
  assert.deepEqual(choices, [5, 5, 60, 5, 5, 5, 5, 5]);
  assert.deepEqual(reasons, ['late']);
  assert.deepEqual(answers, [true], 'it was called no more');
});

test('resyncPolicy() keeps to its other settings with a policy of one’s own, which only the default order asks', () => {
  const last = (queue: ResyncQueue): number => (queue.outOfSync.has(60) ? 60 : queue.outOfSync.next(0));
  const settings = { ...DEFAULT_RESYNC, first: [{ first: 10, last: 20 }] };
  assert.equal(resyncPolicy(DEFAULT_RESYNC, last)(mirror(), TIME), 60);
  assert.equal(resyncPolicy({ ...DEFAULT_RESYNC, order: 'inOrder' }, last)(mirror(), TIME), 5);
  assert.equal(resyncPolicy(settings, last)(mirror(), TIME), 17);
  assert.equal(resyncPolicy({ ...DEFAULT_RESYNC, paused: true }, last)(mirror(), TIME), 'wait');
  const limited = resyncPolicy({ ...DEFAULT_RESYNC, bytesPerSecond: 2 ** 20 }, last);
  assert.equal(limited(mirror(600), TIME), 'wait');
  assert.deepEqual(limited(mirror(500), TIME), { region: 60, countsAtMs: 1000 });
});
