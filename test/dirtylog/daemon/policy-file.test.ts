import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'node:test';
import { policyFileFault, readPolicy } from '../../../src/dirtylog/daemon/policy-file.ts';
import { UsageError } from '../../../src/mapper/errors.ts';

test('policyFileFault() takes a file that only root and the server’s user can write', () => {
  const file = { isFile: true, uid: 0, mode: 0o100644 };
  assert.equal(policyFileFault(file, 0), undefined);
  assert.equal(policyFileFault(file, 1000), undefined);
  assert.equal(policyFileFault({ ...file, uid: 1000, mode: 0o100755 }, 1000), undefined);
  assert.match(policyFileFault({ ...file, uid: 1000 }, 0) ?? '', /^it belongs to user 1000: it must belong to root/);
  assert.match(policyFileFault({ ...file, mode: 0o100664 }, 0) ?? '', /its mode is 0664: chmod go-w$/);
  assert.match(policyFileFault({ ...file, mode: 0o100646 }, 0) ?? '', /its mode is 0646: chmod go-w$/);
  assert.equal(policyFileFault({ ...file, isFile: false }, 0), 'it is no regular file');
});

test('readPolicy() has the text of a module that loads, and refuses others naming the file', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'policy-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'policy.mjs');
  const text = 'export default () => "wait";\n';
  writeFileSync(path, text, { mode: 0o600 });
  assert.deepEqual(await readPolicy(path), { path, text });
  chmodSync(path, 0o602);
  await assert.rejects(
    readPolicy(path),
    new UsageError(`policy ${path}: others may write it, its mode is 0602: chmod go-w`),
  );
  chmodSync(path, 0o600);
  writeFileSync(path, 'export default 3;');
  await assert.rejects(readPolicy(path), (error: unknown) => {
    assert.ok(error instanceof UsageError);
    assert.ok(error.message.startsWith(`policy ${path}: it has no function as its default export: expected a module`));
    return true;
  });
  await assert.rejects(readPolicy(folder), new UsageError(`policy ${folder}: it is no regular file`));
  const none = join(folder, 'none');
  const reason = `it cannot be read: ENOENT: no such file or directory, open '${none}'`;
  await assert.rejects(readPolicy(none), new UsageError(`policy ${none}: ${reason}`));
});
