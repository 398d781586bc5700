import assert from 'node:assert/strict';
import test from 'node:test';
import { errnoName } from '../../src/kernel/errno.ts';
import { targetNamed } from '../../src/targets/index.ts';
import { refusals } from './refusals.ts';

test('problems() refuses what the kernel refuses, with its errno and what would be right', () => {
  for (const { type, params, says, errno = 'EINVAL', length, kernel } of refusals) {
    const circumstances = { ...(length === undefined ? {} : { length }), ...(kernel === undefined ? {} : { kernel }) };
    const [first, ...others] = targetNamed(type).problems(params, circumstances);
    assert.equal(first?.errno === undefined ? undefined : errnoName(first.errno), errno, params);
    assert.match([first, ...others].map((problem) => problem?.message).join('\n'), says, params);
  }
});

test('problems() of a vdo device that cannot be opened is EINVAL, whatever the cause', () => {
  const [first] = targetNamed('vdo').problems('V4 8:1 16384 4096 128 100', { cannotOpen: () => 16 });
  assert.equal(first?.errno, 22);
});

test('problems() of verity comes first when the table is not read-only', () => {
  const [first] = targetNamed('verity').problems('', { readOnly: false });
  assert.match(first?.message ?? '', /must be loaded read-only/);
});

test('problems() gives the errno of the device that is opened before a later word is looked at', () => {
  const circumstances = { cannotOpen: () => 19 };
  assert.equal(targetNamed('multipath').problems('0 0 1 1 round-robin 0 2 0 8:1', circumstances)[0]?.errno, 19);
  assert.equal(targetNamed('pcache').problems('8:1', circumstances)[0]?.errno, 19);
  assert.equal(targetNamed('writecache').problems('s 8:1', circumstances)[0]?.errno, 19);
  assert.equal(targetNamed('raid').problems('raid9 1 0 1 - 8:1', circumstances)[0]?.errno, 22);
  // verity counts its words first.
  assert.equal(targetNamed('verity').problems('1 8:1 8:2', circumstances)[0]?.errno, 22);
});
