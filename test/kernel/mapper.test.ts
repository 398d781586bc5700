import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import test, { type TestContext } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { encodeText } from '../../src/kernel/byte-text.ts';
import {
  type DeviceNumber,
  DM_COMMANDS,
  DM_VERSION_WANTED,
  DmIoctl,
  struct,
  u8,
  u16,
  u64,
} from '../../src/kernel/index.ts';
import { openControlNode } from '../../src/mapper/control-node.ts';
import { DeviceMapper } from '../../src/mapper/device-mapper.ts';
import { DmError } from '../../src/mapper/errors.ts';
import { type ManglingMode, mangle } from '../../src/mapper/mangle.ts';
import type { TableLine } from '../../src/mapper/table-line.ts';
import { sectors } from '../../src/mapper/units.ts';
import { openKernelLog } from '../../src/system/kernel-log.ts';
import { ioctl } from '../../src/system/libc.ts';
import { crateCases } from '../mapper/crate-cases.ts';
import { RecordingNode, type Request } from '../mapper/recording-node.ts';
import { attempt, cleanUp, eventually, sh } from './support.ts';

const [DISK = '/dev/vda'] = (process.env['LAB_DISKS'] ?? '/dev/vda').split(' ');
let nextPrefix = 0;

function line(length: number, type: string, params = '', start = 0): TableLine {
  return { start: sectors(start), length: sectors(length), type, params };
}

interface Place {
  readonly dm: DeviceMapper;
  /** Devices whose names begin so are removed after the test. */
  readonly prefix: string;
  readonly requests: readonly Request[];
}

function place(t: TestContext, after?: (request: Request) => void): Place {
  const node = new RecordingNode(openControlNode(), after);
  const dm = new DeviceMapper(node, { kernelLog: openKernelLog });
  const prefix = `m${process.pid}-${nextPrefix++}-`;
  cleanUp(t, async () => {
    for (const { number } of await dm.list({ namePrefix: prefix })) {
      await dm.clear(number);
      const { suspended } = await dm.info(number);
      if (suspended) await dm.resume(number).catch(() => undefined);
      await dm.remove(number);
    }
    dm[Symbol.dispose]();
  });
  return { dm, prefix, requests: node.requests };
}

/** A device with a live linear table on the scratch disk. */
async function linear(dm: DeviceMapper, name: string, length = 64): Promise<DeviceNumber> {
  await dm.create(name);
  await dm.load({ name }, [line(length, 'linear', `${DISK} 0`)]);
  return (await dm.resume({ name })).number;
}

const node = ({ minor }: DeviceNumber): string => `/dev/dm-${minor}`;
const sysfs = ({ minor }: DeviceNumber, file: string): Buffer => readFileSync(`/sys/block/dm-${minor}/${file}`);

/** `HDIO_GETGEO` and its `struct hd_geometry` (include/uapi/linux/hdreg.h). */
function geometryOf(number: DeviceNumber): object {
  const bytes = new Uint8Array(HdGeometry.size);
  const fd = openSync(node(number), 'r');
  try {
    ioctl(fd, 0x301, bytes, 'HDIO_GETGEO');
  } finally {
    closeSync(fd);
  }
  const { heads, sectorsPerTrack, cylinders, start } = HdGeometry.at(bytes);
  return { heads, sectorsPerTrack, cylinders, start };
}
const HdGeometry = struct('hd_geometry', { heads: u8, sectorsPerTrack: u8, cylinders: u16, start: u64 });

for (const { name, run } of crateCases) {
  test(`${name}, on the kernel`, async (t) => {
    const { dm, prefix } = place(t);
    await run(dm, prefix);
  });
}

