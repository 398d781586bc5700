import assert from 'node:assert/strict';
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { AsyncWrites } from '../../src/system/async-writes.ts';
import { Poll } from '../../src/system/poll.ts';

const LIMIT_MS = 10_000;

function opened(): AsyncWrites {
  const writes = AsyncWrites.open();
  assert.ok(writes !== undefined, 'the machine has the calls, and contexts to spare');
  return writes;
}

function file(t: TestContext, flags: string): { readonly path: string; readonly fd: number } {
  const folder = mkdtempSync(join(tmpdir(), 'async-writes-'));
  const path = join(folder, 'file');
  closeSync(openSync(path, 'w'));
  const fd = openSync(path, flags);
  t.after(() => {
    closeSync(fd);
    rmSync(folder, { recursive: true });
  });
  return { path, fd };
}

/** Waits as a server does, until nothing is under way. */
function finish(writes: AsyncWrites): void {
  const poll = new Poll([writes.fd]);
  const endMs = performance.now() + LIMIT_MS;
  while (!writes.isIdle) {
    assert.ok(performance.now() < endMs, 'a write does not end');
    if (poll.wait(LIMIT_MS)) writes.reap();
  }
}

test('AsyncWrites.write() copies the bytes to their place, and reap() tells of the end', (t) => {
  const writes = opened();
  const { path, fd } = file(t, 'r+');
  const ends: (Error | undefined)[] = [];
  const bytes = new Uint8Array(4096).fill(1);
  assert.ok(writes.write(fd, 0, bytes, (error) => ends.push(error)));
  bytes.fill(2);
  assert.ok(writes.write(fd, 4096, bytes.subarray(0, 512), (error) => ends.push(error)));
  assert.deepEqual(ends, [], 'nobody hears of it before');
  finish(writes);
  assert.deepEqual(ends, [undefined, undefined]);
  const written = readFileSync(path);
  assert.equal(written.length, 4608);
  assert.ok(written.subarray(0, 4096).every((byte) => byte === 1));
  assert.ok(written.subarray(4096).every((byte) => byte === 2));
});

test('AsyncWrites.write() reaches places beyond 4 GiB', (t) => {
  const writes = opened();
  const { path, fd } = file(t, 'r+');
  const at = 3 * 2 ** 32 + 512;
  assert.ok(writes.write(fd, at, new Uint8Array(512).fill(7), () => {}));
  finish(writes);
  assert.equal(statSync(path).size, at + 512);
});

test('AsyncWrites.write() says no for a descriptor that cannot be written, and keeps no room for it', (t) => {
  const writes = opened();
  const { fd } = file(t, 'r');
  for (let count = 0; count < 100; count++) {
    assert.equal(
      writes.write(fd, 0, new Uint8Array(512), () => assert.fail()),
      false,
    );
  }
  assert.ok(writes.isIdle);
});

test('AsyncWrites takes a new write from who hears of an end', (t) => {
  const writes = opened();
  const { path, fd } = file(t, 'r+');
  let left = 200;
  const again = (error: Error | undefined): void => {
    assert.equal(error, undefined);
    if (--left > 0) assert.ok(writes.write(fd, 512 * left, new Uint8Array(512).fill(left), again));
  };
  assert.ok(writes.write(fd, 512 * left, new Uint8Array(512).fill(left), again));
  finish(writes);
  assert.equal(left, 0);
  const written = readFileSync(path);
  assert.deepEqual([written[512], written[512 * 200]], [1, 200]);
});
