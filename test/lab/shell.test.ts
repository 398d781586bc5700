import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { agentCall, commandScript, quote } from '../../lab/shell.ts';

const awkward = ['a b', "it's", 'new\nline', "'\n'", '$HOME', '`x`', '"q"', '\\n', "$'", '', 'ü'];

test('quote() makes a word of one line that a shell reads back', () => {
  const line = awkward.map(quote).join(' ');
  assert.ok(!line.includes('\n'));
  const output = execFileSync('bash', ['-c', `printf '%s\\0' ${line}`], { encoding: 'utf8' });
  assert.deepEqual(output.split('\0').slice(0, -1), awkward);
});

test('agentCall() survives a command quoted twice', () => {
  const script = commandScript(['printf', '%s\\0', ...awkward], '/', { A: "b'c\n" });
  const line = agentCall('run', 'nonce', script);
  assert.equal(line.indexOf('\n'), line.length - 1);
  const output = execFileSync('bash', ['-c', `run() { bash -c "$2"; }; ${line}`], { encoding: 'utf8' });
  assert.deepEqual(output.split('\0').slice(0, -1), awkward);
});

test('commandScript() leaves nothing of the environment but what is given', () => {
  const script = commandScript(['/usr/bin/env'], '/', { A: '1', B: 'x y' });
  assert.equal(execFileSync('sh', ['-c', script], { encoding: 'utf8' }), 'A=1\nB=x y\n');
});