test('DeviceMapper makes each of the kernel’s requests', async (t) => {
  const { dm, prefix, requests } = place(t);
  const ref = { name: `${prefix}all` };
  const { number } = await dm.create(ref.name, { uuid: `${prefix}uuid` });
  await dm.rename(number, `${prefix}again`);
  await dm.rename({ uuid: `${prefix}uuid` }, ref.name);
  const table = [line(8, 'zero'), line(16, 'linear', `${DISK} 8`, 8)];
  await dm.load(ref, table, { readOnly: true });
  const pending = await dm.info(ref, { inactive: true });
  assert.deepEqual([pending.targetCount, pending.readOnly, pending.active, pending.inactive], [2, true, false, true]);
  assert.equal((await dm.info(ref)).targetCount, 0);
  assert.deepEqual(await dm.table(ref), []);
  const disk = `${sh(`stat -c %Hr:%Lr ${DISK}`).trim()}`;
  const printed = [table[0], { ...table[1], params: `${disk} 8` }];
  assert.deepEqual(await dm.table(ref, { inactive: true }), printed);
  assert.deepEqual(
    (await dm.dependencies(ref, { inactive: true })).map(({ major, minor }) => `${major}:${minor}`),
    [disk],
  );
  assert.equal((await dm.clear(ref)).inactive, false);
  await dm.load(ref, table);
  const resumed = await dm.resume(ref);
  assert.deepEqual([resumed.active, resumed.readOnly, resumed.uevent, resumed.targetCount], [true, false, true, 2]);
  assert.deepEqual(await dm.table(ref, { secure: true }), printed);
  assert.deepEqual(
    (await dm.status(ref)).map(({ type, params }) => [type, params]),
    [
      ['zero', ''],
      ['linear', ''],
    ],
  );
  const { version } = (await dm.targetVersions()).find(({ type }) => type === 'linear') ?? assert.fail();
  assert.deepEqual(await dm.targetVersion('linear'), version);
  await assert.rejects(dm.targetVersion('nonsense'), {
    code: 'EINVAL',
    reason: 'this kernel has no target "nonsense"',
  });
  const [, measured] = await dm.measurement(ref);
  const versionText = `${version.major}.${version.minor}.${version.patch}`;
  assert.match(measured?.params ?? '', new RegExp(`^target_name=linear,target_version=${versionText},device_name=`));
  assert.equal((await dm.suspend(ref, { noflush: true, skipLockfs: true })).suspended, true);
  assert.equal((await dm.resume(ref, { noflush: true, skipLockfs: true })).suspended, false);
  await dm.setGeometry(ref, { cylinders: 1, heads: 2, sectorsPerTrack: 12, start: sectors(4) });
  assert.deepEqual(geometryOf(number), { heads: 2, sectorsPerTrack: 12, cylinders: 1, start: 4n });
  assert.equal(await dm.message(ref, '@stats_list'), '');
  await dm.armPoll();
  const fd = openSync(node(number), 'r');
  try {
    await dm.create(`${prefix}closed`);
    await dm.removeAll();
    assert.deepEqual(
      (await dm.list({ namePrefix: prefix })).map(({ name }) => name),
      [ref.name],
    );
  } finally {
    closeSync(fd);
  }
  assert.deepEqual(await dm.remove(ref), { deferred: false, uevent: true });
  const made = new Set(requests.map(({ command }) => command));
  assert.deepEqual(
    Object.keys(DM_COMMANDS).filter((command) => !made.has(command as keyof typeof DM_COMMANDS)),
    ['DM_DEV_WAIT'],
  );
});

test('ControlNode.ioctlAsync() with DM_DEV_WAIT answers with the status when the event number is another', async (t) => {
  const { dm, prefix } = place(t);
  const number = await linear(dm, `${prefix}wait`);
  using control = openControlNode();
  const bytes = new Uint8Array(4096);
  const header = DmIoctl.at(bytes);
  header.version = DM_VERSION_WANTED;
  header.dataSize = bytes.length;
  header.dataStart = DmIoctl.size;
  header.name = `${prefix}wait`;
  header.eventNr = 7;
  await control.ioctlAsync('DM_DEV_WAIT', bytes);
  assert.deepEqual([header.eventNr, header.targetCount, header.dev & 0xffn], [0, 1, BigInt(number.minor)]);
});

test('DeviceMapper keeps names and uuids of any bytes', async (t) => {
  const { dm, prefix } = place(t);
  const odd = ['\x01', 'a b\tc\n', 'é✓𝄞', '\udcff\udc80', '\ufffd', '\\x20', `${'x'.repeat(100)}`];
  for (const [index, word] of odd.entries()) {
    const name = `${prefix}${word}`;
    const uuid = `${prefix}U/${word}`;
    const { number } = await dm.create(name, { uuid });
    await dm.load({ name }, [line(8, 'zero')]);
    assert.deepEqual(sysfs(number, 'dm/name'), Buffer.concat([encodeText(name), Buffer.from('\n')]));
    assert.deepEqual(sysfs(number, 'dm/uuid'), Buffer.concat([encodeText(uuid), Buffer.from('\n')]));
    const info = await dm.info({ name });
    assert.deepEqual([info.name, info.uuid, info.number], [name, uuid, number]);
    assert.deepEqual((await dm.info({ uuid })).number, number);
    await dm.rename({ uuid }, `${name}-${index}`);
    assert.deepEqual(await dm.list({ namePrefix: name, uuidPrefix: uuid }), [
      { name: `${name}-${index}`, uuid, number, eventNr: 0 },
    ]);
  }
  assert.equal((await dm.list({ namePrefix: prefix })).length, odd.length);
  assert.deepEqual(await dm.list({ uuidPrefix: `${prefix}V` }), []);
});

