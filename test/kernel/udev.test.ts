// Real System V semaphores, a real systemd-udevd with Debian's rules, real nodes.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { activate, deactivate, ThinDevice, ThinPool, thinDevId } from '../../src/devices/index.ts';
import { DM_FLAGS, type DmCommand, DmIoctl, decodeDeviceNumber } from '../../src/kernel/dm-ioctl.ts';
import { openControlNode } from '../../src/mapper/control-node.ts';
import { DeviceMapper } from '../../src/mapper/device-mapper.ts';
import { DmError } from '../../src/mapper/errors.ts';
import { updateNodes } from '../../src/mapper/node-folder.ts';
import { createCookie, UdevCookie, withUdev } from '../../src/mapper/udev/cookie.ts';
import { listCookies, releaseCookie } from '../../src/mapper/udev/cookies.ts';
import { cookieText, PRIVATE_UDEV_FLAGS } from '../../src/mapper/udev/flags.ts';
import { type UdevState, udevState } from '../../src/mapper/udev/state.ts';
import { sectors } from '../../src/mapper/units.ts';
import { systemSemaphores } from '../../src/system/semaphore.ts';
import { area, grown, MIB, place } from './devices-support.ts';
import { attempt, cleanUp, eventually, sh } from './support.ts';

// The lab sets DM_DISABLE_UDEV for the C tools; here udev is the point.
const state = (): UdevState => udevState({ environment: {} });
const withoutSetting = { ...process.env, DM_DISABLE_UDEV: undefined };
let nextName = 0;

/** Debian's udevd, started for one test; `pause()` stops it as a signal does. */
async function startUdevd(t: TestContext): Promise<{ pause(): void }> {
  const child = spawn('/lib/systemd/systemd-udevd', [], { stdio: 'ignore', env: withoutSetting });
  const ended = new Promise((resolve) => child.on('exit', resolve));
  cleanUp(t, async () => {
    child.kill('SIGCONT');
    sh('udevadm settle --timeout=30');
    child.kill('SIGTERM');
    await ended;
    rmSync('/run/udev', { recursive: true });
  });
  await eventually('udevd listens', 60_000, () => existsSync('/run/udev/control'));
  return { pause: () => void child.kill('SIGSTOP') };
}

/** A request with a cookie, as raw as the kernel takes it; whether it sent a uevent. */
async function send(command: DmCommand, name: string, eventNr: number, newName = ''): Promise<boolean> {
  using node = openControlNode();
  const bytes = new Uint8Array(DmIoctl.size + 256);
  const header = DmIoctl.at(bytes);
  header.version = [4, 0, 0];
  header.dataSize = bytes.length;
  header.dataStart = DmIoctl.size;
  header.name = name;
  header.eventNr = eventNr;
  bytes.set(new TextEncoder().encode(newName), DmIoctl.size);
  try {
    await node.ioctlAsync(command, bytes);
  } catch (error) {
    const errno = error instanceof Error && 'errno' in error ? Number(error.errno) : 0;
    throw new DmError({ op: command, errno, device: name });
  }
  return (header.flags & DM_FLAGS.UEVENT_GENERATED) !== 0;
}

const request = (
  cookie: UdevCookie,
  command: DmCommand,
  name: string,
  { newName, flags }: { readonly newName?: string; readonly flags?: number } = {},
): Promise<boolean> =>
  cookie.request(
    (eventNr) => send(command, name, eventNr, newName),
    (generated) => generated,
    flags,
  );

/** A device with a table that waits for its resume; removed after the test if it is still there. */
async function loaded(t: TestContext): Promise<{ name: string; node: string; minor: number; major: number }> {
  using dm = DeviceMapper.open();
  const name = `udev${process.pid}-${nextName++}`;
  await dm.create(name);
  cleanUp(t, () => attempt(`/sbin/dmsetup remove ${name}`));
  const zero = { start: sectors(0), length: sectors(2048), type: 'zero', params: '' };
  const { number } = await dm.load({ name }, [zero]);
  return { name, node: `/dev/mapper/${name}`, ...number };
}

