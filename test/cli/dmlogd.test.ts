import assert from 'node:assert/strict';
import test from 'node:test';
import { sectorLines } from '../../src/cli/dmlogd/changed.ts';
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

test('dmlogd has its help behind a command too, which the words of a server that is checked are not', async () => {
  for (const words of [['--help'], ['-h'], ['help'], ['status', '-h'], ['resync', 'rate', '--help']]) {
    const { status, output } = await run(...words);
    assert.equal(status, 0);
    assert.match(output, /^Usage: dmlogd /);
  }
  await assert.rejects(run('check', '/nowhere', '--help'), /the server cannot be started/);
});

test('resyncChange() reads what is to be changed', () => {
  assert.deepEqual(resyncChange(['pause']), { paused: true });
  assert.deepEqual(resyncChange(['resume']), { paused: false });
  assert.deepEqual(resyncChange(['rate', '1048576']), { bytesPerSecond: 1_048_576 });
  assert.deepEqual(resyncChange(['rate', 'none']), { bytesPerSecond: null });
  assert.deepEqual(resyncChange(['order', 'byHeat']), { order: 'byHeat' });
  assert.deepEqual(resyncChange(['first', '7,10-20']), {
    first: [
      { first: 7, last: 7 },
      { first: 10, last: 20 },
    ],
  });
  assert.deepEqual(resyncChange(['first', 'none']), { first: [] });
  assert.deepEqual(resyncChange(['window', '22:00-06:30']), { windows: [{ fromMinute: 1320, toMinute: 390 }] });
  assert.equal(resyncChange(['reset']), null);
});

test('resyncChange() refuses other words', () => {
  const wrong =
    'stop|rate|rate 0|rate 1e9|pause now|order random|first|first 5-4|first a|first 1,|window 8:00-9:00|window 24:00-01:00|' +
    'window 08:60-09:00|window 08:00-08:00|reset all';
  for (const words of [[], ...wrong.split('|').map((text) => text.split(' '))]) {
    assert.throws(() => resyncChange(words), UsageError, words.join(' '));
  }
});

test('dmlogd names what is missing in one line', async () => {
  for (const [argv, message] of [
    [['changed'], 'changed: changed --since EPOCH [--mirror NAME] [--json]'],
    [['changed', '--since'], '--since needs an epoch, as "dmlogd epoch" has printed it'],
    [['changed', '--since', 'yesterday'], '"yesterday" is no epoch: "dmlogd epoch" prints one'],
    [['heat', '--mirror'], '--mirror needs a device or the uuid of a log'],
    [['resync', 'first', '1'], 'resync first is about one mirror: name it with --mirror'],
    [['resync', 'reset'], 'resync reset is about one mirror: name it with --mirror'],
    [['metrics', '--format', 'xml'], 'Invalid --format argument "xml": prometheus or openmetrics'],
    [['serve', '--policy', '--daemon'], '--policy needs the file of a module'],
    [['check', '--state', '/x'], '"--state" is not known here'],
    [['resync', 'rate', '1M'], '"1M" is no rate: bytes a second, such as 10485760, or none'],
    [['resync', 'order', 'x'], '"x" is no order: one of default, inOrder, byHeat'],
    [['replay', '/'], 'the trace / cannot be read: EISDIR: illegal operation on a directory, read'],
    [['trace'], 'trace: trace --record FILE'],
    [['replay'], 'replay: replay FILE'],
    [['status', '--state', '/nowhere'], 'dmlogd does not run: nobody listens on /nowhere/control'],
  ] as const) {
    await assert.rejects(run(...argv), new UsageError(message));
  }
});

test('sectorLines() ends the last range where the mirror ends', () => {
  const mirror = { uuid: 'a\n', devices: [], regions: 3, regionSectors: 8, lengthSectors: 20, unknown: undefined };
  const changed = [
    [0, 0],
    [1, 2],
  ] as const;
  assert.equal(sectorLines({ ...mirror, changed }), 'a\\x0a 0 8\na\\x0a 8 12\n');
});
