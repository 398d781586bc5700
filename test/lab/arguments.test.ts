import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseArguments } from '../../lab/arguments.ts';

test('parseArguments() takes what is no action for a one-shot command with its own options', () => {
  const args = parseArguments(['--timeout', '1.5', 'dmsetup', 'ls', '--tree', '--timeout', '9']);
  assert.deepEqual(args, {
    action: 'once',
    command: ['dmsetup', 'ls', '--tree', '--timeout', '9'],
    timeoutMs: 1500,
    kernel: '6.1',
    memoryMib: 3072,
  });
});

test('parseArguments() lets -- part the options from the command', () => {
  assert.deepEqual(parseArguments(['--', '--odd']).command, ['--odd']);
  assert.deepEqual(parseArguments(['--kernel', '6.12', '--', 'ls', '--', 'x']).command, ['ls', '--', 'x']);
  assert.deepEqual(parseArguments(['run', '--', 'ls']).command, ['ls']);
});

test('parseArguments() knows the actions of the kept guest by the first word', () => {
  assert.equal(parseArguments(['--memory', '1024', 'up']).memoryMib, 1024);
  assert.equal(parseArguments(['run', 'up']).action, 'run');
  assert.deepEqual(parseArguments(['run', 'up']).command, ['up']);
  assert.equal(parseArguments(['echo', 'up']).action, 'once');
  assert.equal(parseArguments(['--help', 'anything']).action, 'help');
});

test('parseArguments() refuses what makes no sense', () => {
  for (const words of [
    [],
    ['run'],
    ['up', 'now'],
    ['--frob', 'ls'],
    ['--timeout', 'soon', 'ls'],
    ['--timeout', '0', 'ls'],
    ['--timeout'],
    ['--kernel', '5.10', 'ls'],
  ]) {
    assert.throws(() => parseArguments(words), { name: 'LabError' }, words.join(' '));
  }
});
