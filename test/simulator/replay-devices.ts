/** What the probe did to devices, in its order; see `ioctl-semantics.test.ts`. */
import { DM_FLAGS, type DmCommand, DmIoctl } from '../../src/kernel/index.ts';
import { dev, type Replay, repr } from './replay.ts';
import { type Ask, type Line, probe } from './support.ts';

const d1 = { name: 'd1' };
const zero: Line = [0n, 8n, 'zero', ''];

export function version(r: Replay): void {
  r.line('== version');
  const versionOf = (command: DmCommand, ask: Ask): string => {
    const { text, bytes } = probe(r.node, command, ask);
    return `${text} (${DmIoctl.at(bytes).version.join(', ')})`;
  };
  for (const asked of [
    [4, 0, 0],
    [4, 99, 0],
    [3, 0, 0],
    [5, 0, 0],
  ] as const) {
    r.line(`(${asked.join(', ')}) ${versionOf('DM_VERSION', { version: asked })}`);
  }
  r.line(`status v4.99 ${versionOf('DM_DEV_STATUS', { version: [4, 99, 0] })}`);
  r.skip(['unknown nr'], 'a ControlNode takes no number that is not a command’s');
  const sized = (label: string, command: DmCommand, size: number): string =>
    `${label}${size} ${r.ask(command, { size, ...(command === 'DM_LIST_DEVICES' ? {} : { name: 'no' }) })}`;
  r.line(
    `version w/ data_size 0 ${r.ask('DM_VERSION', { size: 0 })} ` +
      `STATUS ${[300, 304, 305].map((size) => sized('ds=', 'DM_DEV_STATUS', size)).join(' ')}`,
  );
  const loads = [304, 305].map((size) => sized('LOAD ds=', 'DM_TABLE_LOAD', size));
  const lists = [304, 305, 311].map((size) => sized('LIST ds=', 'DM_LIST_DEVICES', size));
  r.line([...loads, ...lists, sized('LIST ds ', 'DM_LIST_DEVICES', 312)].join(' '));
  // Read-only or not, an opening is one.
  const created = r.ask('DM_DEV_CREATE', { name: 'ro1' });
  r.line(`RDONLY fd create: ${created} ${r.ask('DM_DEV_REMOVE', { name: 'ro1' })}`);
}

export function create(r: Replay): void {
  r.line('== create');
  r.step('create d1 uuid', 'DM_DEV_CREATE', { name: 'd1', uuid: 'UU-1' });
  r.skip(['node exists before load'], 'the simulator makes no device nodes');
  r.step('status d1', 'DM_DEV_STATUS', d1);
  r.step('dup name', 'DM_DEV_CREATE', d1);
  r.step('dup uuid', 'DM_DEV_CREATE', { name: 'd2', uuid: 'UU-1' });
  r.step('empty name', 'DM_DEV_CREATE', {});
  const eAcute = '\xc3\xa9';
  const names: [name: string, written: string][] = ['a/b', '.', '..', 'control', 'd 1'].map((name) => [
    name,
    repr(name),
  ]);
  names.push(
    [eAcute, "b'\\xc3\\xa9'"],
    ['x'.repeat(127), repr('x'.repeat(127))],
    ['y'.repeat(128), `b${repr('y'.repeat(128))}`],
  );
  names.push(['tab\there', repr('tab\there')], ['nl\nx', repr('nl\nx')]);
  for (const [name, written] of names) {
    const { text, bytes } = probe(r.node, 'DM_DEV_CREATE', { name });
    const end = bytes.indexOf(0, DmIoctl.offsets.name);
    r.line(`create ${written.slice(0, 20)} ${text.slice(0, 60)} ${end - DmIoctl.offsets.name}`);
    if (text.startsWith('rc=0')) r.ask('DM_DEV_REMOVE', { name });
  }
  for (const length of [128, 129]) {
    const { text, bytes } = probe(r.node, 'DM_DEV_CREATE', { name: 'uu', uuid: 'u'.repeat(length) });
    r.line(`uuid${length} ${text.slice(0, 30)} ${bytes.indexOf(0, DmIoctl.offsets.uuid) - DmIoctl.offsets.uuid}`);
    r.ask('DM_DEV_REMOVE', { name: 'uu' });
  }
  r.line(`uuid with slash ${r.ask('DM_DEV_CREATE', { name: 'us', uuid: 'a/b' }).slice(0, 40)}`);
  r.ask('DM_DEV_REMOVE', { name: 'us' });
  const persistent = (name: string, number: bigint): Ask => ({ name, dev: number, flags: DM_FLAGS.PERSISTENT_DEV });
  r.step('persist minor 77', 'DM_DEV_CREATE', persistent('pm', dev(254, 77)));
  r.step(' status', 'DM_DEV_STATUS', { name: 'pm' });
  r.step('persist minor dup', 'DM_DEV_CREATE', persistent('pm2', dev(254, 77)));
  r.step('persist big', 'DM_DEV_CREATE', persistent('pm2', dev(254, 2 ** 20)));
  r.step('persist with other major 8:78', 'DM_DEV_CREATE', persistent('pm3', dev(8, 78)));
  r.step('rm pm', 'DM_DEV_REMOVE', { name: 'pm' });
  r.ask('DM_DEV_REMOVE', { name: 'pm3' });
  const odd = DM_FLAGS.SUSPEND | DM_FLAGS.READONLY | DM_FLAGS.NOFLUSH | 0x100000;
  r.step('create flags SUSPEND|RO|NOFLUSH|0x100000', 'DM_DEV_CREATE', { name: 'fx', flags: odd });
  r.step('rm w/o table cookie', 'DM_DEV_REMOVE', { name: 'fx', eventNr: 0x1234 });
}

