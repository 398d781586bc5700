import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { documentationPage, helpText, linear, targetTypes } from '../../src/targets/index.ts';

test('docs/targets.md is what documentationPage() gives', () => {
  const page = readFileSync(new URL('../../../docs/targets.md', import.meta.url), 'utf8');
  assert.equal(page, documentationPage(targetTypes), 'run node scripts/targets-page.mjs after a build');
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
