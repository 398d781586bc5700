import assert from 'node:assert/strict';
import test from 'node:test';
import { SORTS, type Sort } from '../../src/watch/measure.ts';
import {
  currentVisit,
  initialState,
  rowsOf,
  selectedIndex,
  TRAIL_LENGTH,
  update,
  type WatchState,
} from '../../src/watch/state.ts';
import { counters, key, type Made, reads, SECOND_NS, sampleOf } from './support.ts';

const SIZE = { columns: 80, rows: 24 };

/** A slow file of two regions, a busy region of two areas, one without I/O, and the device itself. */
const MADE: Made = {
  regions: [
    { id: 0, areas: [reads(10, 20, 100)] },
    { id: 1, areas: [reads(0, 0)] },
    { id: 2, areas: [reads(300, 1, 500), reads(100, 1, 200)] },
    { id: 3, areas: [reads(0, 0)] },
  ],
  groups: [{ alias: '/srv/slow', members: [0, 1] }],
  io: { counters: reads(410, 2, 900), intervalNs: SECOND_NS },
};

const after = (state: WatchState, ...words: readonly string[]): WatchState =>
  words.reduce((before, word) => update(before, key(word)), state);
const sampled = (state: WatchState, made: Made = MADE): WatchState =>
  update(state, { type: 'sample', sample: sampleOf(made) });
const start = (sort: Sort = 'util'): WatchState => sampled(initialState(SIZE, sort));
const names = (state: WatchState): string[] => rowsOf(state).map(({ item }) => item.name);
const selected = (state: WatchState): string | undefined => {
  const rows = rowsOf(state);
  return rows[selectedIndex(rows, currentVisit(state))]?.item.name;
};

// Busy: device 0.9, region 2 0.7, file 0.1. Mean wait: file 20 ms, device 2, region 2 1; without I/O last. I/Os: 410, 400, 10.
const ORDERS: Readonly<Record<Exclude<Sort, 'p99'>, readonly string[]>> = {
  util: ['vg', 'vg region 2', '/srv/slow', 'vg region 3'],
  wait: ['/srv/slow', 'vg', 'vg region 2', 'vg region 3'],
  iops: ['vg', 'vg region 2', '/srv/slow', 'vg region 3'],
  bytes: ['vg', 'vg region 2', '/srv/slow', 'vg region 3'],
  name: ['/srv/slow', 'vg', 'vg region 2', 'vg region 3'],
};
for (const [sort, expected] of Object.entries(ORDERS)) {
  test(`rowsOf() by ${sort} has the worst first`, () => assert.deepEqual(names(start(sort as Sort)), expected));
}

test('rowsOf() by p99 goes by the bin that the percentile is in', () => {
  const bounded = (id: number, ...histogram: bigint[]) => ({ id, areas: [counters({ histogram })], boundsMs: [1, 10] });
  const made = { regions: [bounded(0, 100n, 0n, 0n), bounded(1, 0n, 0n, 1n), bounded(2, 0n, 5n, 0n)] };
  assert.deepEqual(names(sampled(initialState(SIZE, 'p99'), made)), ['vg region 1', 'vg region 2', 'vg region 0']);
});

test('update() by s and S goes through the columns, by r turns round', () => {
  assert.equal(after(start(), 's').sort, 'wait');
  assert.equal(after(start(), 'S').sort, 'name');
  assert.equal(after(start(), ...SORTS.map(() => 's')).sort, 'util');
  assert.deepEqual(names(after(start(), 'r')), ['vg region 3', '/srv/slow', 'vg region 2', 'vg']);
});

test('rowsOf() has regions that serve a file inside it, and beside it when asked to', () => {
  const programId = 'dmfilemapd-ahead';
  const state = sampled(initialState(SIZE, 'name'), {
    regions: [
      { id: 0, areas: [reads(1, 1)] },
      { id: 1, areas: [reads(1, 1)], programId, aux: 'group=0,word' },
      { id: 2, areas: [reads(1, 1)], programId, aux: 'group=9,word' },
      { id: 3, areas: [reads(1, 1)] },
    ],
    groups: [{ alias: '/srv/a', members: [0] }],
  });
  assert.deepEqual(names(state), ['/srv/a', 'vg region 3']);
  assert.deepEqual(names(after(state, 'a')), [
    '/srv/a',
    'vg look-ahead region 1',
    'vg look-ahead region 2',
    'vg region 3',
  ]);
  assert.deepEqual(names(after(state, 'a', 'a', 'return')), ['look-ahead region 1', 'region 0']);
});

test('the selection stays on its row when the order changes, and follows the first row until one is chosen', () => {
  const state = start();
  assert.equal(selected(state), 'vg');
  assert.equal(selected(after(state, 's')), '/srv/slow');
  const chosen = after(state, 'down');
  assert.equal(selected(chosen), 'vg region 2');
  assert.equal(selected(after(chosen, 's')), 'vg region 2');
  assert.equal(selected(after(chosen, 's', 'home')), '/srv/slow');
});

