import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { withFieldTables } from '../../scripts/json-fields.ts';

const document = readFileSync(new URL('../../../docs/json.md', import.meta.url), 'utf8');

test('docs/json.md has the fields as they are; node dist/scripts/json-fields.js writes them', () => {
  assert.equal(withFieldTables(document), document);
});
