import assert from 'node:assert/strict';
import test from 'node:test';
import { resyncChange } from '../../src/cli/dmlogd/resync.ts';
import { main } from '../../src/cli/dmlogd.ts';
import { UsageError } from '../../src/mapper/errors.ts';

async function run(...argv: string[]): Promise<{ status: number; output: string }> {
  let output = '';
  const stream = {
    write(text: string) {
      output += text;
      return true;
    },
  };
  const status = await main(argv, { stdout: stream, stderr: stream });
  return { status, output };
}

test('dmlogd check tells each rule, and all hold', async () => {
  const { status, output } = await run('check');
  assert.equal(status, 0);
  assert.ok(output.split('\n').filter((line) => line.startsWith('holds: ')).length > 10);
  assert.doesNotMatch(output, /BROKEN/);
});

test('dmlogd refuses commands and words that it does not know', async () => {
  await assert.rejects(run('start'), /^UsageError: dmlogd: no command "start"; one of serve, status/);
  await assert.rejects(run('status', '--yaml'), new UsageError('"--yaml" is not known here'));
  await assert.rejects(run('serve', '--state'), new UsageError('--state needs a folder'));
  assert.equal((await run()).status, 1);
});

test('resyncChange() reads what is to be changed', () => {
  assert.deepEqual(resyncChange(['pause']), { paused: true });
  assert.deepEqual(resyncChange(['resume']), { paused: false });
  assert.deepEqual(resyncChange(['rate', '1048576']), { bytesPerSecond: 1_048_576 });
  assert.deepEqual(resyncChange(['rate', 'none']), { bytesPerSecond: null });
  assert.deepEqual(resyncChange(['order', 'byHeat']), { order: 'byHeat' });
});

test('resyncChange() refuses other words', () => {
  for (const words of [[], ['stop'], ['rate'], ['rate', '0'], ['rate', '1e9'], ['pause', 'now'], ['order', 'random']]) {
    assert.throws(() => resyncChange(words), UsageError, words.join(' '));
  }
});
