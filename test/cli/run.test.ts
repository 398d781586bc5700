import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { isExpected, lineOf } from '../../src/cli/run.ts';
import { UsageError } from '../../src/mapper/errors.ts';

/** What a call of Node's throws. */
function thrown(call: () => unknown): Error {
  try {
    call();
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error('nothing was thrown');
}

test('lineOf() says what Node does not: who may', () => {
  const denied = Object.assign(new Error("EACCES: permission denied, mkdir '/run/x'"), {
    code: 'EACCES',
    syscall: 'mkdir',
  });
  assert.equal(lineOf(denied, false), "EACCES: permission denied, mkdir '/run/x'; run as root");
  assert.equal(lineOf(denied, true), denied.message, 'root has nothing more');
  const absent = thrown(() => readFileSync('/nowhere/at all'));
  assert.ok(isExpected(absent));
  assert.equal(lineOf(absent, false), absent.message, 'rights are not what is wanting');
  assert.equal(
    lineOf(
      thrown(() => mkdirSync('/proc/\u001b[31m')),
      true,
    ).includes('\u001b'),
    false,
    'one that drives no terminal',
  );
  assert.equal(lineOf(new UsageError('a b'), false), 'a b');
});