export function lookup(r: Replay): void {
  r.line('== lookup');
  r.step('name+uuid', 'DM_DEV_STATUS', { name: 'd1', uuid: 'UU-1' });
  r.step('uuid only', 'DM_DEV_STATUS', { uuid: 'UU-1' });
  r.step('dev only', 'DM_DEV_STATUS', { dev: dev(254, 0) });
  r.step('dev+name', 'DM_DEV_STATUS', { name: 'd1', dev: dev(254, 0) });
  r.step('dev+uuid', 'DM_DEV_STATUS', { uuid: 'UU-1', dev: dev(254, 0) });
  r.step('none', 'DM_DEV_STATUS');
  r.step('nodev', 'DM_DEV_STATUS', { dev: dev(254, 99) });
  const payload = Buffer.from('x\0');
  for (const [label, command] of [
    ['REMOVE', 'DM_DEV_REMOVE'],
    ['SUSPEND', 'DM_DEV_SUSPEND'],
    ['STATUS', 'DM_DEV_STATUS'],
    ['WAIT', 'DM_DEV_WAIT'],
    ['LOAD', 'DM_TABLE_LOAD'],
    ['CLEAR', 'DM_TABLE_CLEAR'],
    ['DEPS', 'DM_TABLE_DEPS'],
    ['TSTATUS', 'DM_TABLE_STATUS'],
    ['MSG', 'DM_TARGET_MSG'],
    ['GEOM', 'DM_DEV_SET_GEOMETRY'],
    ['RENAME', 'DM_DEV_RENAME'],
  ] as const) {
    r.line(`nonexist ${label} ${r.ask(command, { name: 'nonexist', payload })}`);
  }
}

export function holders(r: Replay): void {
  r.line('== holders/open count');
  const { QUERY_INACTIVE_TABLE, DEFERRED_REMOVE } = DM_FLAGS;
  const top = { name: 'top' };
  const onD1 = (start: bigint): Line => [start, 8n, 'linear', '254:0 0'];
  const status = (label: string): void => r.step(label, 'DM_DEV_STATUS', d1);
  r.step('create top', 'DM_DEV_CREATE', top);
  r.line(`load top linear d1: ${r.load('top', [onD1(0n)])}`);
  status('status d1 (inactive holder)');
  r.step('remove d1 busy', 'DM_DEV_REMOVE', d1);
  r.line(`load top striped d1 d1: ${r.load('top', [[0n, 8n, 'striped', '2 1 254:0 0 254:0 4']])}`);
  status('status d1');
  r.line(`load top two linear: ${r.load('top', [onD1(0n), onD1(8n), [16n, 8n, 'linear', '/dev/ram1 0']])}`);
  status('status d1');
  r.step('resume top', 'DM_DEV_SUSPEND', top);
  r.line(`deps ${r.deps(top)}`);
  r.step('deps QINACT', 'DM_TABLE_DEPS', { ...top, flags: QUERY_INACTIVE_TABLE });
  {
    using _opened = r.kernel.hold('d1');
    status('status d1 opened too');
    r.step('deferred rm d1', 'DM_DEV_REMOVE', { ...d1, flags: DEFERRED_REMOVE, eventNr: 0x55 });
  }
  status('status d1');
  r.line(`cancel ${r.message('d1', '@cancel_deferred_remove')} ${r.message('d1', '@cancel_deferred_remove x')}`);
  status('status d1');
  r.step('deferred again', 'DM_DEV_REMOVE', { ...d1, flags: DEFERRED_REMOVE });
  r.step('rm top', 'DM_DEV_REMOVE', { ...top, eventNr: 6335437 });
  status('status d1 after');
  r.line('== deferred on closed dev');
  r.make('dd', [zero]);
  r.step('rm DEFER closed', 'DM_DEV_REMOVE', { name: 'dd', flags: DEFERRED_REMOVE });
}

