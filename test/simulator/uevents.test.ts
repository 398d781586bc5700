import assert from 'node:assert/strict';
import test from 'node:test';
import { DM_FLAGS } from '../../src/kernel/index.ts';
import { CAPTURES, Replay, repr } from './replay.ts';
import { type Ask, type Line, messagePayload } from './support.ts';

const zero: Line = [0n, 8n, 'zero', ''];
const { STATUS_TABLE, IMA_MEASUREMENT, DEFERRED_REMOVE, SUSPEND, READONLY, UUID } = DM_FLAGS;

/** Collects uevents as the capture's probe did from its netlink socket. */
class Listener {
  readonly #replay: Replay;
  #seen: string[] = [];

  constructor(replay: Replay) {
    this.#replay = replay;
    replay.kernel.onUevent = ({ action, device, keys }) => {
      const words = Object.entries(keys).map(([key, value]) => `${key}=${value}`);
      this.#seen.push(`'${[`${action}@${device}`, ...words].join(' ')}'`);
    };
  }

  /** What came since the last time. */
  drain(label: string): void {
    this.#replay.line(`  UEV ${label} [${this.#seen.join(', ')}]`);
    this.#seen = [];
  }
}

const renaming = (name: string, to: string, more: Ask = {}): Ask => ({
  name,
  payload: Buffer.from(`${to}\0`),
  ...more,
});

function uevents(r: Replay, listener: Listener): void {
  const u1 = { name: 'u1' };
  listener.drain('drain');
  r.line('== uevents');
  r.ask('DM_DEV_CREATE', { name: 'u1', uuid: 'U-1' });
  listener.drain('create');
  r.load('u1', [zero]);
  listener.drain('first load');
  r.step('resume', 'DM_DEV_SUSPEND', { ...u1, eventNr: 0x600333 });
  listener.drain('resume cookie 0x600333');
  r.step('suspend', 'DM_DEV_SUSPEND', { ...u1, flags: SUSPEND });
  listener.drain('suspend');
  r.step('resume', 'DM_DEV_SUSPEND', u1);
  listener.drain('resume no cookie');
  r.load('u1', [[0n, 16n, 'zero', '']]);
  r.ask('DM_DEV_SUSPEND', { ...u1, eventNr: 1365 });
  listener.drain('resize');
  r.load('u1', [[0n, 16n, 'zero', '']], { flags: READONLY });
  listener.drain('load ro');
  r.ask('DM_DEV_SUSPEND', { ...u1, eventNr: 1366 });
  listener.drain('resume ro');
  r.ask('DM_DEV_RENAME', renaming('u1', 'u2', { eventNr: 1638 }));
  listener.drain('rename');
  r.ask('DM_DEV_CREATE', { name: 'u7' });
  r.ask('DM_DEV_RENAME', renaming('u7', 'u8', { eventNr: 1639 }));
  listener.drain('rename no table');
  r.ask('DM_DEV_RENAME', renaming('u8', 'UUX', { flags: UUID, eventNr: 1640 }));
  listener.drain('setuuid no table');
  r.step('rm u8', 'DM_DEV_REMOVE', { name: 'u8', eventNr: 1641 });
  listener.drain('rm never-loaded');
  r.ask('DM_DEV_CREATE', { name: 'u7' });
  r.load('u7', [zero]);
  listener.drain('load u7');
  r.ask('DM_TABLE_CLEAR', { name: 'u7' });
  r.step('rm u7 loaded+cleared', 'DM_DEV_REMOVE', { name: 'u7', eventNr: 1648 });
  listener.drain('rm u7');
  r.step('rm u2', 'DM_DEV_REMOVE', { name: 'u2', eventNr: 6293367 });
  listener.drain('rm u2');
  r.skip(['sysfs: '], 'the simulator has no sysfs');
}

