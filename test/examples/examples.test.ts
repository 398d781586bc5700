import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import test from 'node:test';
import { fileURLToPath } from 'node:url';

test('examples/test-without-root runs as it stands', () => {
  const script = fileURLToPath(new URL('../../examples/test-without-root.js', import.meta.url));
  assert.equal(execFileSync(process.execPath, [script], { encoding: 'utf8' }), '8 KiB read, 16 sectors counted\n');
});

test('examples/test-storage-code runs as it stands', () => {
  const script = fileURLToPath(new URL('../../examples/test-storage-code.js', import.meta.url));
  const text = execFileSync(process.execPath, [script], { encoding: 'utf8' });
  assert.equal(text, 'two versions kept apart, nothing half written\n');
});
