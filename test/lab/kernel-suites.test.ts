import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import test from 'node:test';
import { checkout } from '../../lab/folders.ts';

test('each kernel test is in one of the suites that npm test runs', () => {
  const folder = `${checkout}/test/kernel`;
  const files = readdirSync(folder);
  const suites = readFileSync(`${checkout}/scripts/run.mjs`, 'utf8').match(/SUITES = \[(.*)\]/)?.[1] ?? '';
  const imported = [...suites.matchAll(/'(\w+)'/g)].flatMap(([, name]) =>
    [...readFileSync(`${folder}/suite-${name}.ts`, 'utf8').matchAll(/^import '\.\/(.*)';$/gm)].map(([, file]) => file),
  );
  assert.deepEqual(imported.sort(), files.filter((file) => file.endsWith('.test.ts')).sort());
});
