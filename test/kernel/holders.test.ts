// Each kind of holder, made for real, is named by the refusal.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { findHolders } from '../../src/mapper/holders/find.ts';
import type { Holder } from '../../src/mapper/holders/holder.ts';
import { DeviceBusyError, removeWithRetry } from '../../src/mapper/holders/remove.ts';
import { sectors } from '../../src/mapper/units.ts';
import { cleanUp, eventually, makeVolume, sh, type Volume } from './support.ts';

const MIB = 16;

/** Removes a device by way of `removeWithRetry()`; counts the attempts. */
async function remove({ dm, name }: Volume, deadlineMs: number, attempts = { count: 0 }): Promise<void> {
  await removeWithRetry({
    remove: () => {
      attempts.count++;
      return dm.remove({ name });
    },
    // The emulated machine may be slow.
    holders: async () => findHolders((await dm.info({ name })).number, { deadlineMs: 60_000 }),
    deadlineMs,
  });
}

/** Tries to remove a device that is held; what the refusal says, and after how many attempts. */
async function refusal(
  volume: Volume,
  deadlineMs = 120_000,
): Promise<{ text: string; holders: readonly Holder[]; attempts: number }> {
  const attempts = { count: 0 };
  try {
    await remove(volume, deadlineMs, attempts);
  } catch (error) {
    assert.ok(error instanceof DeviceBusyError, String(error));
    assert.equal(error.code, 'EBUSY');
    return { text: error.message, holders: error.holders, attempts: attempts.count };
  }
  assert.fail('the device was removed');
}

/** A shell command that runs until the test ends. */
async function background(t: TestContext, command: string): Promise<number> {
  const child = spawn('sh', ['-c', `${command}; echo ready; exec sleep 600`], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise((resolve) => child.on('exit', resolve));
  cleanUp(t, async () => {
    child.kill('SIGKILL');
    await ended;
  });
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  await eventually(command, 20_000, () => output.includes('ready'));
  assert.ok(child.pid !== undefined);
  return child.pid;
}

test('removeWithRetry() names a mount, also one in another mount name space', async (t) => {
  const volume = await makeVolume(t, MIB);
  sh(`mkfs.ext4 -q ${volume.node}; mkdir -p '/tmp/held here'`);
  sh(`mount ${volume.node} '/tmp/held here'`);
  const own = await refusal(volume);
  assert.equal(own.text, `DM_DEV_REMOVE on ${volume.name}: held by: mounted at /tmp/held here (EBUSY)`);
  assert.equal(own.attempts, 2, 'gives up long before the deadline');
  sh("umount '/tmp/held here'");

  // A name space ends some time after its last process.
  const isFree = async (): Promise<boolean> => (await volume.dm.info({ name: volume.name })).openCount === 0;
  cleanUp(t, () => eventually('the volume is free', 10_000, isFree));
  const pid = await background(t, `exec unshare --mount sh -c "mount ${volume.node} /mnt; echo ready; exec sleep 600"`);
  assert.deepEqual((await refusal(volume)).holders, [{ kind: 'mount', path: '/mnt', fileSystem: 'ext4', pid }]);
});

test('removeWithRetry() names a btrfs mount, which has a device number of its own', async (t) => {
  const volume = await makeVolume(t, 128);
  sh(`mkfs.btrfs -q -f ${volume.node}; mkdir -p /tmp/held; mount ${volume.node} /tmp/held`);
  cleanUp(t, () => sh('umount /tmp/held'));
  assert.match((await refusal(volume)).text, /held by: mounted at \/tmp\/held \(EBUSY\)$/);
});

test('removeWithRetry() names processes at the deadline, and removes once they have closed the device', async (t) => {
  const volume = await makeVolume(t, MIB);
  const fd = openSync(volume.node, 'r');
  const { number } = await volume.dm.info({ name: volume.name });
  // Through a node of another name, which no search by path would find.
  sh(`mknod /tmp/other-node b ${number.major} ${number.minor}`);
  const pid = await background(t, 'exec 3</tmp/other-node');
  const { text, attempts } = await refusal(volume, 3_000);
  assert.match(text, new RegExp(`held by: .*opened by sleep \\(pid ${pid}\\)`));
  assert.match(text, new RegExp(`opened by this process \\(pid ${process.pid}\\)`));
  assert.ok(attempts >= 2);
  process.kill(pid, 'SIGKILL');
  const removing = remove(volume, 120_000);
  setTimeout(() => closeSync(fd), 300);
  await removing;
  // makeVolume() removes it once more.
  await volume.dm.create(volume.name);
});

test('removeWithRetry() names swap', async (t) => {
  const volume = await makeVolume(t, MIB);
  sh(`mkswap ${volume.node}; swapon ${volume.node}`);
  cleanUp(t, () => sh(`swapoff ${volume.node}`));
  assert.match((await refusal(volume)).text, new RegExp(`held by: in use as swap \\(${volume.node}\\) \\(EBUSY\\)$`));
});

test('removeWithRetry() names a loop device', async (t) => {
  const volume = await makeVolume(t, MIB);
  sh('modprobe loop');
  const loop = sh(`losetup --find --show ${volume.node}`).trim();
  cleanUp(t, () => sh(`losetup --detach ${loop}`));
  assert.deepEqual((await refusal(volume)).holders, [{ kind: 'loop', name: loop.replace('/dev/', '') }]);
});

test('removeWithRetry() names a device on top, also one whose table is not live', async (t) => {
  const volume = await makeVolume(t, MIB);
  const name = `${volume.name} top`;
  await volume.dm.create(name);
  cleanUp(t, () => volume.dm.remove({ name }));
  await volume.dm.load({ name }, [
    { start: sectors(0), length: sectors(8), type: 'linear', params: `${volume.node} 0` },
  ]);
  assert.match((await refusal(volume)).text, new RegExp(`held by: used by the device ${name} \\(EBUSY\\)$`));
  await volume.dm.resume({ name });
  assert.deepEqual((await refusal(volume)).holders, [{ kind: 'device', name }]);
});
