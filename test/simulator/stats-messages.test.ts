import assert from 'node:assert/strict';
import test from 'node:test';
import { DmIoctl } from '../../src/kernel/index.ts';
import { flagText, golden, messagePayload, oneDevice, probe } from './support.ts';

const CAPTURED = /^(@.*?) \((.*), '([A-Z|]*)'\)$/;

/** Python's `repr` of what the capture's probe got. */
function represent(bytes: Uint8Array, flags: number): string {
  const { dataStart, dataSize } = DmIoctl.at(bytes);
  const shown = flagText(flags);
  if (!shown.includes('DATAOUT')) return `(0, None, '${shown}')`;
  const text = dataSize > dataStart ? Buffer.from(bytes.subarray(dataStart, dataSize - 1)).toString('latin1') : '';
  return `(0, '${text.replaceAll('\n', '\\n')}', '${shown}')`;
}

test('SimulatedControlNode answers every captured statistics message as Linux 6.1 did', () => {
  const { kernel } = oneDevice({}, 1024);
  const node = kernel.openControl();
  let replayed = 0;
  for (const line of golden('stats-messages.txt')) {
    const match = CAPTURED.exec(line);
    if (match === null) continue;
    const message = match[1] as string;
    const { text, bytes } = probe(node, 'DM_TARGET_MSG', { name: 'd', payload: messagePayload(message) });
    const answer = text.startsWith('rc=0') ? represent(bytes, DmIoctl.at(bytes).flags) : `('${text}', None, '')`;
    assert.equal(`${message} ${answer}`, line);
    replayed++;
  }
  assert.equal(replayed, 18);
});

const refusals: readonly [message: string, code: string][] = [
  ['@stats_create', 'EINVAL'],
  ['@stats_create -', 'EINVAL'],
  ['@stats_create 0x10+8 8', 'EINVAL'],
  ['@stats_create 8+0 8', 'EINVAL'],
  ['@stats_create 18446744073709551615+1 8', 'EINVAL'],
  ['@stats_create 0+8 /0', 'EINVAL'],
  ['@stats_create 0+8 0', 'EINVAL'],
  ['@stats_create 0+8 8 1 unknown_option', 'EINVAL'],
  ['@stats_create 0+8 8 2 precise_timestamps', 'EINVAL'],
  ['@stats_create 0+8 8 1 histogram:0', 'EINVAL'],
  ['@stats_create 0+8 8 1 histogram:', 'EINVAL'],
  ['@stats_create 0+8 8 1 histogram:10,10', 'EINVAL'],
  ['@stats_create 0+8 8 1 histogram:20,10', 'EINVAL'],
  ['@stats_create 0+8 8 1 histogram:10,20,', 'EINVAL'],
  ['@stats_create 0+8 8 2 histogram:10 histogram:20', 'EINVAL'],
  ['@stats_create 0+8 8 prog aux more', 'EINVAL'],
  ['@stats_delete', 'EINVAL'],
  ['@stats_delete -1', 'EINVAL'],
  ['@stats_delete 0x', 'EINVAL'],
  ['@stats_delete 0 1', 'EINVAL'],
  ['@stats_delete 7', 'ENOENT'],
  ['@stats_clear 7', 'ENOENT'],
  ['@stats_print 7', 'ENOENT'],
  ['@stats_print 0 1', 'EINVAL'],
  ['@stats_print 0 1 2 3', 'EINVAL'],
  ['@stats_print_clear x', 'EINVAL'],
  ['@stats_set_aux 7 a', 'ENOENT'],
  ['@stats_set_aux 7', 'EINVAL'],
  ['@stats_set_aux 7 a b', 'EINVAL'],
  ['@stats_list a b', 'EINVAL'],
  ['@unknown', 'EINVAL'],
  ['to the target', 'EINVAL'],
  [' ', 'EINVAL'],
];

test('message() refuses what the kernel refuses', () => {
  const { kernel } = oneDevice();
  for (const [message, code] of refusals) {
    assert.throws(() => kernel.message('d', message), { name: 'SystemError', code }, message);
  }
  assert.equal(kernel.message('d', '@stats_list'), '');
});

