import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';

const read = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');

test('docs/crate-tests.md names tests that exist', () => {
  const rows = [...read('docs/crate-tests.md').matchAll(/^\|.*\| `(test\/\S+\.ts)` \| `(.+)` \|$/gm)];
  assert.ok(rows.length >= 50, `${rows.length} rows were found`);
  for (const [, file = '', name = ''] of rows) {
    // Whole: between the quotes of its own, whichever they are.
    const isThere = ["'", '`'].some((quote) => read(file).includes(`${quote}${name}${quote}`));
    assert.ok(isThere, `${file} has no test "${name}"`);
  }
});