test('UdevCookie.wait() returns when the rules have confirmed, with the nodes made, renamed, removed', async (t) => {
  await startUdevd(t);
  assert.equal(state(), 'running');
  const device = await loaded(t);
  const other = await loaded(t);
  await withUdev(
    async (cookie) => {
      assert.equal(await request(cookie, 'DM_DEV_SUSPEND', device.name), true);
      assert.equal(await request(cookie, 'DM_DEV_SUSPEND', other.name, { flags: PRIVATE_UDEV_FLAGS }), true);
    },
    { state },
  );
  assert.equal(readlinkSync(device.node), `../dm-${device.minor}`);
  assert.equal(readlinkSync(other.node), `../dm-${other.minor}`);
  const flags = (minor: number): string[] =>
    [...sh(`udevadm info --query=property --name=/dev/dm-${minor}`).matchAll(/^DM_UDEV_(\w+)_FLAG=1$/gm)]
      .map(([, name = '']) => name)
      .sort();
  assert.deepEqual(flags(device.minor), ['PRIMARY_SOURCE']);
  assert.deepEqual(flags(other.minor), [
    'DISABLE_DISK_RULES',
    'DISABLE_OTHER_RULES',
    'DISABLE_SUBSYSTEM_RULES',
    'PRIMARY_SOURCE',
  ]);
  const named = { name: device.name, number: { major: device.major, minor: device.minor } };
  assert.deepEqual(updateNodes([named], { names: [device.name] }), []);

  await withUdev((cookie) => request(cookie, 'DM_DEV_RENAME', device.name, { newName: `${device.name}-new` }), {
    state,
  });
  assert.deepEqual([existsSync(device.node), readlinkSync(`${device.node}-new`)], [false, `../dm-${device.minor}`]);

  await withUdev(
    async (cookie) => {
      await request(cookie, 'DM_DEV_REMOVE', `${device.name}-new`);
      await request(cookie, 'DM_DEV_REMOVE', other.name);
    },
    { state },
  );
  assert.deepEqual([existsSync(`${device.node}-new`), existsSync(other.node)], [false, false]);
  assert.deepEqual(listCookies(), []);
});

test('UdevCookie.wait() returns at once after changes that send no uevent, and after a refused one', async (t) => {
  const udevd = await startUdevd(t);
  const device = await loaded(t);
  await withUdev((cookie) => request(cookie, 'DM_DEV_SUSPEND', device.name), { state });
  udevd.pause();
  using dm = DeviceMapper.open();
  await dm.create(`${device.name}-never`);
  using cookie = UdevCookie.open({ state });
  assert.equal(await request(cookie, 'DM_DEV_REMOVE', `${device.name}-never`), false);
  assert.equal(await request(cookie, 'DM_DEV_SUSPEND', device.name), false);
  await assert.rejects(request(cookie, 'DM_DEV_RENAME', device.name, { newName: device.name }), { code: 'EBUSY' });
  await cookie.wait({ deadlineMs: 0 });
  assert.deepEqual(listCookies(), []);
});

test('UdevCookie.wait() ends at its deadline when udevd hangs, and leaves no semaphore', async (t) => {
  const udevd = await startUdevd(t);
  const device = await loaded(t);
  udevd.pause();
  const start = performance.now();
  await assert.rejects(
    withUdev((cookie) => request(cookie, 'DM_DEV_SUSPEND', device.name), { state, deadlineMs: 700 }),
    /1 change is made but not confirmed after 0.7 s \(ETIMEDOUT\)/,
  );
  const took = performance.now() - start;
  assert.ok(took >= 700 && took < 60_000, `${took}`);
  assert.deepEqual(listCookies(), []);
});

