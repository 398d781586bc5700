import assert from 'node:assert/strict';
import { closeSync, fstatSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { openCached } from '../../src/system/cached-path.ts';

test('openCached() opens what a path names, or says that the caches do not know', {
  skip: process.platform !== 'linux',
}, () => {
  const folder = mkdtempSync(join(tmpdir(), 'cached-'));
  const path = join(folder, 'file');
  writeFileSync(path, 'x');
  const fd = openCached(path);
  if (fd !== undefined) {
    assert.equal(fstatSync(fd).ino, statSync(path).ino);
    closeSync(fd);
  }
  rmSync(folder, { recursive: true });
  let gone: number | undefined;
  try {
    gone = openCached(path);
  } catch (error) {
    assert.equal((error as { code?: string }).code, 'ENOENT');
  }
  assert.equal(gone, undefined);
});
