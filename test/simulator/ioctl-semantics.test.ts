import assert from 'node:assert/strict';
import test from 'node:test';
import { DM_FLAGS, DmIoctl, DmTargetVersions } from '../../src/kernel/index.ts';
import { CAPTURES, pollText, Replay } from './replay.ts';
import { create, holders, list, lookup, rename, version } from './replay-devices.ts';
import { buffers, loadErrors, tables, withoutTable } from './replay-tables.ts';
import { type Line, probe } from './support.ts';

const zero: Line = [0n, 8n, 'zero', ''];

async function events(r: Replay): Promise<void> {
  r.line('== events');
  using node = r.kernel.openControl();
  const polled = async (label: string, act: () => void): Promise<void> => {
    act();
    r.line(`${label} ${await pollText(node)}`);
    r.ask('DM_DEV_ARM_POLL', {}, node);
  };
  await polled('poll fresh', () => {});
  r.line(`arm ${r.ask('DM_DEV_ARM_POLL', {}, node)}`);
  await polled('poll armed', () => {});
  await polled('after create', () => r.ask('DM_DEV_CREATE', { name: 'e1' }));
  await polled('after remove', () => r.ask('DM_DEV_REMOVE', { name: 'e1' }));
  r.make('e2', [zero]);
  r.ask('DM_DEV_ARM_POLL', {}, node);
  await polled('after suspend', () => r.ask('DM_DEV_SUSPEND', { name: 'e2', flags: DM_FLAGS.SUSPEND }));
  await polled('after resume', () => r.ask('DM_DEV_SUSPEND', { name: 'e2' }));
  await polled('after load', () => r.load('e2', [zero]));
  await polled('after swap', () => r.ask('DM_DEV_SUSPEND', { name: 'e2' }));
  await polled('after rename', () => r.ask('DM_DEV_RENAME', { name: 'e2', payload: Buffer.from('e3\0') }));
  r.step('st', 'DM_DEV_STATUS', { name: 'e3' });
  await polled('after failed remove', () => r.ask('DM_DEV_REMOVE', { name: 'nosuch' }));
  await polled('after clear', () => r.ask('DM_TABLE_CLEAR', { name: 'e3' }));
  await polled('epoll armed idle', () => {});
  r.ask('DM_DEV_REMOVE', { name: 'e3' });
  r.line(`epoll after rm ${await pollText(node)}`);
  r.line(`epoll again (level) ${await pollText(node)}`);
}

async function waits(r: Replay): Promise<void> {
  r.make('w1', [zero]);
  r.step('wait w/ stale ev', 'DM_DEV_WAIT', { name: 'w1', eventNr: 99 });
  const renamed = r.wait('w1', 0);
  r.ask('DM_DEV_RENAME', { name: 'w1', payload: Buffer.from('w2\0') });
  await renamed.ended;
  r.line(renamed.text ?? 'it still waits');
  const removed = r.wait('w2', 1);
  const removal = r.ask('DM_DEV_REMOVE', { name: 'w2' });
  await removed.ended;
  r.line(removed.text ?? 'it still waits');
  r.line(`remove while waiter: ${removal}`);
  r.make('w3', [zero]);
  const waiting = r.wait('w3', 0);
  r.load('w3', [zero]);
  r.ask('DM_DEV_SUSPEND', { name: 'w3' });
  await Promise.resolve();
  // waitpid(2) that has nothing to tell.
  r.line(`   after table swap waiter ${waiting.text ?? '(0, 0)'}`);
  r.skip(['('], 'how a process ends that a signal met in the wait');
  r.ask('DM_DEV_CREATE', { name: 'w4' });
  r.step('wait no table', 'DM_DEV_WAIT', { name: 'w4', eventNr: 99 });
}

function versions(r: Replay): void {
  r.line('== versions');
  const [header, records] = r.versions();
  r.line(header);
  r.line(records);
  const { text, bytes } = probe(r.node, 'DM_GET_TARGET_VERSION', { name: 'linear' });
  const { dataStart, dataSize } = DmIoctl.at(bytes);
  const { next, version: found } = DmTargetVersions.at(bytes, dataStart);
  const name = Buffer.from(bytes.subarray(dataStart + DmTargetVersions.size, dataSize)).toString('latin1');
  r.line(`gtv linear ${text} (${[next, ...found].join(', ')}) b'${name.replaceAll('\0', '\\x00')}'`);
  r.step('gtv unknown', 'DM_GET_TARGET_VERSION', { name: 'nosuch' });
  r.step('gtv small', 'DM_GET_TARGET_VERSION', { name: 'linear', size: 320 });
}

function messages(r: Replay): void {
  r.line('== msg');
  r.make('m1', [[0n, 16n, 'zero', '']]);
  const texts = ['hello', '@unknown', '', ' ', '@stats_create - 8', '@stats_list', '@stats_print 0', '@stats_delete 0'];
  const answers = texts.map((text) => r.message('m1', text));
  answers.push(r.message('m1', 'hello', { sector: 16n }), r.message('m1', 'hello', { dataStart: 300 }));
  r.line(answers.join(' '));
  r.line('== geom');
  for (const text of ['1 2 4 0', '1 2 4', '65536 1 1 0', '1 256 1 0', '1 2 4 9', 'a b c d', '1 2 4 8', '1 2 4 0 x']) {
    const payload = Buffer.from(`${text}\0`);
    r.line(`b'${text}\\x00' ${r.ask('DM_DEV_SET_GEOMETRY', { name: 'm1', payload })}`);
  }
  r.step('remove_all', 'DM_REMOVE_ALL', { eventNr: 66 });
  r.line(`("${r.ask('DM_LIST_DEVICES')}", ${r.list().replace(/^.*dstart=312 /, '')})`);
}

for (const [suffix, release] of CAPTURES) {
  test(`the simulator answers the captured protocol as Linux ${release} did, line by line`, async () => {
    const r = new Replay(`ioctl-semantics-${suffix}.txt`, release);
    r.skip(['BEGIN-PROBE', 'KERNEL '], 'the probe’s own');
    for (const part of [version, create, lookup, withoutTable, loadErrors, tables, holders, rename, list, buffers])
      part(r);
    await events(r);
    await waits(r);
    versions(r);
    messages(r);
    r.end();
    // 251 lines, of which 11 are skipped by name.
    assert.equal(r.matched, 243);
  });
}
