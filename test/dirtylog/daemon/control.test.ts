import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { askServer, type ControlRequest, listenForControl } from '../../../src/dirtylog/daemon/control.ts';
import { UsageError } from '../../../src/mapper/errors.ts';

function socketPath(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'dmlogd-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return join(folder, 'control');
}

async function all(lines: AsyncIterable<unknown>): Promise<unknown[]> {
  const values: unknown[] = [];
  for await (const value of lines) values.push(value);
  return values;
}

test('askServer() gets the lines of the answer, through a socket that is its owner’s alone', async (t) => {
  const path = socketPath(t);
  const asked: ControlRequest[] = [];
  await using _server = await listenForControl(path, async (request, answer) => {
    asked.push(request);
    answer.send({ one: 1 });
    answer.send({ two: 2 });
    answer.end();
  });
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.deepEqual(await all(askServer(path, { command: 'status' })), [{ one: 1 }, { two: 2 }]);
  assert.deepEqual(asked, [{ command: 'status' }]);
});

test('askServer() throws what the server refuses with, and goes on serving others', async (t) => {
  const path = socketPath(t);
  await using _server = await listenForControl(path, async () => {
    throw new UsageError('a rate of 0 is none');
  });
  for (let time = 0; time < 2; time++) {
    await assert.rejects(all(askServer(path, { command: 'status' })), new UsageError('a rate of 0 is none'));
  }
});

test('askServer() says that no server runs', async (t) => {
  const path = socketPath(t);
  const error = new UsageError(`dmlogd does not run: nobody listens on ${path}`);
  await assert.rejects(all(askServer(path, { command: 'status' })), error);
});

test('listenForControl() tells when a listener leaves', async (t) => {
  const path = socketPath(t);
  let leave: () => void = () => {};
  const left = new Promise<void>((resolve) => {
    leave = resolve;
  });
  await using _server = await listenForControl(path, async (_request, answer) => {
    answer.onLeave(leave);
    answer.send({ type: 'listening' });
  });
  for await (const _ of askServer(path, { command: 'events' })) break;
  await left;
});