test('@stats_create gives the lowest free id and takes the grammar’s odd forms', () => {
  const { kernel } = oneDevice({}, 1024);
  const create = (rest: string): string | undefined => kernel.message('d', `@STATS_Create ${rest}`);
  assert.equal(create('0+100 /200'), '0');
  // A numeric word behind the step is the count of options, so a numeric program needs a 0 before it.
  assert.equal(create('0+8 8 0 5'), '1');
  assert.equal(create('18446744073709551000+615 8'), '2');
  assert.equal(create('0+20480 6144 2 PRECISE_timestamps Histogram:1,18446744073709551615 p\\ q a\\\\\\ b'), '3');
  kernel.message('d', '@stats_delete 1');
  assert.equal(create('- /1 prog'), '1');
  assert.equal(
    kernel.message('d', '@stats_list'),
    '0: 0+100 1 - -\n' +
      '1: 0+1024 1024 prog -\n' +
      '2: 18446744073709551000+615 8 - -\n' +
      '3: 0+20480 6144 p q a\\ b precise_timestamps histogram:1,18446744073709551615\n',
  );
  assert.equal(kernel.message('d', '@stats_list p\\ q')?.startsWith('3: '), true);
  assert.equal(kernel.message('d', '@stats_list prog'), '1: 0+1024 1024 prog -\n');
  // The length printed is always the step, also where the region ends before.
  const zeros = `${' 0'.repeat(13)} 0:0:0\n`;
  assert.equal(kernel.message('d', '@stats_print 3 3 5'), `18432+6144${zeros}`);
  assert.equal(kernel.message('d', '@stats_print 3 4 -'), '');
  assert.equal(kernel.message('d', '@stats_print 3 - 1'), `0+6144${zeros}`);
});

test('@stats_set_aux stores bytes as they came', () => {
  const { kernel } = oneDevice({}, 8);
  const node = kernel.openControl();
  const ask = (message: string): Uint8Array =>
    probe(node, 'DM_TARGET_MSG', { name: 'd', payload: messagePayload(message) }).bytes;
  ask('@stats_create - /1');
  ask('@stats_set_aux 0 \xff\\\xa0\xc3');
  const bytes = ask('@stats_list');
  assert.equal(
    Buffer.from(bytes.subarray(312, DmIoctl.at(bytes).dataSize)).toString('latin1'),
    '0: 0+8 8 - \xff\xa0\xc3\n\0',
  );
});

test('@stats_create is limited by number on 6.12 and by memory on both', () => {
  const old = oneDevice({ kernel: '6.1' }).kernel;
  const young = oneDevice({ kernel: '6.12' }).kernel;
  assert.throws(() => old.message('d', '@stats_create 0+8388609 1'), { code: 'ENOMEM' });
  assert.throws(() => young.message('d', '@stats_create 0+8388609 1'), { code: 'EOVERFLOW' });
  const bounds = Array.from({ length: 200 }, (_, index) => index + 1).join(',');
  assert.throws(() => young.message('d', `@stats_create 0+1000000 1 1 histogram:${bounds}`), { code: 'EOVERFLOW' });
  assert.throws(() => old.message('d', '@stats_create 0+18446744073709551615 1'), { code: 'EOVERFLOW' });
});

test('statsMemory counts what was measured on a kernel with two CPUs', () => {
  const { kernel, device } = oneDevice();
  const cost = (message: string): number => {
    const before = kernel.statsMemory.usedBytes;
    kernel.message('d', message);
    return kernel.statsMemory.usedBytes - before;
  };
  assert.equal(cost('@stats_create 0+1000 /1'), 65_992);
  assert.equal(cost('@stats_create 0+1000 1'), 393_664);
  assert.equal(cost('@stats_create 0+1000 1 1 histogram:1,2,3,4'), 393_664 + 120_000);
  kernel.message('d', '@stats_delete 1');
  kernel.removeDevice(device.number);
  assert.equal(kernel.statsMemory.usedBytes, 0);
});

test('@stats_print_clear clears nothing when its answer is full', () => {
  const { kernel } = oneDevice({}, 8);
  const node = kernel.openControl();
  kernel.message('d', '@stats_create - /1');
  kernel.io({ device: 'd', direction: 'read', sector: 0, sectors: 8, durationNs: 0 });
  const printed = '0+8 1 0 8 0 0 0 0 0 0 0 0 0 0\n';
  // The room must be more than the text and its NUL: `strlen + 1 >= maxlen` is full.
  const ask = (room: number) =>
    probe(node, 'DM_TARGET_MSG', { name: 'd', payload: messagePayload('@stats_print_clear 0'), size: 312 + room });
  const { text, bytes } = ask(printed.length + 1);
  assert.match(text, /fl=ACTIVE\|BUFFULL\|DATAOUT .* dsize=305 dstart=312/);
  assert.equal(bytes[320], '@'.charCodeAt(0));
  assert.equal(kernel.message('d', '@stats_print 0'), printed);
  assert.match(ask(printed.length + 2).text, new RegExp(`fl=ACTIVE\\|DATAOUT .* dsize=${312 + printed.length + 1} `));
  assert.equal(kernel.message('d', '@stats_print 0'), '0+8 0 0 0 0 0 0 0 0 0 0 0 0 0\n');
});