function measurement(r: Replay): void {
  r.line('== IMA/status flags');
  r.make('a', [
    [0n, 8n, 'linear', '1:0 0'],
    [8n, 8n, 'zero', ''],
  ]);
  const table = (label: string, flags: number): void => {
    const { header, targets } = r.table({ name: 'a', flags });
    r.line(`${label} ${/fl=(\S*)/.exec(header)?.[1]} ${targets}`);
  };
  table('IMA', IMA_MEASUREMENT);
  table('STABLE|IMA', STATUS_TABLE | IMA_MEASUREMENT);
  r.skip(["[(0, 16, 'striped'"], 'striped is not modelled');
  // In its place, for the events that it caused.
  r.make('b', [zero]);
  r.ask('DM_DEV_REMOVE', { name: 'b' });
}

function deferred(r: Replay, listener: Listener): void {
  r.line('== deferred by fd');
  const opened = r.kernel.hold('a');
  r.step('rm', 'DM_DEV_REMOVE', { name: 'a' });
  r.step('rm deferred', 'DM_DEV_REMOVE', { name: 'a', flags: DEFERRED_REMOVE, eventNr: 136 });
  listener.drain('deferred mark');
  r.step('status', 'DM_DEV_STATUS', { name: 'a' });
  r.step('create same name while deferred', 'DM_DEV_CREATE', { name: 'a' });
  r.step('rename while deferred', 'DM_DEV_RENAME', renaming('a', 'aa'));
  const aa = { name: 'aa' };
  r.step('suspend deferred', 'DM_DEV_SUSPEND', { ...aa, flags: SUSPEND });
  r.step('resume', 'DM_DEV_SUSPEND', aa);
  r.step('rm non-deferred while deferred+open', 'DM_DEV_REMOVE', aa);
  r.step('status', 'DM_DEV_STATUS', aa);
  opened[Symbol.dispose]();
  r.step('status after close', 'DM_DEV_STATUS', aa);
  listener.drain('after');
}

function removeAll(r: Replay, listener: Listener): void {
  r.line('== remove_all w/ open');
  r.make('b1', [zero]);
  const opened = r.kernel.hold('b1');
  r.make('b2', [zero]);
  listener.drain('x');
  r.step('remove_all', 'DM_REMOVE_ALL', { eventNr: 144 });
  r.step('b1', 'DM_DEV_STATUS', { name: 'b1' });
  r.step('b2', 'DM_DEV_STATUS', { name: 'b2' });
  listener.drain('remove_all');
  r.step('remove_all DEFER', 'DM_REMOVE_ALL', { flags: DEFERRED_REMOVE });
  r.step('b1', 'DM_DEV_STATUS', { name: 'b1' });
  opened[Symbol.dispose]();
  r.step('b1', 'DM_DEV_STATUS', { name: 'b1' });
}

function withoutTable(r: Replay): void {
  r.line('== open w/o table');
  r.ask('DM_DEV_CREATE', { name: 'o1' });
  r.load('o1', [zero]);
  const opened = r.kernel.hold('o1');
  r.skip(['/dev/dm-0'], 'the simulator makes no device nodes');
  const size = (label: string): void => r.line(`${label} ${r.kernel.device('o1').sizeSectors * 512n}`);
  size('opened size');
  r.step('st', 'DM_DEV_STATUS', { name: 'o1' });
  r.step('rm', 'DM_DEV_REMOVE', { name: 'o1' });
  r.ask('DM_DEV_SUSPEND', { name: 'o1' });
  size('size');
  opened[Symbol.dispose]();
  r.step('rm', 'DM_DEV_REMOVE', { name: 'o1' });
}