test('create() follows this kernel’s rules for names', async (t) => {
  const { dm, prefix } = place(t);
  for (const name of ['.', '..', 'control']) {
    if (dm.supports(48)) {
      await assert.rejects(dm.create(name), { name: 'UsageError' });
    } else {
      await dm.create(name);
      await dm.remove({ name });
    }
  }
  const longest = prefix.padEnd(127, 'x');
  await dm.create(longest, { uuid: prefix.padEnd(128, 'u') });
  assert.equal((await dm.info({ uuid: prefix.padEnd(128, 'u') })).name, longest);
  await assert.rejects(dm.create(`${longest}x`), { name: 'UsageError', message: /128 bytes long.*at most 127/ });
  await assert.rejects(dm.info({ name: `${longest}x` }), { name: 'UsageError' });
});

test('mangle() writes names as dmsetup gives them to the kernel', async (t) => {
  const { dm, prefix } = place(t);
  const cases: readonly (readonly [ManglingMode, string])[] = [
    ['none', 'a b'],
    ['auto', 'a b'],
    ['auto', 'a\\x20b'],
    ['auto', 'é~'],
    ['hex', 'a\\x20b'],
    ['hex', 'A9#+-.:=@_'],
  ];
  for (const [mode, word] of cases) {
    const name = `${prefix}${word}`;
    sh(`dmsetup create --notable --manglename ${mode} '${name}'`);
    assert.deepEqual(
      (await dm.list({ namePrefix: prefix })).map((device) => device.name),
      [mangle(name, mode)],
    );
    await dm.remove({ name: mangle(name, mode) });
  }
  assert.notEqual(attempt(`dmsetup create --notable --manglename auto '${prefix}a\\x20b c'`).status, 0);
  assert.throws(() => mangle(`${prefix}a\\x20b c`, 'auto'), { name: 'UsageError' });
});

test('create() gives a device the minor number that was asked for', async (t) => {
  const { dm, prefix } = place(t);
  const minor = 0x4_321;
  assert.equal((await dm.create(`${prefix}fixed`, { minor })).number.minor, minor);
  assert.equal((await dm.info({ name: `${prefix}fixed` })).number.minor, minor);
  await assert.rejects(dm.create(`${prefix}other`, { minor }), {
    code: 'ENXIO',
    reason: `the minor number ${minor} is taken`,
  });
});

test('remove() may be deferred until the last close, and taken back before', async (t) => {
  const { dm, prefix } = place(t);
  const ref = { name: `${prefix}busy` };
  const number = await linear(dm, ref.name);
  const fd = openSync(node(number), 'r');
  try {
    await assert.rejects(dm.remove(ref), { code: 'EBUSY' });
    assert.deepEqual(await dm.remove(ref, { deferred: true }), { deferred: true, uevent: false });
    assert.equal((await dm.info(ref)).deferredRemove, true);
    await dm.cancelDeferredRemove(ref);
    assert.equal((await dm.info(ref)).deferredRemove, false);
    await dm.cancelDeferredRemove(ref);
    await dm.remove(ref, { deferred: true });
  } finally {
    closeSync(fd);
  }
  await eventually('the device goes with its last user', 2000, async () => {
    return (await dm.list({ namePrefix: prefix })).length === 0;
  });
});

