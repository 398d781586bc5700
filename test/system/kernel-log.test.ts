import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { openKernelLog } from '../../src/system/kernel-log.ts';

test('openKernelLog() is undefined where there is no log', () => {
  assert.equal(openKernelLog('/nowhere/kmsg'), undefined);
});

test('openKernelLog() begins at the end', { skip: process.platform !== 'linux' }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'kmsg-'));
  try {
    const path = join(folder, 'log');
    writeFileSync(path, '3,1,1,-;old\n');
    using log = openKernelLog(path);
    assert.deepEqual(log?.read(), []);
    appendFileSync(path, '3,2,2,-;new\n');
    assert.deepEqual(log?.read(), ['3,2,2,-;new\n']);
    assert.deepEqual(log?.read(), []);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
