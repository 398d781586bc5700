import assert from 'node:assert/strict';
import { test } from 'node:test';
import { documentText } from '../../bench/document.ts';

const names = ['one', 'two', 'three'];

test('documentText() keeps the sections of scenarios that were not run', () => {
  const first = documentText('', { three: '## Three\n\n| a |\n|---|\n| 1 |\n\nold' }, names);
  const second = documentText(first, { one: '## One\n\nnew' }, names);
  assert.deepEqual(
    [...second.matchAll(/^## (.*)$/gm)].map(([, title]) => title),
    ['One', 'Three'],
  );
  assert.ok(second.includes('<!-- three -->\n## Three\n\n| a |\n|---|\n| 1 |\n\nold\n'));
  assert.ok(second.startsWith('# Benchmarks\n'));
});

test('documentText() replaces a section and nothing else', () => {
  const before = documentText('', { one: '## One\n\n1', two: '## Two\n\n2', three: '## Three\n\n3' }, names);
  assert.equal(
    documentText(before, { two: '## Two, again\n\n22' }, names),
    before.replace('## Two\n\n2', '## Two, again\n\n22'),
  );
  assert.equal(documentText(before, {}, names), before);
});

test('documentText() drops a scenario that is no more', () => {
  const before = documentText('', { one: '## One\n\n1', two: '## Two\n\n2' }, names);
  assert.ok(!documentText(before, {}, ['one']).includes('Two'));
});