function limits(r: Replay, listener: Listener): void {
  r.line('== limits fail at resume with live table');
  const l = { name: 'l' };
  const beyond: Line[] = [[0n, 16384n, 'linear', '1:0 0']];
  const table = (): void => r.line(r.table({ ...l, flags: STATUS_TABLE }).targets);
  r.make('l', [zero]);
  r.line(`load beyond: ${r.load('l', beyond)}`);
  r.step('resume', 'DM_DEV_SUSPEND', l);
  r.step('st', 'DM_DEV_STATUS', l);
  table();
  listener.drain('failed resume');
  r.step('resume again', 'DM_DEV_SUSPEND', l);
  table();
  r.line(`load beyond (suspended first): ${r.load('l', beyond)}`);
  r.step('susp', 'DM_DEV_SUSPEND', { ...l, flags: SUSPEND });
  r.step('resume', 'DM_DEV_SUSPEND', l);
  r.step('st', 'DM_DEV_STATUS', l);
  r.step('resume', 'DM_DEV_SUSPEND', l);
  r.step('st', 'DM_DEV_STATUS', l);
  r.ask('DM_DEV_REMOVE', l);
  r.line('== wipe: replace with error table while open');
  r.make('w', [zero]);
  {
    using _opened = r.kernel.hold('w');
    r.load('w', [[0n, 8n, 'error', '']]);
    r.step('resume', 'DM_DEV_SUSPEND', { name: 'w' });
    const { failed } = r.kernel.io({ device: 'w', direction: 'read', sector: 0, sectors: 1, durationNs: 0 });
    r.line(`read ${failed ? '[Errno 5] Input/output error' : 'well'}`);
  }
  r.ask('DM_DEV_REMOVE', { name: 'w' });
}

function words(r: Replay): void {
  r.line('== args');
  r.ask('DM_DEV_CREATE', { name: 'q' });
  const params = ['  /dev/ram0   0  ', '/dev/ram0\\ 0', '/dev/ram0\t0', '/dev/ram0 0x10', '/dev/ram0 010'];
  const numbers = ['-1', '+5', '5abc', '5 ', '99999999999999999999'].map((number) => `/dev/ram0 ${number}`);
  for (const text of [...params, ...numbers]) {
    // So long that only the first load would look whether it fits.
    r.line(`linear ${repr(text)}: ${r.load('q', [[0n, 8n, 'linear', text]])}`);
    r.line(`     ${r.table({ name: 'q', flags: STATUS_TABLE | DM_FLAGS.QUERY_INACTIVE_TABLE }).targets}`);
  }
  r.skipTo('== stats msgs', 'striped is not modelled');
  r.skipTo('== misc msg', 'replayed by stats-messages.test.ts');
  r.ask('DM_DEV_REMOVE', { name: 'q' });
}

function rest(r: Replay): void {
  r.line('== misc msg');
  r.make('mm', [zero]);
  const list = messagePayload('@stats_list');
  r.line(`unterminated ${r.ask('DM_TARGET_MSG', { name: 'mm', payload: list, size: 312 + list.length - 1 })}`);
  r.line(`no payload ${r.ask('DM_TARGET_MSG', { name: 'mm', size: 312 })}`);
  r.line(`stats_list ds332 ${r.ask('DM_TARGET_MSG', { name: 'mm', payload: list, size: 332 })}`);
  r.line(`ws only ${r.message('mm', ' \t')}`);
  r.ask('DM_DEV_REMOVE', { name: 'mm' });
  r.line('== suspend flags');
  r.make('sf', [zero]);
  const flags = SUSPEND | DM_FLAGS.NOFLUSH | DM_FLAGS.SKIP_LOCKFS;
  r.step('NOFLUSH|SKIPLOCK', 'DM_DEV_SUSPEND', { name: 'sf', flags });
  r.step('rm suspended', 'DM_DEV_REMOVE', { name: 'sf' });
  r.line('== list with 130B names ok; create with flags EXIST');
  r.step('LIST after', 'DM_LIST_DEVICES');
  r.line('== caps');
  const unprivileged = r.kernel.openControl({ privileged: false });
  const refused = [r.ask('DM_VERSION', {}, unprivileged), r.ask('DM_LIST_DEVICES', {}, unprivileged)];
  r.line(`VERSION unpriv ${refused.join(' ')}`);
  r.skip(['open [Errno 13]'], 'the simulator has no files');
}

