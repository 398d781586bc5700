/** What the probe did to tables, in its order; see `ioctl-semantics.test.ts`. */
import { DM_FLAGS, type DmCommand, DmIoctl } from '../../src/kernel/index.ts';
import type { Replay } from './replay.ts';
import { type Ask, type Line, probe, tablePayload } from './support.ts';

const d1 = { name: 'd1' };
const zero: Line = [0n, 8n, 'zero', ''];

export function withoutTable(r: Replay): void {
  r.line('== no table ops on d1');
  r.step('resume d1 no table', 'DM_DEV_SUSPEND', d1);
  r.step('suspend d1', 'DM_DEV_SUSPEND', { ...d1, flags: DM_FLAGS.SUSPEND });
  r.step('suspend again', 'DM_DEV_SUSPEND', { ...d1, flags: DM_FLAGS.SUSPEND });
  r.step('resume d1 no table after suspend', 'DM_DEV_SUSPEND', d1);
  r.step('status', 'DM_DEV_STATUS', d1);
  r.step('deps', 'DM_TABLE_DEPS', d1);
  r.step('tstatus', 'DM_TABLE_STATUS', d1);
  r.step('tstatus STATUS_TABLE', 'DM_TABLE_STATUS', { ...d1, flags: DM_FLAGS.STATUS_TABLE });
  r.step('clear', 'DM_TABLE_CLEAR', d1);
  const messages = ['hello', '@stats_list', '@cancel_deferred_remove', '@unknown', ''];
  r.line(`msg no table ${messages.map((text) => r.message('d1', text)).join(' ')}`);
  r.step('geom no table', 'DM_DEV_SET_GEOMETRY', { ...d1, payload: Buffer.from('1 2 4 0\0') });
}

export function loadErrors(r: Replay): void {
  r.line('== load errors');
  const load = (label: string, lines: readonly Line[], more: Ask = {}): void =>
    r.line(`${label}: ${r.load('d1', lines, more)}`);
  load('load 0 targets', []);
  r.step('tc=1 no payload', 'DM_TABLE_LOAD', { ...d1, targetCount: 1, size: 312 });
  r.step('tc=1 no payload 16k', 'DM_TABLE_LOAD', { ...d1, targetCount: 1 });
  load('load len0', [[0n, 0n, 'zero', '']]);
  load('load gap', [[1n, 8n, 'zero', '']]);
  load('load gap2', [zero, [9n, 8n, 'zero', '']]);
  load('load overlap', [zero, [7n, 8n, 'zero', '']]);
  load('load unknown', [[0n, 8n, 'nosuch', '']]);
  load('load bad linear args', [[0n, 8n, 'linear', '/dev/ram0']]);
  load('load nonexist dev', [[0n, 8n, 'linear', '/dev/nonexist 0']]);
  load('load bad off', [[0n, 8n, 'linear', '/dev/ram0 x']]);
  load('load maj:min nonexist', [[0n, 8n, 'linear', '200:5 0']]);
  load('load maj:min overflow', [[0n, 8n, 'linear', '99999:0 0']]);
  load('load beyond end', [[0n, 16384n, 'linear', '/dev/ram0 0']]);
  r.skip(['load non-bdev'], 'the simulator knows no path but those of disks');
  load('load self', [[0n, 8n, 'linear', '254:0 0']]);
  load('load start overflow', [[2n ** 64n - 4n, 8n, 'zero', '']]);
  load('load len huge', [[0n, 2n ** 60n, 'zero', '']]);
  load('load zero args', [[0n, 8n, 'zero', 'x']]);
  const pool = '/dev/ram0 /dev/ram1 128 0';
  load('load singleton twice', [
    [0n, 1024n, 'thin-pool', pool],
    [1024n, 8n, 'zero', ''],
  ]);
  load('load type16', [[0n, 8n, 'abcdefghijklmnop', '']]);
  load('tc huge', [zero], { targetCount: 2 ** 20 + 1 });
  // 40 bytes of the first one, its NUL, and three to a place that is a multiple of 4 only.
  const first = tablePayload([[0n, 8n, 'zero', '', 44]]).subarray(0, 44);
  const unaligned = Buffer.concat([first, tablePayload([[8n, 8n, 'zero', '']])]);
  r.step('unaligned next', 'DM_TABLE_LOAD', { ...d1, targetCount: 2, payload: unaligned });
  r.step('clear', 'DM_TABLE_CLEAR', d1);
  load('next<40 overlap', [
    [0n, 8n, 'zero', '', 16],
    [8n, 8n, 'zero', ''],
  ]);
  r.step('clear', 'DM_TABLE_CLEAR', d1);
  load('next 0 for last', [[0n, 8n, 'zero', '', 0]]);
}

