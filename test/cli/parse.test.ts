import assert from 'node:assert/strict';
import test from 'node:test';
import { OPTIONS } from '../../src/cli/dmstats/option-table.ts';
import { parseCommandLine } from '../../src/cli/dmstats/parse.ts';
import { UsageError } from '../../src/mapper/errors.ts';

const parse = (...words: readonly string[]) => {
  const line = parseCommandLine(words);
  assert.ok(line !== undefined);
  return line;
};

test('parseCommandLine() takes options before, between and after words', () => {
  const { command, words, options } = parse('--units', 'k', 'list', '-v', 'vg-a', '--noheadings', 'vg-b');
  assert.equal(command, 'list');
  assert.deepEqual(words, ['vg-a', 'vg-b']);
  assert.equal(options.text('units'), 'k');
  assert.ok(options.has('verbose') && options.has('noheadings'));
});

test('parseCommandLine() takes glued values and unique abbreviations', () => {
  const { options } = parse('create', '--start=1', '--len', '2', '--areas', '3', '-uABC', '--prog=');
  assert.equal(options.text('start'), '1');
  assert.equal(options.text('length'), '2');
  assert.equal(options.text('areas'), '3');
  assert.equal(options.text('uuid'), 'ABC');
  assert.equal(options.text('programid'), '');
  assert.equal(parse('list', '-oregion_id').options.text('options'), 'region_id');
  assert.equal(parse('list', '-vo', 'region_id').options.text('options'), 'region_id');
});

test('parseCommandLine() takes values that look like options', () => {
  const { options } = parse('create', '--userdata', '--alias', '--areas', '2', 't0');
  assert.equal(options.text('userdata'), '--alias');
  assert.equal(options.text('areas'), '2');
});

test('parseCommandLine() takes everything after -- for words', () => {
  assert.deepEqual(parse('list', '--', '--units').words, ['--units']);
});

test('parseCommandLine() lets the last of two win and counts -v', () => {
  const { options } = parse('list', '--units', 'k', '--units', 'm', '-vv');
  assert.equal(options.text('units'), 'm');
  assert.equal(options.count('verbose'), 2);
});

test('parseCommandLine() prefers an exact name to longer ones', () => {
  assert.ok(parse('list', '--area').options.has('area'));
  assert.ok(parse('list', '--region').options.has('region'));
});

const REFUSED: readonly (readonly [words: readonly string[], message: RegExp])[] = [
  [['list', '--foo'], /^Unrecognized option --foo;/],
  [['list', '-x'], /^Unrecognized option -x;/],
  [['create', '--a', 't0'], /^Option --a is ambiguous: --alias, --alldevices, /],
  [['create', '--start'], /^Option --start needs a value: --start <size/],
  [['list', '-o'], /^Option -o needs a value: -o <fields>$/],
  [['list', '--noheadings=1'], /^Option --noheadings takes no value$/],
  [['frobnicate'], /^Unknown stats command "frobnicate"; one of clear, completion, create,/],
  [['create', '--allregions', 't0'], /^Cannot use --allregions with create\.$/],
  [['create', '--allprograms', 't0'], /^Cannot use --allprograms with create\.$/],
];
for (const [words, message] of REFUSED) {
  test(`parseCommandLine() refuses ${words.join(' ')}`, () => {
    assert.throws(
      () => parseCommandLine(words),
      (error) => error instanceof UsageError && message.test(error.message),
    );
  });
}

test('parseCommandLine() of nothing is undefined', () => {
  assert.equal(parseCommandLine([]), undefined);
  assert.equal(parse('--version').command, 'version');
  assert.equal(parse('-h').command, 'help');
});

for (const text of ['abc', '', '-1', '1.5', '0x1', '2147483648', '1 ']) {
  test(`Options.integer() refuses ${JSON.stringify(text)}, where atoi made a number of it`, () => {
    const { options } = parse('delete', `--regionid=${text}`);
    assert.throws(
      () => options.integer('regionid'),
      (error) => error instanceof UsageError && error.message.includes('--regionid'),
    );
  });
}

test('OPTIONS have each name and letter once', () => {
  const names = OPTIONS.flatMap(({ name, short }) => [`--${name}`, ...(short === undefined ? [] : [`-${short}`])]);
  assert.equal(new Set(names).size, names.length);
});