for (const [suffix, release] of CAPTURES) {
  test(`onUevent hears what Linux ${release} sent, and deferred removals come as captured`, () => {
    const r = new Replay(`uevents-deferred-stats-${suffix}.txt`, release);
    const listener = new Listener(r);
    r.skip(['BEGIN-PROBE'], 'the probe’s own');
    uevents(r, listener);
    measurement(r);
    deferred(r, listener);
    removeAll(r, listener);
    withoutTable(r);
    limits(r, listener);
    r.skipTo('== args', 'exclusive opens, read-only disks and the switch target are not modelled');
    words(r);
    rest(r);
    r.end();
    // 150 lines, of which 46 are skipped.
    assert.equal(r.matched, 104);
  });

  test(`open counts, cycles and failed loads come as Linux ${release} had them`, () => {
    const r = new Replay(`cycles-opencount-thinfull-${suffix}.txt`, release);
    r.skip(['BEGIN-PROBE'], 'the probe’s own');
    r.line('== cycles');
    const on = (minor: number): Line => [0n, 8n, 'linear', `254:${minor} 0`];
    r.make('a', [zero]);
    r.line(`a->a: ${r.load('a', [on(0)])}`);
    r.step('st a', 'DM_DEV_STATUS', { name: 'a' });
    r.ask('DM_TABLE_CLEAR', { name: 'a' });
    r.step('st a cleared', 'DM_DEV_STATUS', { name: 'a' });
    r.make('b', [zero]);
    r.line(`a->b load: ${r.load('a', [on(1)])}`);
    r.step('resume a', 'DM_DEV_SUSPEND', { name: 'a' });
    r.line(`b->a load: ${r.load('b', [on(0)])}`);
    r.step('clear b', 'DM_TABLE_CLEAR', { name: 'b' });
    r.ask('DM_REMOVE_ALL');
    r.line('== open_count live+inactive same/different mode');
    r.make('base', [zero]);
    const base = (label: string): void => r.step(label, 'DM_DEV_STATUS', { name: 'base' });
    r.make('t1', [on(0)]);
    base('live');
    r.load('t1', [on(0)]);
    base('live+inactive same mode');
    r.load('t1', [on(0)], { flags: READONLY });
    base('live rw + inactive ro');
    r.make('t2', [on(0)]);
    base('+t2');
    r.line('== load error keeps old inactive');
    r.ask('DM_DEV_CREATE', { name: 'k' });
    r.load('k', [zero]);
    r.line(`bad load: ${r.load('k', [[0n, 8n, 'nosuch', '']])}`);
    r.line(r.table({ name: 'k', flags: STATUS_TABLE | DM_FLAGS.QUERY_INACTIVE_TABLE }).targets);
    r.line('== names');
    r.step('list uuid-prefix with name', 'DM_LIST_DEVICES', { name: 'zz', uuid: 'y' });
    r.ask('DM_REMOVE_ALL');
    r.skipTo('== resume old-table rollback recipe', 'the thin targets are not modelled');
    r.line('== resume old-table rollback recipe');
    r.make('x', [[0n, 64n, 'linear', '/dev/ram0 0']]);
    r.load('x', [[0n, 16384n, 'linear', '/dev/ram0 0']]);
    r.step('resume bad', 'DM_DEV_SUSPEND', { name: 'x' });
    const { header, targets } = r.table({ name: 'x', flags: STATUS_TABLE });
    r.line(`${header.includes('SUSPEND') ? 'True' : 'False'} ${targets}`);
    r.step('resume again', 'DM_DEV_SUSPEND', { name: 'x' });
    r.skip(['== kmsg', "b'3,", "b'3,"], 'the simulator has no log');
    r.end();
    // 43 lines, of which 21 are skipped.
    assert.equal(r.matched, 22);
  });
}
