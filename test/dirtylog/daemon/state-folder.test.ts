import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { StateFolder } from '../../../src/dirtylog/daemon/state-folder.ts';
import type { LogRecord } from '../../../src/dirtylog/ports.ts';

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'dmlogd-'));
  t.after(() => rmSync(path, { recursive: true }));
  return path;
}

const RECORD: LogRecord = {
  uuid: 'U',
  luid: '18446612682070000000',
  words: '8 core 2',
  wasResumed: true,
  isRunning: true,
};

test('StateFolder keeps records for the next server, and has none at first', (t) => {
  const path = folder(t);
  assert.deepEqual(new StateFolder(path).records(), []);
  new StateFolder(path).keepRecords([RECORD]);
  assert.deepEqual(new StateFolder(path).records(), [RECORD]);
});

test('StateFolder passes over what is no record, and over records that were cut off', (t) => {
  const path = folder(t);
  const state = new StateFolder(path);
  writeFileSync(join(path, 'records.json'), JSON.stringify({ format: 1, records: [RECORD, { uuid: 'U' }, null] }));
  assert.deepEqual(state.records(), [RECORD]);
  writeFileSync(join(path, 'records.json'), '{"format":1,"rec');
  assert.deepEqual(state.records(), []);
  writeFileSync(join(path, 'records.json'), JSON.stringify({ format: 2, records: [RECORD] }));
  assert.deepEqual(state.records(), []);
});

test('StateFolder.openBits() gives the next server what was written, a fresh one zeros, and takes it away when closed', async (t) => {
  const path = folder(t);
  const state = new StateFolder(path);
  const page = new Uint8Array(4096).fill(7);
  const written = await state.openBits('U', '254:3', 8192, true);
  await new Promise<void>((resolve, reject) =>
    written.write(4096, page, (error) => (error === undefined ? resolve() : reject(error))),
  );
  const into = new Uint8Array(4096);
  await (await state.openBits('U', '254:3', 8192, false)).read(4096, into);
  assert.deepEqual(into, page);
  const fresh = await state.openBits('U', '254:3', 8192, true);
  await fresh.read(4096, into);
  assert.deepEqual(into, new Uint8Array(4096));
  fresh.close();
  assert.deepEqual(readdirSync(join(path, 'bits')), []);
});

test('StateFolder.openBits() makes room in a file that is too small', async (t) => {
  const state = new StateFolder(folder(t));
  await state.openBits('U', 'core', 4096, true);
  const grown = await state.openBits('U', 'core', 12288, false);
  assert.equal(grown.size, 12288);
  await grown.read(8192, new Uint8Array(4096));
});

test('StateFolder.keepOnlyBits() removes the bits of mirrors that are gone', async (t) => {
  const path = folder(t);
  const state = new StateFolder(path);
  await state.openBits('A', 'core', 4096, true);
  await state.openBits('B', 'core', 4096, true);
  state.keepOnlyBits([{ uuid: 'A', label: 'core' }]);
  assert.equal(readdirSync(join(path, 'bits')).length, 1);
});