export function tables(r: Replay): void {
  const { QUERY_INACTIVE_TABLE, STATUS_TABLE, READONLY, SUSPEND, NOFLUSH } = DM_FLAGS;
  const status = (flags = 0, label = 'status'): void => r.step(label, 'DM_DEV_STATUS', { ...d1, flags });
  const table = (label: string, flags: number): void => {
    const { header, targets } = r.table({ ...d1, flags: STATUS_TABLE | flags });
    r.line(`tstatus ${label} ${header} ${targets}`);
  };
  r.skip(['node after first load'], 'the simulator makes no device nodes');
  status();
  status(QUERY_INACTIVE_TABLE, 'status QINACT');
  table('live', 0);
  table('inactive', QUERY_INACTIVE_TABLE);
  r.line(`load again RO: ${r.load('d1', [zero], { flags: READONLY })}`);
  status();
  status(QUERY_INACTIVE_TABLE, 'status QINACT');
  r.step('clear', 'DM_TABLE_CLEAR', d1);
  r.line(`load linear ram0 RO flag: ${r.load('d1', [[0n, 8n, 'linear', '/dev/ram0 0']], { flags: READONLY })}`);
  r.step('resume w/ cookie', 'DM_DEV_SUSPEND', { ...d1, eventNr: 0x600111 });
  status();
  table('live', 0);
  r.step('resume again (no inactive)', 'DM_DEV_SUSPEND', d1);
  r.line(`reload rw: ${r.load('d1', [[0n, 16n, 'linear', '/dev/ram0 0']])}`);
  r.step('suspend', 'DM_DEV_SUSPEND', { ...d1, flags: SUSPEND });
  r.step('resume', 'DM_DEV_SUSPEND', d1);
  status();
  r.line(`load+resume w/o suspend: ${r.load('d1', [[0n, 32n, 'linear', '/dev/ram0 0']])}`);
  r.step('resume', 'DM_DEV_SUSPEND', d1);
  r.line(`size ${r.kernel.device('d1').sizeSectors}`);
  r.step('load during suspended + clear', 'DM_DEV_SUSPEND', { ...d1, flags: SUSPEND | NOFLUSH });
  r.load('d1', [zero]);
  r.ask('DM_TABLE_CLEAR', d1);
  r.step('resume plain', 'DM_DEV_SUSPEND', d1);
}

export function buffers(r: Replay): void {
  r.line('== status buffer');
  const header = (command: DmCommand, ask: Ask): { flags: string; size: number; count: number } => {
    const { text, bytes } = probe(r.node, command, ask);
    const { dataSize, targetCount } = DmIoctl.at(bytes);
    return { flags: /fl=(\S*)/.exec(text)?.[1] ?? text, size: dataSize, count: targetCount };
  };
  const status = (label: string, name: string, size: number): void => {
    const { flags, size: used, count } = header('DM_TABLE_STATUS', { name, size, flags: DM_FLAGS.STATUS_TABLE });
    r.line(`${label}tstatus size ${size} ${flags} ${used} ${count}`);
  };
  for (const size of [305, 312, 313, 351, 352, 353, 354, 359, 360, 361, 368, 376, 400]) status('', 'r3', size);
  r.make('l1', [
    [0n, 8n, 'linear', '1:0 0'],
    [8n, 8n, 'zero', ''],
  ]);
  for (const size of [352, 408]) status('l1 ', 'l1', size);
  const { targets, bytes } = r.table({ name: 'l1', flags: DM_FLAGS.STATUS_TABLE });
  r.line(`${targets} ${DmIoctl.at(bytes).dataSize}`);
  r.ask('DM_DEV_REMOVE', { name: 'l1' });
  for (const size of [312, 313, 319, 320, 327, 328]) {
    const { flags, size: used } = header('DM_TABLE_DEPS', { name: 'r3', size });
    r.line(`deps(zero) size ${size} ${flags} ${used}`);
  }
  const { BUFFER_FULL, UEVENT_GENERATED, DATA_OUT, SKIP_LOCKFS, NOFLUSH, DEFERRED_REMOVE, IMA_MEASUREMENT } = DM_FLAGS;
  const outputs = BUFFER_FULL | UEVENT_GENERATED | DATA_OUT | DM_FLAGS.SUSPEND | DM_FLAGS.INTERNAL_SUSPEND;
  const echoed = SKIP_LOCKFS | NOFLUSH | DEFERRED_REMOVE | IMA_MEASUREMENT;
  r.step('bufful flag in', 'DM_DEV_STATUS', { name: 'r3', flags: outputs | echoed });
}
