import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import {
  documentationPage,
  helpText,
  integrity,
  linear,
  type TargetGrammar,
  targetTypes,
  verity,
} from '../../src/targets/index.ts';

test('docs/targets.md is what documentationPage() gives', () => {
  const page = readFileSync(new URL('../../../docs/targets.md', import.meta.url), 'utf8');
  assert.equal(page, documentationPage(targetTypes), 'run node scripts/targets-page.mjs after a build');
});

test('documentationPage() says which targets stand alone in their table, and from which kernel', () => {
  const demands = (grammar: TargetGrammar): string | undefined =>
    /\| ([^|]*) \|\n(?:\n|$)/.exec(documentationPage([grammar]))?.[1];
  assert.equal(demands(verity), 'alone in its table from Linux 6.9, no other type can replace it, read-only');
  assert.equal(demands(integrity), 'alone in its table');
  assert.equal(demands(linear), '');
});

test('helpText() explains each word', () => {
  assert.equal(
    helpText(linear),
    [
      'linear: maps onto an area of one device',
      '',
      '  linear <device> <offset>',
      '    device: what is mapped onto: major:minor or a path',
      '    offset: first sector on the device: a number from 0 to 2^64-1 sectors',
      '',
    ].join('\n'),
  );
});