export function rename(r: Replay): void {
  r.line('== rename');
  r.make('r1', [zero], 'RU');
  r.step('status', 'DM_DEV_STATUS', { name: 'r1' });
  r.make('r2', [zero]);
  const text = (to: string): Ask => ({ payload: Buffer.from(`${to}\0`, 'latin1') });
  const to = (label: string, name: string, target: string, more: Ask = {}): void =>
    r.step(label, 'DM_DEV_RENAME', { name, ...text(target), ...more });
  to('rename r1 r3 cookie', 'r1', 'r3', { eventNr: 0x600222 });
  r.step('status r3', 'DM_DEV_STATUS', { name: 'r3' });
  to('rename to existing', 'r3', 'r2');
  to('rename to self', 'r3', 'r3');
  to('rename missing->existing', 'nosuch', 'r2');
  to('setuuid already', 'r3', 'XX', { flags: DM_FLAGS.UUID });
  to('setuuid r2', 'r2', 'NU', { flags: DM_FLAGS.UUID });
  to('setuuid dup', 'r2', 'RU', { flags: DM_FLAGS.UUID });
  r.step('status r2', 'DM_DEV_STATUS', { name: 'r2' });
  r.step('rename by uuid', 'DM_DEV_RENAME', { uuid: 'RU', ...text('r9') });
  to('rename empty', 'r3', '');
  to('rename slash', 'r3', 'a/b');
  to('rename 128', 'r3', 'x'.repeat(128));
  to('rename control', 'r3', 'control');
  to('rename back', 'control', 'r3');
  to('rename data_start<305', 'r3', 'r4', { dataStart: 300 });
  r.step('not terminated', 'DM_DEV_RENAME', { name: 'r3', payload: Buffer.from('r4r4'), size: 316 });
  r.step('data_start==data_size', 'DM_DEV_RENAME', { name: 'r3', ...text('r4'), size: 312 });
}

export function list(r: Replay): void {
  r.line('== list');
  const others = ['b', 'a', 'Z', 'a-1', 'ab'];
  for (const name of others) r.ask('DM_DEV_CREATE', { name, uuid: name === 'b' ? '' : `ID-${name}` });
  const { UUID } = DM_FLAGS;
  r.line(r.list());
  r.line(`uuid ${r.list({ flags: UUID })}`);
  r.line(`prefix a ${r.list({ name: 'a' })}`);
  r.line(`prefix uuid ${r.list({ uuid: 'ID-a', flags: UUID })}`);
  r.line(`name+uuid prefix ${r.list({ name: 'a', uuid: 'ID-Z' })}`);
  r.line(`nomatch ${r.list({ name: 'qq' })}`);
  r.line(`dev set ${r.list({ dev: dev(0, 123) })}`);
  for (const size of [305, 312, 319, 320, 472, 479, 480, 488]) {
    const { text, bytes } = probe(r.node, 'DM_LIST_DEVICES', { size });
    r.line(`list size ${size} ${text} ${DmIoctl.at(bytes).dataSize}`);
  }
  for (const dataStart of [320, 306, 0]) r.line(`list start=${dataStart}: ${r.ask('DM_LIST_DEVICES', { dataStart })}`);
  for (const name of others) r.ask('DM_DEV_REMOVE', { name });
}
