import assert from 'node:assert/strict';
import test from 'node:test';
import { main } from '../../src/cli/devicemapper.ts';
import { UsageError } from '../../src/mapper/errors.ts';

async function run(...words: readonly string[]): Promise<[status: number, stdout: string, stderr: string]> {
  let stdout = '';
  let stderr = '';
  const status = await main(words, {
    stdout: { write: (text: string) => (stdout += text) },
    stderr: { write: (text: string) => (stderr += text) },
  });
  return [status, stdout, stderr];
}

test('devicemapper --help names the commands', async () => {
  const [status, stdout, stderr] = await run('--help');
  assert.equal(status, 0);
  assert.match(stdout, /dmstats.*dmfilemapd/s);
  assert.deepEqual(await run(), [1, '', stdout]);
  assert.equal(stderr, '');
});

test('devicemapper --version tells the package’s', async () => {
  const [status, stdout] = await run('--version');
  assert.equal(status, 0);
  assert.match(stdout, /^devicemapper \d+\.\d+\.\d+/);
});

test('devicemapper names the commands that there are', async () => {
  for (const word of ['frobnicate', 'constructor']) {
    await assert.rejects(
      run(word),
      (error) => error instanceof UsageError && error.message.includes('dmstats, dmfilemapd'),
    );
  }
});
