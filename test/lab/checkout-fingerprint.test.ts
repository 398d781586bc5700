import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { checkoutFingerprint } from '../../lab/checkout-fingerprint.ts';

test('checkoutFingerprint() changes with a file, not with results and dependencies', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'fingerprint-'));
  t.after(() => rmSync(folder, { recursive: true }));
  for (const name of ['dist', 'build', 'node_modules']) mkdirSync(join(folder, name));
  const write = (name: string, text: string) => writeFileSync(join(folder, name), text);
  write('dist/a.js', '1');
  const first = checkoutFingerprint(folder);
  write('build/result', 'x');
  write('node_modules/x', 'x');
  assert.equal(checkoutFingerprint(folder), first);
  write('dist/a.js', '12');
  const second = checkoutFingerprint(folder);
  assert.notEqual(second, first);
  write('dist/b.js', '');
  assert.notEqual(checkoutFingerprint(folder), second);
});
