import assert from 'node:assert/strict';
import test from 'node:test';
import { LogHistory, logGrid, logRows, resyncPace } from '../../src/dashboard/model/log-history.ts';
import { logFacts, logName, resyncText } from '../../src/dashboard/model/log-text.ts';
import type { WireLog } from '../../src/dashboard/wire.ts';

const LOG: WireLog = {
  uuid: 'LVM-a',
  devices: ['vg-a'],
  log: '254:3',
  state: 'running',
  failure: '',
  isPaused: false,
  regions: 1000,
  regionBytes: 2 ** 19,
  inSync: 400,
  dirty: 3,
  recovering: 401,
  partRegions: 4,
  heat: [],
};

test('logRows() gives each row whole parts, 64 rows at most', () => {
  // 250 parts: four a row, the last row two.
  assert.deepEqual(logRows(LOG), { rows: 63, partsOfRow: 4, regionsOfRow: 16 });
  assert.deepEqual(logRows({ regions: 32, partRegions: 1 }), { rows: 32, partsOfRow: 1, regionsOfRow: 1 });
  assert.equal(logRows({ regions: 0, partRegions: 1 }).rows, 0);
});

test('logGrid() shows the highest level of a column, the parts of a row together', () => {
  const history = new LogHistory();
  const told = (time: number, heat: WireLog['heat']): void =>
    history.add({ time, logs: [{ ...LOG, heat }], problem: '' });
  told(400, [
    [0, 2],
    [3, 1.5],
    [4, 7],
  ]);
  told(900, [[0, 3]]);
  told(1500, [[249, 1]]);
  const span = { from: 0, to: 2000 };
  const { cells, max } = logGrid(logRows(LOG)).gather(history.between(span, 'LVM-a'), span, 2);
  assert.deepEqual([cells[0]?.[0], cells[0]?.[1], cells[0]?.[62], max], [3.5, 7, 0, 7]);
  assert.deepEqual([cells[1]?.[0], cells[1]?.[62]], [0, 1]);
});

test('LogHistory tells what was known at a time, and forgets what is an hour old', () => {
  const history = new LogHistory();
  history.add({ time: 0, logs: [LOG], problem: '' });
  history.add({ time: 1000, logs: [], problem: '' });
  assert.deepEqual(history.at(999)?.logs, [LOG]);
  assert.deepEqual(history.at(1000)?.logs, []);
  assert.equal(history.at(-1), undefined);
  history.add({ time: 3_600_001, logs: [LOG], problem: '' });
  assert.equal(history.at(999), undefined);
});

test('resyncPace() goes by the last minute', () => {
  const frame = (time: number, inSync: number) => ({ time, log: { ...LOG, inSync } });
  // 120 regions in 60 s; what was before the last minute was slower.
  assert.deepEqual(resyncPace([frame(0, 270), frame(30_000, 280), frame(90_000, 400)]), { rate: 2, left: 300 });
  assert.equal(resyncPace([frame(0, 400), frame(1000, 400)]), undefined);
  assert.equal(resyncPace([frame(0, 400)]), undefined);
});

test('resyncText() and logFacts() tell how a mirror stands', () => {
  assert.equal(
    resyncText(LOG, { rate: 2, left: 300 }),
    '40.00 % in sync, 2 regions/s (1 MiB/s), 5 min left, copying region 401',
  );
  assert.equal(resyncText({ ...LOG, inSync: 1000, recovering: -1 }, undefined), '100.00 % in sync');
  const paused = { ...LOG, isPaused: true, state: 'failed', failure: 'EIO on 254:3\n', log: 'core' };
  assert.equal(resyncText(paused, undefined), '40.00 % in sync, 600 regions to be copied, paused');
  assert.equal(
    logFacts(paused),
    'failed, resync paused, log in memory; 1000 regions of 512 KiB, 3 dirty; EIO on 254:3\\u000a',
  );
  assert.equal(logName({ ...LOG, devices: [] }), 'LVM-a');
});
