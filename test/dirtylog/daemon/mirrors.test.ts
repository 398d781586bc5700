import assert from 'node:assert/strict';
import test from 'node:test';
import { findMirrors, type MirrorLine, readMirrorLine, stillThere } from '../../../src/dirtylog/daemon/mirrors.ts';
import type { LogRecord } from '../../../src/dirtylog/ports.ts';
import { DmError } from '../../../src/mapper/errors.ts';
import type { TableLine } from '../../../src/mapper/table-line.ts';
import { sectors } from '../../../src/mapper/units.ts';

const line = (params: string, type = 'mirror'): TableLine => ({
  start: sectors(0),
  length: sectors(131072),
  type,
  params,
});

test('readMirrorLine() reads the uuid, the words as the kernel sends them, and the legs', () => {
  assert.deepEqual(
    readMirrorLine(line('userspace 5 U1 integrated_flush clustered-disk 254:32 1024 2 1:0 0 1:1 0 1 handle_errors')),
    { uuid: 'U1', words: '131072 clustered-disk 254:32 1024', legs: ['1:0', '1:1'] },
  );
});

test('readMirrorLine() passes over other targets, other logs, and logs that it does not know', () => {
  assert.equal(readMirrorLine(line('1:0 0', 'linear')), undefined);
  assert.equal(readMirrorLine(line('core 1 1024 2 1:0 0 1:1 0')), undefined);
  assert.equal(readMirrorLine(line('no_such_log 1 1024 2 1:0 0 1:1 0')), undefined);
});

test('readMirrorLine() has a character for each byte of a uuid, as the records have', () => {
  assert.equal(readMirrorLine(line('userspace 3 é core 8 2 1:0 0 1:1 0'))?.uuid, 'Ã©');
});

test('findMirrors() looks at live and loaded tables, and passes over devices that go meanwhile', async () => {
  const number = { major: 254, minor: 0 };
  const found = await findMirrors({
    list: async () => [
      { name: 'm', uuid: '', number, eventNr: 0 },
      { name: 'gone', uuid: '', number: { major: 254, minor: 1 }, eventNr: 0 },
    ],
    table: async (ref, { inactive = false } = {}) => {
      if ('minor' in ref && ref.minor === 1) throw new DmError({ op: 'DM_TABLE_STATUS', errno: 6, device: 'gone' });
      return inactive ? [] : [line('userspace 3 U1 core 1024 2 1:0 0 1:1 0')];
    },
  });
  assert.deepEqual(
    found.map(({ name, isLive, uuid }) => ({ name, isLive, uuid })),
    [{ name: 'm', isLive: true, uuid: 'U1' }],
  );
});

const record = (luid: string, isRunning: boolean, words = '8 core 2'): LogRecord => ({
  uuid: 'U1',
  luid,
  words,
  wasResumed: true,
  isRunning,
});
const place: MirrorLine = {
  number: { major: 254, minor: 0 },
  name: 'm',
  isLive: true,
  uuid: 'U1',
  words: '8 core 2',
  legs: [],
};

test('stillThere() takes the running record when a table was replaced and nobody heard of the end of the old one', () => {
  assert.deepEqual(stillThere([record('1', true), record('2', false)], [place]), [record('1', true)]);
  assert.deepEqual(stillThere([record('1', false), record('2', true)], [place]), [record('2', true)]);
});

test('stillThere() takes both while a table waits for its resume, and none whose words no table has', () => {
  const both = stillThere([record('1', true), record('2', false)], [place, { ...place, isLive: false }]);
  assert.deepEqual(both.map(({ luid }) => luid).sort(), ['1', '2']);
  assert.deepEqual(stillThere([record('1', true, '8 core 4')], [place]), []);
});
