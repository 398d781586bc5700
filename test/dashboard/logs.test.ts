import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { askDmlogd } from '../../src/dashboard/logs.ts';
import { listenForControl } from '../../src/dirtylog/daemon/control.ts';

test('askDmlogd() asks for the status and the heat; there is nothing without a server', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'logs-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const { signal } = new AbortController();
  assert.equal(await askDmlogd(signal, folder), undefined);
  const server = await listenForControl(join(folder, 'control'), async ({ command }, answer) => {
    answer.send(command === 'status' ? { mirrors: [] } : [command]);
    answer.end();
  });
  assert.deepEqual(await askDmlogd(signal, folder), { status: { mirrors: [] }, heat: ['heat'] });
  await server[Symbol.asyncDispose]();
  // A server that was killed leaves its socket behind.
  writeFileSync(join(folder, 'control'), '');
  assert.equal(await askDmlogd(signal, folder), undefined);
});

test('askDmlogd() ends with its signal', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'logs-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const end = new AbortController();
  await using _ = await listenForControl(join(folder, 'control'), async () => end.abort());
  assert.equal(await askDmlogd(end.signal, folder), undefined);
});
