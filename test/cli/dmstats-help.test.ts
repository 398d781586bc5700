import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { manualPage as filemapdPage } from '../../scripts/dmfilemapd-man.ts';
import { manualPage } from '../../scripts/dmstats-man.ts';
import { helpText } from '../../src/cli/dmfilemapd/help.ts';
import {
  OPTIONS as FILEMAPD_OPTIONS,
  OPERANDS,
  OPTIONAL_OPERANDS,
  operandText,
} from '../../src/cli/dmfilemapd/words.ts';
import { COMMANDS } from '../../src/cli/dmstats/commands.ts';
import { EXAMPLES } from '../../src/cli/dmstats/examples.ts';
import { OPTIONS } from '../../src/cli/dmstats/option-table.ts';
import { parseCommandLine } from '../../src/cli/dmstats/parse.ts';
import { FILEMAPD_USAGE } from '../../src/filemapd/arguments.ts';
import { World } from './support.ts';

/** A line's words as a shell cuts them: at blanks, but not within single quotes. */
const wordsOf = (line: string): string[] =>
  [...line.matchAll(/'([^']*)'|\S+/g)].map(([word, quoted]) => quoted ?? word);

const all = COMMANDS.flatMap(({ name, alias }) => EXAMPLES[name].map(({ line }) => ({ name, alias, line })));

for (const { name, alias, line } of all) {
  test(`the example "${line}" is a line that the parser takes`, () => {
    const [program, command = '', ...rest] = wordsOf(line);
    assert.equal(program, 'dmstats');
    assert.ok(command === name || command === alias, command);
    assert.equal(parseCommandLine([command, ...rest])?.command, name);
  });
}

// What needs files, a terminal or waits for ever is left out.
const RUN = [
  'create',
  'list',
  'report',
  'print',
  'clear',
  'group',
  'ungroup',
  'metrics',
  'completion',
  'version',
  'help',
  'delete',
];
test('the examples run, on a simulated device', async () => {
  const world = new World();
  world.kernel.addDevice('vg-images', { sectors: 2048 });
  // The regions that the examples name.
  for (const start of [0, 8, 16, 24]) await world.ok(`create --start ${start} --length 8 vg-images`);
  const lines = RUN.flatMap((name) => all.filter((one) => one.name === name)).map(({ line }) => line);
  for (const line of lines) {
    if (/ \/|--interval|delete --groupid/.test(line)) continue;
    const { status, stderr } = await world.run(wordsOf(line).slice(1));
    assert.deepEqual([line, status, stderr], [line, 0, '']);
  }
  assert.equal(world.regions('vg-images'), '');
});

for (const { name, alias } of COMMANDS) {
  test(`dmstats help ${name} and dmstats ${name} --help show its options and examples`, async () => {
    const world = new World();
    const text = await world.ok(`help ${name}`);
    if (name !== 'help') assert.equal(await world.ok(`${name} --help`), text);
    assert.ok(text.startsWith(`Usage: dmstats ${name} `), text);
    for (const { line } of EXAMPLES[name]) assert.ok(text.includes(`\n  ${line}\n`), line);
    for (const option of OPTIONS) {
      const isOwn = option.commands !== 'any' && option.commands.includes(name);
      assert.equal(new RegExp(`^ +(-\\w, )?--${option.name}( |$)`, 'm').test(text), isOwn, option.name);
    }
    if (alias !== undefined) assert.equal(await world.ok(`help ${alias}`), text);
  });
}

test('dmstats help of no command is an error', async () => {
  assert.match(await new World().refusal('help', 'lsit'), /There is no command "lsit"/);
});

for (const [name, page] of [
  ['dmstats', manualPage()],
  ['dmfilemapd', filemapdPage()],
] as const) {
  test(`docs/man/${name}.8 is what the tables say; node dist/scripts/${name}-man.js writes it`, () => {
    assert.equal(readFileSync(new URL(`../../../docs/man/${name}.8`, import.meta.url), 'utf8'), page);
  });
}

const roffed = (text: string): string => text.replaceAll('-', '\\-');
test('the manual of dmstats names every command, option and example', () => {
  const page = manualPage();
  for (const { name } of COMMANDS) assert.ok(page.includes(`\\fB${name}\\fR`), name);
  for (const { name, ignored } of OPTIONS) assert.equal(page.includes(`\\fB\\-\\-${roffed(name)}\\fR`), !ignored, name);
  for (const { line } of all) assert.ok(page.includes(roffed(line)), line);
});

test('the help and the manual of dmfilemapd name all that its parser takes', () => {
  for (const text of [helpText(FILEMAPD_USAGE), filemapdPage().replaceAll('\\-', '-')]) {
    for (const { name } of [...OPERANDS, ...OPTIONAL_OPERANDS]) assert.ok(text.includes(name), name);
    for (const { name } of FILEMAPD_OPTIONS) assert.ok(text.includes(`--${name}`), name);
  }
  assert.ok(FILEMAPD_USAGE.includes(` ${operandText()} `));
});
