import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { Bitmap } from '../../src/dirtylog/bitmap.ts';
import { Heat } from '../../src/dirtylog/heat.ts';
import {
  BURST_MS,
  DEFAULT_RESYNC,
  POKE_EVERY_MS,
  type ResyncSettings,
  regionOf,
  resyncPolicy,
} from '../../src/dirtylog/resync.ts';

const REGIONS = 5000;
const REGION_SECTORS = 128;
const REGION_BYTES = REGION_SECTORS * 512;
const DAY = 1440;
const MIRROR = { uuid: 'u', regionCount: REGIONS, regionSectors: REGION_SECTORS, lastRegion: -1 };

const region = fc.nat(REGIONS - 1);
const range = fc.tuple(region, region).map(([one, other]) => ({
  first: Math.min(one, other),
  last: Math.max(one, other),
}));
const order = fc.constantFrom('inOrder' as const, 'byHeat' as const);
const regionSet = fc.uniqueArray(region, { minLength: 1, maxLength: 40 });

function mirror(members: readonly number[], written: readonly number[]): { outOfSync: Bitmap; heat: Heat } {
  const outOfSync = new Bitmap(REGIONS);
  for (const member of members) outOfSync.add(member);
  const heat = new Heat(REGIONS);
  for (const one of written) heat.add(one);
  return { outOfSync, heat };
}

test('resyncPolicy() copies each region once, those of the ranges first, whatever the order', () => {
  fc.assert(
    fc.property(
      regionSet,
      fc.array(region),
      fc.array(range, { maxLength: 3 }),
      order,
      (members, written, first, by) => {
        const { outOfSync, heat } = mirror(members, written);
        const policy = resyncPolicy({ ...DEFAULT_RESYNC, first, order: by });
        const left = new Set(members);
        while (left.size > 0) {
          const queue = { ...MIRROR, outOfSync, heat, lastMs: 0 };
          const choice = policy(queue, { nowMs: 0, minuteOfDay: 0 });
          assert.ok(typeof choice === 'number');
          const wanted = first.find((one) => [...left].some((member) => member >= one.first && member <= one.last));
          const inWanted = [...left].filter((member) => !wanted || (member >= wanted.first && member <= wanted.last));
          assert.ok(inWanted.includes(choice), 'it is of the first range that has any');
          const warmth = (one: number): number => heat.parts[one >>> heat.shift] ?? 0;
          if (wanted !== undefined || by === 'inOrder') assert.equal(choice, Math.min(...inWanted));
          else assert.equal(warmth(choice), Math.max(...inWanted.map(warmth)));
          left.delete(choice);
          outOfSync.delete(choice);
        }
      },
    ),
    { numRuns: 100, seed: 1 },
  );
});

test('resyncPolicy() keeps to a rate and reaches it, though an idle kernel asks once a second', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 300 }),
      fc.integer({ min: 1, max: POKE_EVERY_MS }),
      (regionsPerSecond, everyMs) => {
        const { outOfSync, heat } = mirror(
          Array.from({ length: REGIONS }, (_, index) => index),
          [],
        );
        const policy = resyncPolicy({ ...DEFAULT_RESYNC, bytesPerSecond: regionsPerSecond * REGION_BYTES });
        let lastMs = Number.NEGATIVE_INFINITY;
        let copied = 0;
        const beginMs = 5000;
        for (let nowMs = beginMs; copied < REGIONS && nowMs < beginMs + 20_000; nowMs += everyMs) {
          for (;;) {
            const queue = { ...MIRROR, outOfSync, heat, lastMs };
            const choice = policy(queue, { nowMs, minuteOfDay: 0 });
            if (choice === 'wait') break;
            outOfSync.delete(regionOf(choice));
            lastMs = typeof choice === 'number' ? nowMs : choice.countsAtMs;
            copied++;
            if (copied === REGIONS) return;
          }
          const seconds = (nowMs - beginMs) / 1000;
          assert.ok(copied <= regionsPerSecond * (seconds + BURST_MS / 1000) + 1, `${copied} after ${seconds} s`);
          assert.ok(copied >= Math.floor(regionsPerSecond * seconds), `${copied} after ${seconds} s`);
        }
      },
    ),
    { numRuns: 40, seed: 1 },
  );
});

test('resyncPolicy() copies in the windows only', () => {
  const minute = fc.nat(DAY - 1);
  const window = fc
    .tuple(minute, minute)
    .filter(([from, to]) => from !== to)
    .map(([fromMinute, toMinute]) => ({ fromMinute, toMinute }));
  const isIn = (windows: ResyncSettings['windows'], at: number): boolean =>
    windows.some(({ fromMinute, toMinute }) =>
      fromMinute < toMinute ? at >= fromMinute && at < toMinute : at >= fromMinute || at < toMinute,
    );
  fc.assert(
    fc.property(fc.array(window, { minLength: 1, maxLength: 3 }), minute, (windows, minuteOfDay) => {
      const { outOfSync, heat } = mirror([7], []);
      const queue = { ...MIRROR, outOfSync, heat, lastMs: 0 };
      const choice = resyncPolicy({ ...DEFAULT_RESYNC, windows })(queue, { nowMs: 0, minuteOfDay });
      assert.equal(choice, isIn(windows, minuteOfDay) ? 7 : 'wait');
    }),
    { numRuns: 300, seed: 1 },
  );
});
