import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { manualPage } from '../../scripts/dmsetup-man.ts';
import { COMMANDS } from '../../src/cli/dmsetup/commands.ts';
import { OPTIONS } from '../../src/cli/dmsetup/option-table.ts';
import { DmsetupWorld } from './dmsetup-world.ts';

test('docs/man/dmsetup.8 is what the tables say; node dist/scripts/dmsetup-man.js writes it', () => {
  const page = readFileSync(new URL('../../../docs/man/dmsetup.8', import.meta.url), 'utf8');
  assert.equal(page, manualPage());
});

test('manualPage() names every command and option, with dashes that can be copied', () => {
  const page = manualPage();
  for (const { name } of COMMANDS) assert.ok(page.includes(`\\fB${name.replaceAll('-', '\\-')}\\fR`), name);
  for (const { name, ignored } of OPTIONS)
    assert.equal(page.includes(`\\fB\\-\\-${name.replaceAll('-', '\\-')}\\fR`), !ignored, name);
});

test('dmsetup help COMMAND shows the options of that command', async () => {
  const text = await new DmsetupWorld().ok('help', 'remove');
  assert.match(text, /^Usage: dmsetup remove \[<options>\] <device>\.\.\.\n/);
  assert.match(text, /--retry/);
  assert.equal(text.includes('--tree'), false);
});

test('dmsetup help -c lists the fields of info -c', async () => {
  assert.match(await new DmsetupWorld().ok('help', '-c'), /^ {2}names_using_dev +- /m);
});

test('dmsetup without words shows the help and fails', async () => {
  const { status, stdout, stderr } = await new DmsetupWorld().run([]);
  assert.deepEqual([status, stdout], [1, '']);
  assert.match(stderr, /^Usage: dmsetup <command>/);
});
