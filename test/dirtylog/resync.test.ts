import assert from 'node:assert/strict';
import test from 'node:test';
import { Bitmap } from '../../src/dirtylog/bitmap.ts';
import { Heat } from '../../src/dirtylog/heat.ts';
import {
  DEFAULT_RESYNC,
  isPokeDue,
  type ResyncChoice,
  type ResyncSettings,
  type ResyncTime,
  resyncPolicy,
} from '../../src/dirtylog/resync.ts';

function choose(
  settings: Partial<ResyncSettings>,
  { time = {}, lastMs = Number.NEGATIVE_INFINITY }: { time?: Partial<ResyncTime>; lastMs?: number } = {},
): ResyncChoice {
  const outOfSync = new Bitmap(10_000);
  for (const region of [5, 17, 6000, 9000]) outOfSync.add(region);
  const heat = new Heat(10_000);
  for (const region of [6001, 6001, 17]) heat.add(region);
  const queue = { uuid: 'u', regionCount: 10_000, regionSectors: 1024, outOfSync, heat, lastRegion: -1, lastMs };
  return resyncPolicy({ ...DEFAULT_RESYNC, ...settings })(queue, { nowMs: 1000, minuteOfDay: 0, ...time });
}

test('resyncPolicy() hands out the regions in order, or where most is written first', () => {
  assert.deepEqual(choose({}), 5);
  // 10 000 regions are parts of four: 6000 and 6001 are in one.
  assert.deepEqual(choose({ order: 'byHeat' }), 6000);
});

test('resyncPolicy() puts ranges first, in their order', () => {
  const first = [
    { first: 8000, last: 9999 },
    { first: 10, last: 20 },
  ];
  assert.deepEqual(choose({ first }), 9000);
  assert.deepEqual(choose({ first: [{ first: 6, last: 16 }] }), 5);
});

test('resyncPolicy() keeps to a rate', () => {
  // A region is 512 KiB: at 1 MiB/s one each 500 ms.
  const bytesPerSecond = 2 ** 20;
  assert.deepEqual(choose({ bytesPerSecond }, { lastMs: 600 }), 'wait');
  assert.deepEqual(choose({ bytesPerSecond }, { lastMs: 500 }), { region: 5, countsAtMs: 1000 });
  // Of what has become due, only so much is made up for.
  assert.deepEqual(choose({ bytesPerSecond }, { lastMs: 300 }), { region: 5, countsAtMs: 800 });
  assert.deepEqual(choose({ bytesPerSecond }, { lastMs: -9000 }), { region: 5, countsAtMs: -1000 });
  assert.deepEqual(choose({ bytesPerSecond }), 5);
});

test('resyncPolicy() keeps to the parts of the day, over midnight too', () => {
  const windows = [{ fromMinute: 22 * 60, toMinute: 6 * 60 }];
  assert.deepEqual(choose({ windows }, { time: { minuteOfDay: 23 * 60 } }), 5);
  assert.deepEqual(choose({ windows }, { time: { minuteOfDay: 359 } }), 5);
  assert.deepEqual(choose({ windows }, { time: { minuteOfDay: 360 } }), 'wait');
});

test('resyncPolicy() waits when paused, and refuses settings that are none', () => {
  assert.deepEqual(choose({ paused: true }), 'wait');
  assert.throws(() => choose({ bytesPerSecond: 0 }), /pause it/);
  assert.throws(() => choose({ windows: [{ fromMinute: 5, toMinute: 5 }] }), RangeError);
  const order: string = 'byName';
  assert.throws(() => resyncPolicy(Object.assign({}, DEFAULT_RESYNC, { order })), /"byName" is no order/);
  assert.throws(() => choose({ first: [{ first: 9, last: 8 }] }), RangeError);
});

test('isPokeDue() wakes a mirror that runs, has work, and copies nothing', () => {
  const facts = { outOfSync: 3, isCopying: false, isRunning: true, lastPokeMs: 0 };
  const work = (): ResyncChoice => 1;
  assert.equal(isPokeDue(facts, work, 1000), true);
  assert.equal(isPokeDue(facts, work, 999), false);
  assert.equal(
    isPokeDue(facts, () => 'wait', 1000),
    false,
  );
  assert.equal(isPokeDue({ ...facts, outOfSync: 0 }, work, 1000), false);
  assert.equal(isPokeDue({ ...facts, isCopying: true }, work, 1000), false);
  assert.equal(isPokeDue({ ...facts, isRunning: false }, work, 1000), false);
});