test('load() of secrets leaves none of them in the buffer, whatever comes of it', async (t) => {
  const seen: Uint8Array[] = [];
  const { dm, prefix, requests } = place(t, ({ command, buffer }) => {
    if (command === 'DM_TABLE_LOAD') seen.push(buffer.slice());
  });
  const ref = { name: `${prefix}secret` };
  await dm.create(ref.name);
  await dm.load(ref, [line(8, 'linear', `${DISK} 4242`)], { secure: true });
  await assert.rejects(dm.load(ref, [line(8, 'linear', `${DISK} 4242 secret`)], { secure: true }), { code: 'EINVAL' });
  const loads = requests.filter(({ command }) => command === 'DM_TABLE_LOAD');
  assert.deepEqual(
    loads.map(({ sent }) => Buffer.from(sent).includes(`${DISK} 4242`)),
    [true, true],
  );
  const isZero = (bytes: Uint8Array | undefined): boolean => bytes?.every((byte) => byte === 0) === true;
  assert.ok(isZero(seen[0]?.subarray(DmIoctl.size)), 'the kernel wipes the payload');
  assert.ok(isZero(seen[1]), 'the kernel wipes everything when it refuses');
  for (const { buffer } of loads) assert.ok(isZero(buffer), 'the library wipes the answer too');
});

test('load() and resume() tell the reason that the kernel logged', async (t) => {
  const { dm, prefix } = place(t);
  const ref = { name: `${prefix}refused` };
  const number = await linear(dm, ref.name);
  const size = Number(sh(`blockdev --getsz ${DISK}`));
  await assert.rejects(dm.load(ref, [line(8, 'linear', DISK)]), {
    code: 'EINVAL',
    op: 'DM_TABLE_LOAD',
    device: ref.name,
    reason: 'linear: Invalid argument count',
  });
  await assert.rejects(dm.load(number, [line(8, 'nonsense')]), { code: 'EINVAL', reason: /unknown target type/ });
  await assert.rejects(dm.load({ name: `${prefix}none` }, [line(8, 'zero')]), {
    code: 'ENXIO',
    reason: /no such device/,
  });
  await dm.load(ref, [line(64, 'linear', `${DISK} ${size - 8}`)]);
  await assert.rejects(dm.resume(ref), { code: 'EINVAL', op: 'DM_DEV_SUSPEND', reason: /too small for target/ });
  const { suspended, active, inactive } = await dm.info(ref);
  assert.deepEqual([suspended, active, inactive], [true, true, false]);
  assert.equal((await dm.resume(ref)).suspended, false);
});

test('suspended() resumes the device after a throw and after a refused table', async (t) => {
  const { dm, prefix } = place(t);
  const ref = { name: `${prefix}guarded` };
  const number = await linear(dm, ref.name);
  const state = (): string => sysfs(number, 'dm/suspended').toString().trim();
  const size = Number(sh(`blockdev --getsz ${DISK}`));
  const work = async (): Promise<void> => {
    await using guard = await dm.suspended(ref);
    assert.deepEqual(guard.number, number);
    assert.equal(state(), '1');
    throw new Error('stop');
  };
  await assert.rejects(work(), { message: 'stop' });
  assert.equal(state(), '0');
  const swap = async (params: string): Promise<void> => {
    await using _ = await dm.suspended(ref, { noflush: true, skipLockfs: true });
    await dm.load(ref, [line(64, 'linear', params)]);
  };
  await assert.rejects(swap(`${DISK} ${size - 8}`), { reason: /too small for target/ });
  assert.equal(state(), '0');
  assert.match((await dm.table(ref))[0]?.params ?? '', / 0$/);
  await swap(`${DISK} 128`);
  assert.equal(state(), '0');
  assert.match((await dm.table(ref))[0]?.params ?? '', / 128$/);
  await dm.create(`${prefix}bare`);
  await assert.rejects(dm.suspended({ name: `${prefix}bare` }), { code: 'EINVAL', reason: /no live table/ });
});

test('waitForEvent() ends with the next event, with the device, or with its signal', async (t) => {
  const { dm, prefix } = place(t);
  const ref = { name: `${prefix}waited` };
  const number = await linear(dm, ref.name);
  assert.equal((await dm.waitForEvent(ref, 5)).eventNr, 0);
  const renamed = dm.waitForEvent(ref, 0);
  const cancelled = dm.waitForEvent(ref, 0, { signal: AbortSignal.timeout(50) });
  await assert.rejects(cancelled, { name: 'TimeoutError' });
  using other = DeviceMapper.open();
  await other.rename(ref, `${prefix}named`);
  const info = await renamed;
  assert.deepEqual([info.name, info.eventNr], [`${prefix}named`, 1]);
  const gone = assert.rejects(dm.waitForEvent(number, 1), { code: 'ENXIO', reason: 'it was removed' });
  await other.remove(number);
  await gone;
});

