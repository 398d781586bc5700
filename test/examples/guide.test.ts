import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import test from 'node:test';
import { fileURLToPath } from 'node:url';

const root = new URL('../../../', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8');
/** Lines without what surrounds them by a block of code being inside another one. */
const flat = (text: string): string => text.replace(/^ +/gm, '');

function blocks(language: string): string[] {
  return [...read('docs/guide.md').matchAll(/^```(\w*)\n(.*?)^```/gms)].flatMap(([, of, code = '']) =>
    of === language ? [code] : [],
  );
}

test('docs/guide.md has no code that is not in an example', () => {
  const examples = readdirSync(new URL('examples/', root)).map((name) => flat(read(`examples/${name}`)));
  const found = blocks('ts');
  assert.equal(found.length, 4);
  for (const code of found)
    assert.ok(
      examples.some((text) => text.includes(flat(code))),
      code,
    );
});

test('examples/swap-a-table prints what docs/guide.md says', () => {
  const script = fileURLToPath(new URL('../../examples/swap-a-table.js', import.meta.url));
  const [plan = '', refusal = ''] = blocks('');
  assert.equal(execFileSync(process.execPath, [script], { encoding: 'utf8' }), `${plan}\n${refusal}`);
});