test('the selection stays within the rows, also when they become fewer', () => {
  assert.equal(selected(after(start(), 'up')), 'vg');
  const last = after(start(), 'end');
  assert.equal(selected(last), 'vg region 3');
  assert.equal(selected(after(last, 'down', 'pagedown')), 'vg region 3');
  assert.equal(selected(sampled(last, { regions: [{ id: 0, areas: [reads(1, 1)] }] })), 'vg region 0');
  assert.equal(selected(sampled(last, {})), undefined);
  assert.equal(selected(after(sampled(last, {}), 'down', 'return')), undefined);
});

test('return opens a group, a region, a device; escape goes back to the row', () => {
  const group = after(start(), 'down', 'down', 'return');
  assert.deepEqual(names(group), ['region 0', 'region 1']);
  assert.deepEqual(names(after(group, 'return')), ['region 0', 'region 1']);
  assert.equal(selected(after(group, 'escape')), '/srv/slow');
  const areas = after(start(), 'down', 'return');
  // Region 2 starts at 2 * 1048576 sectors = 1 GiB, and has areas of 1 MiB.
  assert.deepEqual(names(areas), ['area 0 at 1G', 'area 1 at 1.00G']);
  const device = after(start(), 'return');
  assert.deepEqual(names(device), ['region 2', '/srv/slow', 'region 3']);
  assert.deepEqual(names(after(device, 'return', 'left')), names(device));
  assert.deepEqual(names(after(start(), 'escape')), names(start()));
});

test('an opened group stays open when its id changes with its leader', () => {
  const group = after(start(), 'down', 'down', 'return');
  const later = sampled(group, {
    regions: [{ id: 5, areas: [reads(1, 1)] }],
    groups: [{ alias: '/srv/slow', members: [5] }],
  });
  assert.deepEqual(names(later), ['region 5']);
  assert.deepEqual(names(sampled(group, {})), []);
});

test('/ filters by a part of the name while it is typed; escape clears, return keeps', () => {
  const typing = after(start(), '/', 'R', 'e', 'g');
  assert.equal(typing.mode, 'filter');
  assert.deepEqual(names(typing), ['vg region 2', 'vg region 3']);
  assert.deepEqual(names(after(typing, 'i', 'x')), []);
  assert.equal(after(typing, 'i', 'x', 'backspace').filter, 'Regi');
  assert.equal(after(typing, 'q').filter, 'Regq');
  assert.equal(after(typing, '^u').filter, '');
  assert.deepEqual([after(typing, 'return').mode, after(typing, 'return').filter], ['list', 'Reg']);
  assert.equal(after(typing, 'return', 'escape').filter, '');
  assert.deepEqual([after(typing, 'escape').mode, after(typing, 'escape').filter], ['list', '']);
});

test('the filter takes no keys that have no text', () => {
  const typing = update(after(start(), '/'), { type: 'key', key: { name: 'up', text: '\u001b[A', ctrl: false } });
  assert.equal(typing.filter, '');
});

test('p holds what is shown; going on has no gap in the trails', () => {
  const paused = after(start(), 'p');
  const later = sampled(sampled(paused, {}), MADE);
  assert.deepEqual(rowsOf(later), rowsOf(paused));
  const on = after(later, 'p');
  assert.equal(rowsOf(on)[0]?.trail.length, 1);
  assert.equal(rowsOf(after(sampled(sampled(paused)), ' '))[0]?.trail.length, 3);
});

test('trails end with the newest and are no longer than they may be', () => {
  let state = start();
  for (let index = 0; index < TRAIL_LENGTH + 5; index++) {
    const io = { counters: reads(index, 1, index), intervalNs: SECOND_NS };
    state = sampled(state, { io });
  }
  const trail = rowsOf(state)[0]?.trail ?? [];
  assert.equal(trail.length, TRAIL_LENGTH);
  assert.equal(trail.at(-1)?.reads, TRAIL_LENGTH + 4);
});

test('q and ^c are done; in the help any key goes back, ^c is done', () => {
  assert.equal(after(start(), 'q').isDone, true);
  assert.equal(after(start(), '^c').isDone, true);
  assert.deepEqual([after(start(), '?').mode, after(start(), '?', 'q').mode], ['help', 'list']);
  assert.equal(after(start(), '?', 'q').isDone, false);
  assert.equal(after(start(), '?', '^c').isDone, true);
  assert.equal(after(start(), '/', '^c').isDone, true);
});

test('a key that means nothing changes nothing', () => {
  const state = start();
  assert.equal(after(state, 'x'), state);
  assert.equal(after(state, 'f12'), state);
});