test('eventsPending() waits for news of its own opening, for several at once', async (t) => {
  const { dm, prefix } = place(t);
  await dm.create(`${prefix}before`);
  using control = openControlNode();
  let news = 0;
  const wait = async (): Promise<void> => {
    await control.eventsPending();
    news++;
  };
  const stop = new AbortController();
  const cancelled = assert.rejects(control.eventsPending(stop.signal), { name: 'AbortError' });
  const waits = [wait(), wait()];
  await setTimeout(100);
  assert.equal(news, 0);
  stop.abort();
  await cancelled;
  await dm.create(`${prefix}news`);
  await Promise.all(waits);
  // Until it is armed again there are news.
  await wait();
  using armed = new DeviceMapper(control);
  await armed.armPoll();
  await assert.rejects(control.eventsPending(AbortSignal.timeout(100)), { name: 'TimeoutError' });
});

function flood(prefix: string, count: number): ChildProcess {
  const script = fileURLToPath(new URL('event-flood.js', import.meta.url));
  return spawn(process.execPath, [script, prefix, `${count}`], { stdio: ['ignore', 'ignore', 'inherit'] });
}

/** How often this process has the control node open. */
function openings(): number {
  const links = readdirSync('/proc/self/fd').map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      // The folder's own descriptor is gone.
      return '';
    }
  });
  return links.filter((link) => link === '/dev/mapper/control').length;
}

test('events() misses nothing in a flood, for listeners of two DeviceMappers, who share one poller', async (t) => {
  const { dm, prefix } = place(t);
  const count = 300;
  const stop = new AbortController();
  const listen = async (
    mapper: DeviceMapper,
  ): Promise<{ known: Map<number, string>; seen: Set<string>; lost: Set<string> }> => {
    const known = new Map<number, string>();
    const seen = new Set<string>();
    const lost = new Set<string>();
    try {
      for await (const event of mapper.events({ signal: stop.signal })) {
        const { name, number } = event.device;
        if (!name.startsWith(prefix)) continue;
        assert.equal(known.has(number.minor), event.kind !== 'created', `${event.kind} ${name}`);
        if (event.kind === 'removed') {
          known.delete(number.minor);
          lost.add(name);
        } else {
          known.set(number.minor, name);
          seen.add(name);
        }
      }
    } catch (error) {
      if (error !== stop.signal.reason) throw error;
    }
    return { known, seen, lost };
  };
  using second = DeviceMapper.open();
  const before = openings();
  const listeners = [listen(dm), listen(dm), listen(second)];
  assert.equal(openings(), before + 1);
  const [status] = await once(flood(prefix, count), 'exit');
  assert.equal(status, 0);
  // What is pending now has its turns of the event loop.
  await setTimeout(200);
  stop.abort();
  assert.equal(openings(), before);
  const list = await dm.list({ namePrefix: prefix });
  assert.equal(list.length, count / 20);
  for (const { known, seen, lost } of await Promise.all(listeners)) {
    assert.deepEqual(
      [...known].sort(([a], [b]) => a - b),
      list.map(({ number, name }) => [number.minor, name]).sort(([a], [b]) => Number(a) - Number(b)),
    );
    for (let index = 0; index < count; index += 10) {
      assert.ok(seen.has(`${prefix}${index}`), `${index} was made`);
      assert.equal(lost.has(`${prefix}${index}`), index % 20 === 0, `${index} was removed or not`);
    }
  }
});

test('events() keeps no process alive that does not listen', async () => {
  const url = new URL('../../src/index.js', import.meta.url).href;
  const script = `
    const { DeviceMapper } = await import(${JSON.stringify(url)});
    const dm = DeviceMapper.open();
    const unread = dm.events();
    const name = 'alive-' + process.pid;
    setTimeout(() => dm.create(name), 50);
    for await (const { kind, device } of dm.events()) if (kind === 'created' && device.name === name) break;
    await dm.remove({ name });
    console.log('done');`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.on('data', (chunk) => {
    text += chunk;
  });
  const timer = globalThis.setTimeout(() => child.kill('SIGKILL'), 20_000);
  const [status] = await once(child, 'exit');
  clearTimeout(timer);
  assert.deepEqual([status, text], [0, 'done\n']);
});

test('events() of a DeviceMapper that was disposed of end with EBADF', async () => {
  const dm = DeviceMapper.open();
  const next = dm.events().next();
  dm[Symbol.dispose]();
  await assert.rejects(next, (error) => DmError.is(error, 'EBADF'));
  await assert.rejects(dm.list(), (error) => DmError.is(error, 'EBADF'));
});
