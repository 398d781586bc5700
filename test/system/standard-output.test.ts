import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';

const LIBC = new URL('../../src/system/libc.js', import.meta.url).href;
const STANDARD_OUTPUT = new URL('../../src/system/standard-output.js', import.meta.url).href;

const program = (code: string): string[] => [
  '--input-type=module',
  '-e',
  `import { standardOutput } from ${JSON.stringify(STANDARD_OUTPUT)}; import { fcntl } from ${JSON.stringify(LIBC)}; ${code}`,
];

test('standardOutput.write() writes all of a text, and loads no stream for it', () => {
  const { stdout, status } = spawnSync(
    process.execPath,
    program(`
      standardOutput.write('é'.repeat(100_000));
      process.exitCode = process.moduleLoadList.includes('NativeModule net') ? 3 : 0;
    `),
    { encoding: 'utf8' },
  );
  assert.equal(stdout, 'é'.repeat(100_000));
  assert.equal(status, 0);
});

test('standardOutput.write() waits for the reader of a pipe that does not block, and keeps the order', async () => {
  const child = spawn(
    process.execPath,
    // F_SETFL, O_NONBLOCK
    program(`fcntl(1, 4, 2048, 'F_SETFL'); standardOutput.write('a'.repeat(3_000_000)); standardOutput.write('end');`),
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  // Nobody reads before the pipe is full.
  await setTimeout(200);
  let text = '';
  for await (const chunk of child.stdout.setEncoding('utf8')) text += chunk;
  assert.equal(text, `${'a'.repeat(3_000_000)}end`);
});

test('standardOutput.write() ends the process, as a success, when the reader has left', () => {
  const words = program(`for (let line = 0; line < 1e6; line++) standardOutput.write('line of some length\\n');`);
  const script = 'set -o pipefail; "$@" | head -n 1';
  const { stdout, status } = spawnSync('bash', ['-c', script, 'bash', process.execPath, ...words], {
    encoding: 'utf8',
  });
  assert.equal(stdout, 'line of some length\n');
  assert.equal(status, 0);
});

test('standardOutput.write() ends the process, as a failure, when there is no room', () => {
  const words = program(`standardOutput.write('text'); process.exitCode = 3;`);
  const { status } = spawnSync('bash', ['-c', '"$@" > /dev/full', 'bash', process.execPath, ...words]);
  assert.equal(status, 1);
});