test('UdevCookie.join(), createCookie() and releaseCookie() work with the C tools', async (t) => {
  await startUdevd(t);
  const dmsetup = (words: string): string => sh(`env -u DM_DISABLE_UDEV /sbin/dmsetup ${words}`).trim();
  const device = await loaded(t);
  const theirs = dmsetup('udevcreatecookie');
  using joined = UdevCookie.join(Number(theirs), { state });
  await request(joined, 'DM_DEV_SUSPEND', device.name);
  dmsetup(`udevreleasecookie ${theirs}`);
  assert.ok(existsSync(device.node));
  assert.deepEqual(listCookies(), []);

  const ours = createCookie();
  cleanUp(t, () => systemSemaphores.remove(ours.id));
  dmsetup(`--udevcookie ${cookieText(ours.cookie)} remove ${device.name}`);
  const [, line = ''] = dmsetup('udevcookies').split('\n');
  const [listed] = listCookies();
  assert.equal(listed?.cookie, ours.cookie);
  assert.deepEqual(line.split(/\s+/).slice(0, 2), [`0x${ours.cookie.toString(16)}`, `${listed?.id}`]);
  await releaseCookie(ours.cookie, { deadlineMs: 20_000 });
  assert.equal(existsSync(device.node), false);
  assert.deepEqual(listCookies(), []);
});

test('updateNodes() makes, renames and removes nodes where no udev runs', async (t) => {
  assert.equal(state(), 'absent');
  const { name, node, major, minor } = await loaded(t);
  const number = { major, minor };
  assert.equal(await withUdev((cookie) => request(cookie, 'DM_DEV_SUSPEND', name), { state }), true);
  assert.equal(existsSync(node), false);
  const options = { gid: 6, mode: 0o640 };
  assert.deepEqual(updateNodes([{ name, number }], { names: [name], ...options }), [
    { action: 'make', file: name, number },
  ]);
  const made = lstatSync(node, { bigint: true });
  assert.ok(made.isBlockDevice());
  assert.deepEqual(decodeDeviceNumber(made.rdev), number);
  assert.deepEqual([made.uid, made.gid, made.mode & 0o777n], [0n, 6n, 0o640n]);
  sh(`dd if=${node} of=/dev/null bs=4k count=1 2>&1`);
  sh('/sbin/dmsetup mknodes');
  assert.equal(lstatSync(node, { bigint: true }).ino, made.ino, 'dmsetup mknodes finds nothing to correct');

  const renamed = `${name} b`;
  await send('DM_DEV_RENAME', name, 0, renamed);
  updateNodes([{ name: renamed, number }], { names: [name, renamed] });
  assert.equal(existsSync(node), false);
  assert.equal(lstatSync(`${node}\\x20b`, { bigint: true }).ino, made.ino);
  await send('DM_DEV_REMOVE', renamed, 0);
  updateNodes([], { names: [renamed] });
  assert.equal(existsSync(`${node}\\x20b`), false);
});

test('updateNodes() corrects a whole folder and leaves alone what is not of device-mapper', async (t) => {
  using dm = DeviceMapper.open();
  const device = await loaded(t);
  const root = mkdtempSync(join(tmpdir(), 'nodes-'));
  cleanUp(t, () => rmSync(root, { recursive: true }));
  const folder = join(root, 'mapper');
  mkdirSync(folder);
  sh(`cd ${folder} && mknod ${device.name} b 7 0 && mknod stale b ${device.major} 999 && mknod disk b 7 1`);
  symlinkSync('../dm-999', join(folder, 'dangling'));
  writeFileSync(join(folder, 'notes'), '');
  const environment = { DM_DEV_DIR: root };
  const all = await dm.list();
  const actions = updateNodes(all, { environment });
  const number = { major: device.major, minor: device.minor };
  assert.deepEqual(
    actions.filter(({ action }) => action !== 'make'),
    [
      { action: 'replace', file: device.name, number },
      { action: 'remove', file: 'dangling' },
      { action: 'remove', file: 'stale' },
    ],
  );
  assert.deepEqual(
    sh(`ls -A ${folder}`).trim().split('\n').sort(),
    ['disk', 'notes', ...all.map(({ name }) => name)].sort(),
  );
  assert.deepEqual(decodeDeviceNumber(statSync(join(folder, device.name), { bigint: true }).rdev), number);
  assert.deepEqual(updateNodes(all, { environment }), []);
});

