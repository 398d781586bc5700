import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { KOFFI_VERSION } from '../../src/system/libc.ts';

test('KOFFI_VERSION is the version that the package depends on', () => {
  const { dependencies } = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'));
  assert.equal(KOFFI_VERSION, dependencies.koffi);
});
