import assert from 'node:assert/strict';
import test from 'node:test';
import { filemapdModeFromString, parseFilemapdArguments } from '../../src/filemapd/arguments.ts';

const parse = (words: readonly string[]) => parseFilemapdArguments(words, (_option, text) => BigInt(text) * 512n);

const refusal = (words: readonly string[]): string => {
  try {
    parse(words);
  } catch (error) {
    return (error as Error).message;
  }
  return 'accepted';
};

test('parseFilemapdArguments() takes the words of the manual page, the last two optional', () => {
  assert.deepEqual(parse(['3', '0', '/srv/vm.img', 'path']), {
    fd: 3,
    groupId: 0,
    path: '/srv/vm.img',
    mode: 'path',
    foreground: false,
    verbose: 0,
    absenceMs: 1000,
    lookAhead: true,
    maxRegions: undefined,
    level: undefined,
    device: undefined,
    preallocate: undefined,
    readyFd: undefined,
  });
  const full = parse(['3', '7', '/var/tmp/data', 'inode', '1', '3']);
  assert.deepEqual([full.groupId, full.mode, full.foreground, full.verbose], [7, 'inode', true, 3]);
  assert.equal(parse(['3', '0', '/x', 'inode', '2']).foreground, true);
});

test('parseFilemapdArguments() takes options of our own anywhere', () => {
  assert.equal(parse(['--absence', '2.5', '3', '0', '/x', 'path']).absenceMs, 2500);
  assert.equal(parse(['3', '0', '--absence=0', '/x', 'path', '1']).absenceMs, 0);
  assert.equal(parse(['3', '0', '/x', 'path', '--no-look-ahead', '1']).lookAhead, false);
  assert.equal(parse(['3', '0', '/x', 'path', '--preallocate', '8']).preallocate, 4096n);
  const { level, device } = parse(['3', '0', '/x', 'path', '--level', '253:12', '--device=254:0']);
  assert.deepEqual(
    [level, device],
    [
      { major: 253, minor: 12 },
      { major: 254, minor: 0 },
    ],
  );
});

// The C daemon's words: lvm2 2.03, dmfilemapd.c.
const refusals: readonly (readonly [readonly string[], RegExp])[] = [
  [[], /^Wrong number of arguments\.$/],
  [['3', '0', '/x'], /^Wrong number of arguments\./],
  [['3', '0', '/x', 'path', '1', '1', '1'], /^Wrong number of arguments\./],
  [['x', '0', '/x', 'path'], /^Could not parse file descriptor: x$/],
  [['', '0', '/x', 'path'], /^Could not parse file descriptor: $/],
  [['3', 'abc', '/x', 'path'], /^Could not parse group identifier: abc$/],
  [['3', '-1', '/x', 'path'], /^Could not parse group identifier: -1$/],
  [['3', '0', '', 'path'], /^Path argument is required\.$/],
  [['3', '0', '/x', 'path', '--device', 'dm-0'], /^--device dm-0: the number of a device, MAJOR:MINOR$/],
  [['3', '0', '/x', 'path', '--no-look-ahead=yes'], /^--no-look-ahead takes no value$/],
  [['3', '0', 'x', 'path'], /^Path argument must specify an absolute path\.$/],
  [['3', '0', '/x', ''], /^Mode argument is required\.$/],
  [['3', '0', '/x', 'both'], /^Could not parse dmfilemapd mode: both/],
  [['3', '0', '/x', 'path', 'yes'], /^Could not parse debug argument: yes\.$/],
  [['3', '0', '/x', 'path', '1', 'many'], /^Could not parse verbose argument: many$/],
  [['3', '0', '/x', 'path', '1', '4'], /^Verbose argument out of range: 4\.$/],
  [['3', '0', '/x', 'path', '1', '-1'], /^Verbose argument out of range: -1\.$/],
  [['3', '0', '/x', 'path', '--absence', 'long'], /^--absence long: a number of seconds/],
  [['3', '0', '/x', 'path', '--level', 'vg-lv'], /^--level vg-lv: the number of a device, MAJOR:MINOR$/],
  [['3', '0', '/x', 'path', '--wrong'], /^Unknown option --wrong/],
];
for (const [words, message] of refusals) {
  test(`parseFilemapdArguments() refuses ${JSON.stringify(words)}`, () => assert.match(refusal(words), message));
}

test('filemapdModeFromString() knows the two modes', () => {
  assert.equal(filemapdModeFromString('inode'), 'inode');
  assert.equal(filemapdModeFromString('path'), 'path');
  assert.throws(() => filemapdModeFromString('none'), /inode or path/);
});