test('activate() and deactivate() of a graph wait for udev: then the links are there, and gone', async (t) => {
  await startUdevd(t);
  const dm = DeviceMapper.open();
  cleanUp(t, async () => {
    await deactivate(dm, names, options);
    dm[Symbol.dispose]();
  });
  const names = ['a', 'b', 'c'].map((letter) => `udev${process.pid}-graph-${letter}`);
  const [first = '', ...others] = names;
  const zero = { start: sectors(0), length: sectors(2048), type: 'zero', params: '' };
  const above = { ...zero, type: 'linear', params: `/dev/mapper/${first} 0` };
  const options = { machine: { udev: { state } } };
  const graph = await activate(
    dm,
    [...others.map((name) => ({ name, table: [above] })), { name: first, table: [zero] }],
    options,
  );
  for (const name of names) {
    assert.equal(readlinkSync(`/dev/mapper/${name}`), `../dm-${graph.numbers.get(name)?.minor}`);
  }
  await graph.deactivate();
  assert.deepEqual(
    names.filter((name) => existsSync(`/dev/mapper/${name}`)),
    [],
  );
  assert.deepEqual(listCookies(), []);
});

test('dmsetup create, rename and remove leave it to udev to make the links, and no semaphore behind', async (t) => {
  await startUdevd(t);
  const name = `udev${process.pid}-tool`;
  const link = (of: string): string => `/dev/mapper/${of}`;
  const dmsetup = (words: string): string => sh(`env -u DM_DISABLE_UDEV dmsetup ${words}`);
  cleanUp(t, () => attempt(`/sbin/dmsetup remove ${name} ${name}-new`));
  dmsetup(`create ${name} --table '0 2048 zero'`);
  const { minor } = decodeDeviceNumber(statSync(link(name), { bigint: true }).rdev);
  assert.equal(readlinkSync(link(name)), `../dm-${minor}`);
  dmsetup(`rename ${name} ${name}-new`);
  assert.deepEqual([existsSync(link(name)), readlinkSync(link(`${name}-new`))], [false, `../dm-${minor}`]);
  dmsetup(`suspend ${name}-new; env -u DM_DISABLE_UDEV dmsetup resume ${name}-new`);
  dmsetup(`remove ${name}-new`);
  assert.equal(existsSync(link(`${name}-new`)), false);
  // One that is made, not loaded and removed sends no uevent: nobody is waited for.
  dmsetup(`create ${name} --notable; env -u DM_DISABLE_UDEV dmsetup remove ${name}`);
  assert.equal(attempt(`env -u DM_DISABLE_UDEV dmsetup remove ${name}`).status, 1);
  assert.deepEqual(listCookies(), []);
});

test('a thin device’s file system gets its link in /dev/disk/by-uuid', async (t) => {
  await startUdevd(t);
  sh('modprobe dm-thin-pool');
  const here = place(t);
  const options = { machine: { udev: { state } } };
  const pool = await ThinPool.create(
    here.dm,
    {
      name: here.name('pool'),
      metadata: { name: here.name('pool-meta'), table: grown(area(4), 4) },
      data: { name: here.name('pool-data'), table: grown(area(16), 16) },
      blockSize: 128,
    },
    options,
  );
  const desired = { name: here.name('thin'), pool, id: thinDevId(0), size: sectors(8 * MIB) };
  const thin = await ThinDevice.create(here.dm, desired, options);
  assert.equal(readlinkSync(`/dev/mapper/${thin.name}`), `../dm-${thin.number.minor}`);
  const uuid = randomUUID();
  sh(`mkfs.ext4 -q -F -U ${uuid} /dev/mapper/${thin.name}`);
  const link = `/dev/disk/by-uuid/${uuid}`;
  await eventually('udev has seen the file system', 60_000, () => existsSync(link));
  assert.equal(readlinkSync(link), `../../dm-${thin.number.minor}`);
  await thin.destroy(options);
  assert.equal(existsSync(link), false);
  await pool.teardown(options);
  assert.deepEqual(listCookies(), []);
});
