import assert from 'node:assert/strict';
import { type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import test, { type TestContext } from 'node:test';
import { createFilemap } from '../../src/filemap/filemap.ts';
import { openFile } from '../../src/filemap/open-file.ts';
import {
  cleanUp,
  countsOfGroup,
  type Daemon,
  directRead,
  directWrite,
  eventually,
  FILE_SYSTEMS,
  type FileSystem,
  mountVolume,
  sectorsByFilefrag,
  sectorsByRegions,
  sh,
  startDaemon,
  type Volume,
} from './support.ts';

const programId = 'dmstats';

interface Followed extends Volume {
  readonly folder: string;
  readonly path: string;
  readonly groupId: number;
  readonly daemon: Daemon;
}

/** A file of `blocks` × 64 KiB that a daemon follows. */
async function follow(
  t: TestContext,
  fileSystem: FileSystem,
  mode: 'inode' | 'path',
  { blocks = 8, options = [] as readonly string[] } = {},
): Promise<Followed> {
  const volume = await mountVolume(t, fileSystem);
  const path = `${volume.folder}/data`;
  directWrite(path, { count: blocks });
  using file = openFile(path);
  const { groupId = -1 } = await createFilemap(volume.dm, file, { programId, alias: 'data' });
  const daemon = await startDaemon(t, path, groupId, mode, options);
  assert.equal(daemon.child.exitCode, null, daemon.output());
  return { ...volume, path, groupId, daemon };
}

async function isTrue(followed: Followed, path = followed.path): Promise<boolean> {
  const { groups } = await followed.stats.list();
  const [regions, extents] = [await sectorsByRegions(followed, groups[0]?.id ?? -1), sectorsByFilefrag(path)];
  return regions.size === extents.size && [...extents].every((sector) => regions.has(sector));
}

const regionsBecomeTrue = (followed: Followed, ms: number, path?: string): Promise<number> =>
  eventually(`the regions are the file's: ${followed.daemon.output()}`, ms, () => isTrue(followed, path));

for (const fileSystem of FILE_SYSTEMS) {
  test(`dmfilemapd follows growth that inotify tells at once, and loses no count by it, on ${fileSystem}`, async (t) => {
    const followed = await follow(t, fileSystem, 'inode');
    directRead(followed.path, { count: 8 });
    for (let step = 1; step <= 12; step++) {
      directWrite(followed.path, { count: 2, seek: 8 * step + step });
      await regionsBecomeTrue(followed, 5000);
    }
    const { readSectors } = await countsOfGroup(followed.stats, followed.groupId);
    assert.equal(readSectors, 8n * 128n);
  });

  test(`dmfilemapd sees writes by libaio and mmap, which inotify does not tell, on ${fileSystem}`, async (t) => {
    const followed = await follow(t, fileSystem, 'inode');
    // fio would unlink a file that is too short for it.
    truncateSync(followed.path, 8 << 20);
    sh(
      `fio --name=a --filename=${followed.path} --ioengine=libaio --direct=1 --rw=write --bs=64k --offset=2m --size=1m --fallocate=none 2>&1`,
    );
    await regionsBecomeTrue(followed, 7000);
    sh(
      `fio --name=m --filename=${followed.path} --ioengine=mmap --rw=write --bs=64k --offset=5m --size=1m --fsync=8 --fallocate=none 2>&1`,
    );
    await regionsBecomeTrue(followed, 7000);
  });

  test(`dmfilemapd follows buffered writes when their blocks come, on ${fileSystem}`, async (t) => {
    const followed = await follow(t, fileSystem, 'inode');
    sh(`dd if=/dev/zero of=${followed.path} bs=64k count=16 oflag=append conv=notrunc 2>&1`);
    await new Promise((resolve) => setTimeout(resolve, 300));
    sh(`sync ${followed.path}`);
    await regionsBecomeTrue(followed, 7000);
  });

  test(`dmfilemapd follows a path whose file is replaced by one of the same size, on ${fileSystem}`, async (t) => {
    const followed = await follow(t, fileSystem, 'path');
    directRead(followed.path, { count: 8 });
    directWrite(`${followed.folder}/new`, { count: 8 });
    renameSync(`${followed.folder}/new`, followed.path);
    await regionsBecomeTrue(followed, 5000);
    const { groups } = await followed.stats.list();
    const { readSectors } = await countsOfGroup(followed.stats, groups[0]?.id ?? -1);
    assert.equal(readSectors, 8n * 128n, 'what the replaced file had counted is carried');
    assert.equal(followed.daemon.child.exitCode, null);
  });

  test(`dmfilemapd lives through truncation to zero and regrowth, on ${fileSystem}`, async (t) => {
    const followed = await follow(t, fileSystem, 'inode');
    truncateSync(followed.path, 0);
    await eventually('no sector is covered', 7000, async () => {
      const { groups } = await followed.stats.list();
      return (await sectorsByRegions(followed, groups[0]?.id ?? -1)).size === 0;
    });
    directWrite(followed.path, { count: 4 });
    await regionsBecomeTrue(followed, 7000);
    assert.equal(followed.daemon.child.exitCode, null, followed.daemon.output());
  });

  test(`dmfilemapd follows a file that is defragmented or moved by reflink, on ${fileSystem}`, async (t) => {
    const followed = await follow(t, fileSystem, 'inode');
    if (fileSystem === 'xfs') {
      // A reflink copy, then an overwrite of the original: its blocks move, their number does not change.
      sh(`cp --reflink=always ${followed.path} ${followed.folder}/copy`);
    } else {
      for (let index = 0; index < 8; index++) directWrite(followed.path, { count: 1, seek: 16 + 2 * index });
      sh(`e4defrag ${followed.path} 2>&1 || true`);
    }
    directWrite(followed.path, { count: 8 });
    await regionsBecomeTrue(followed, 7000);
  });
}

test('dmfilemapd follows a file that is punched and written again between two looks', async (t) => {
  const followed = await follow(t, 'ext4', 'inode');
  const blocks = sh(`stat -c %b ${followed.path}`);
  // The blocks that were punched go to another file first, so that the same number comes from elsewhere.
  sh(
    `fallocate -p -o 131072 -l 131072 ${followed.path} && ` +
      `dd if=/dev/zero of=${followed.folder}/thief bs=128k count=1 oflag=direct 2>&1 && ` +
      `dd if=/dev/zero of=${followed.path} bs=64k seek=2 count=2 oflag=direct conv=notrunc 2>&1`,
  );
  assert.equal(sh(`stat -c %b ${followed.path}`), blocks);
  await regionsBecomeTrue(followed, 7000);
});

test('dmfilemapd updates what changed before it was started', async (t) => {
  const volume = await mountVolume(t, 'ext4');
  const path = `${volume.folder}/data`;
  directWrite(path);
  using file = openFile(path);
  const { groupId = -1 } = await createFilemap(volume.dm, file, { programId, alias: 'data' });
  directWrite(path, { count: 4, seek: 40 });
  await startDaemon(t, path, groupId, 'inode');
  assert.deepEqual(await sectorsByRegions(volume, groupId), sectorsByFilefrag(path));
});

test('dmfilemapd follows a sparse file that is filled at its head', async (t) => {
  const volume = await mountVolume(t, 'ext4');
  const path = `${volume.folder}/data`;
  directWrite(path, { count: 4, seek: 100 });
  using file = openFile(path);
  const { groupId = -1 } = await createFilemap(volume.dm, file, { programId, alias: 'data' });
  const daemon = await startDaemon(t, path, groupId, 'inode');
  directWrite(path, { count: 4 });
  await regionsBecomeTrue({ ...volume, path, groupId, daemon }, 5000);
  assert.equal(daemon.child.exitCode, null, daemon.output());
});

test('dmfilemapd ends with 0 when its group is deleted', async (t) => {
  const followed = await follow(t, 'ext4', 'inode');
  const { groups } = await followed.stats.list();
  await followed.stats.deleteGroup(groups[0] as (typeof groups)[0]);
  assert.equal(await followed.daemon.ended, 0);
  assert.match(followed.daemon.output(), /Filemap group removed: exiting\./);
  assert.deepEqual((await followed.stats.list()).regions, []);
});

test('dmfilemapd in inode mode goes on while others hold the unlinked file, and ends when they close it', async (t) => {
  const followed = await follow(t, 'ext4', 'inode');
  renameSync(followed.path, `${followed.folder}/renamed`);
  directWrite(`${followed.folder}/renamed`, { count: 4, seek: 20 });
  await regionsBecomeTrue(followed, 5000, `${followed.folder}/renamed`);
  // The holder lives in a mount name space of its own: no scan of /proc by path would find it there.
  const holder = spawn('unshare', ['-m', 'sleep', '100'], {
    stdio: ['ignore', 'ignore', 'ignore', openSync(`${followed.folder}/renamed`, 'r')],
  });
  cleanUp(t, () => holder.kill('SIGKILL'));
  closeHolderInOwnProcess(`${followed.folder}/renamed`);
  rmSync(`${followed.folder}/renamed`);
  await new Promise((resolve) => setTimeout(resolve, 6000));
  assert.equal(followed.daemon.child.exitCode, null, followed.daemon.output());
  assert.match(followed.daemon.output(), /File unlinked and open: continuing\./);
  holder.kill('SIGKILL');
  await eventually('the daemon ends', 7000, () => followed.daemon.child.exitCode !== null);
  assert.equal(await followed.daemon.ended, 0);
  assert.match(followed.daemon.output(), /File unlinked and closed: exiting\./);
});

/** The descriptor that spawn() was given stays open in the parent: it must not count as a holder. */
function closeHolderInOwnProcess(path: string): void {
  for (const name of readdirSync('/proc/self/fd')) {
    let target: string;
    try {
      target = readlinkSync(`/proc/self/fd/${name}`);
    } catch {
      continue;
    }
    if (target === path) closeSync(Number(name));
  }
}

test('dmfilemapd in path mode bears a short absence and ends after a long one', async (t) => {
  const followed = await follow(t, 'ext4', 'path');
  renameSync(followed.path, `${followed.folder}/away`);
  await new Promise((resolve) => setTimeout(resolve, 400));
  directWrite(followed.path, { count: 3 });
  await regionsBecomeTrue(followed, 5000);
  const since = performance.now();
  rmSync(followed.path);
  assert.equal(await followed.daemon.ended, 0);
  assert.ok(performance.now() - since >= 900, 'the tolerance is one second');
  assert.match(followed.daemon.output(), /File removed from its path: exiting\./);
});

test('dmfilemapd in path mode keeps descriptors and watches constant over 300 replacements', async (t) => {
  const followed = await follow(t, 'ext4', 'path', { blocks: 1 });
  const { pid } = followed.daemon.child;
  const descriptors = (): string[] => readdirSync(`/proc/${pid}/fd`);
  const watches = (): number => {
    const infos = descriptors().map((fd) => readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'utf8'));
    return infos
      .join('\n')
      .split('\n')
      .filter((line) => line.startsWith('inotify wd')).length;
  };
  const before = [descriptors().length, watches()];
  assert.equal(before[1], 1);
  for (let round = 0; round < 300; round++) {
    writeFileSync(`${followed.folder}/new`, Buffer.alloc(4096 + (round % 3) * 4096, round));
    renameSync(`${followed.folder}/new`, followed.path);
  }
  sh(`sync ${followed.path}`);
  await regionsBecomeTrue(followed, 10_000);
  assert.deepEqual([descriptors().length, watches()], before);
  const { regions } = await followed.stats.list(programId);
  assert.ok(regions.length <= 4, `${regions.length} regions for one small file`);
});

test('dmfilemapd follows its path to another device, with the group and its counts', async (t) => {
  const followed = await follow(t, 'ext4', 'path');
  directRead(followed.path, { count: 8 });
  const other = await mountVolume(t, 'xfs');
  directWrite(`${other.folder}/data`, { count: 4 });
  const link = `/tmp/link-${process.pid}`;
  sh(`ln -sfn ${followed.folder} ${link}`);
  cleanUp(t, () => sh(`rm -f ${link}`));
  followed.daemon.child.kill('SIGTERM');
  assert.equal(await followed.daemon.ended, 0);
  const daemon = await startDaemon(t, `${link}/data`, followed.groupId, 'path');
  sh(`ln -sfn ${other.folder} ${link}`);
  await eventually(
    'the group is on the other device',
    10_000,
    async () => (await other.stats.list()).groups.length === 1,
  );
  await eventually('the old group is gone', 5000, async () => (await followed.stats.list()).regions.length === 0);
  const { groups } = await other.stats.list();
  assert.equal(groups[0]?.alias, 'data');
  assert.deepEqual(await sectorsByRegions(other, groups[0]?.id ?? -1), sectorsByFilefrag(`${other.folder}/data`));
  assert.equal((await countsOfGroup(other.stats, groups[0]?.id ?? -1)).readSectors, 8n * 128n);
  daemon.child.kill('SIGTERM');
  assert.equal(await daemon.ended, 0);
});

test('dmfilemapd ends cleanly by SIGTERM and leaves the group', async (t) => {
  const followed = await follow(t, 'ext4', 'inode');
  followed.daemon.child.kill('SIGTERM');
  assert.equal(await followed.daemon.ended, 0);
  assert.equal((await followed.stats.list()).groups.length, 1);
});

test('dmfilemapd wakes at most once in 5 s on a device that is quiet', async (t) => {
  const followed = await follow(t, 'ext4', 'inode');
  // How often its event loop goes to sleep, by the kernel's own trace: context switches also count page faults.
  const events = ['sys_enter_epoll_wait', 'sys_enter_epoll_pwait'].map(
    (name) => `/sys/kernel/tracing/events/syscalls/${name}`,
  );
  for (const event of events) {
    writeFileSync(`${event}/filter`, `common_pid == ${followed.daemon.child.pid}`);
    writeFileSync(`${event}/enable`, '1');
    cleanUp(t, () => writeFileSync(`${event}/enable`, '0'));
  }
  const waits = (): string[] =>
    readFileSync('/sys/kernel/tracing/trace', 'utf8').match(/\S+: sys_epoll_p?wait\(.*timeout: (?!0,)\w+/g) ?? [];
  const writes = (): string => sh(`cut -c1-80 /sys/class/block/${followed.node.slice(5)}/stat`);
  const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
  sh('sync');
  for (let attempt = 1; ; attempt++) {
    // The file system writes on its own now and then, half a minute after the last change for example.
    for (let since = writes(); ; since = writes()) {
      await pause(12_000);
      if (since === writes()) break;
    }
    const [before, written] = [waits().length, writes()];
    await pause(20_000);
    const slept = waits().slice(before);
    if (writes() !== written && attempt < 6) continue;
    // A wait for the kernel's answer on another thread belongs to the wake-up that asked.
    const all = slept.map((line) => Number.parseFloat(line));
    const times = all.filter((time, index) => index === 0 || time - (all[index - 1] as number) > 0.2);
    const gaps = times.slice(1).map((time, index) => time - (times[index] as number));
    t.diagnostic(`wake-ups apart by ${gaps.map((gap) => gap.toFixed(2)).join(', ')} s`);
    assert.ok(gaps.length >= 2, 'it does not look at all');
    assert.ok(Math.min(...gaps) >= 4.8, `${slept.join('\n')}\n${followed.daemon.output().slice(-1500)}`);
    return;
  }
});

function launch(path: string, words: readonly string[]): SpawnSyncReturns<string> {
  const fd = openSync(path, 'r');
  try {
    return spawnSync('dmfilemapd', [...words], { stdio: ['ignore', 'pipe', 'pipe', fd], encoding: 'utf8' });
  } finally {
    closeSync(fd);
  }
}

test('dmfilemapd in the background answers when it follows, else with its reason', async (t) => {
  const volume = await mountVolume(t, 'ext4');
  const path = `${volume.folder}/data`;
  directWrite(path);
  using file = openFile(path);
  const { groupId = -1 } = await createFilemap(volume.dm, file, { programId, alias: 'data' });
  const started = launch(path, ['3', `${groupId}`, path, 'inode']);
  assert.deepEqual([started.status, started.stdout, started.stderr], [0, '', '']);
  const pid = Number(sh('pgrep -nx dmfilemapd').trim());
  cleanUp(t, () => sh(`kill -9 ${pid} 2>/dev/null || true`));
  assert.match(readFileSync(`/proc/${pid}/cmdline`, 'utf8'), /^dmfilemapd 3 0 /);
  directWrite(path, { count: 4, seek: 40 });
  await eventually(
    'growth is followed',
    5000,
    async () => (await sectorsByRegions(volume, groupId)).size === sectorsByFilefrag(path).size,
  );
  const { groups } = await volume.stats.list();
  await volume.stats.deleteGroup(groups[0] as (typeof groups)[0]);
  // A process that has ended but was not waited for has no program any more.
  await eventually('the daemon has ended', 8000, () => !existsSync(`/proc/${pid}/exe`));
  const failed = launch(path, ['3', '99999', path, 'inode']);
  assert.equal(failed.status, 1);
  assert.match(failed.stderr, /^Group ID 99999 does not exist on device \d+:\d+\n$/);
  writeFileSync('/tmp/elsewhere', 'x');
  const elsewhere = launch('/tmp/elsewhere', ['3', '0', '/tmp/elsewhere', 'inode']);
  assert.equal(elsewhere.status, 1);
  assert.match(elsewhere.stderr, /not a device-mapper device/);
});

test('dmfilemapd tells its service manager when it follows', async (t) => {
  const volume = await mountVolume(t, 'ext4');
  const path = `${volume.folder}/data`;
  directWrite(path);
  using file = openFile(path);
  const { groupId = -1 } = await createFilemap(volume.dm, file, { programId, alias: 'data' });
  const socket = `/tmp/notify-${process.pid}`;
  // Node has no datagram sockets of this family: Python listens.
  const listener = spawn('python3', [
    '-c',
    `import socket\ns=socket.socket(socket.AF_UNIX,socket.SOCK_DGRAM)\ns.bind(${JSON.stringify(socket)})\nprint('bound',flush=True)\nprint(s.recv(99).decode(),flush=True)\nprint(s.recv(99).decode(),flush=True)`,
  ]);
  let heard = '';
  listener.stdout.on('data', (chunk) => {
    heard += chunk;
  });
  cleanUp(t, () => listener.kill('SIGKILL'));
  await eventually('the listener is there', 20_000, () => heard.includes('bound'));
  process.env['NOTIFY_SOCKET'] = socket;
  const daemon = await startDaemon(t, path, groupId, 'inode');
  delete process.env['NOTIFY_SOCKET'];
  await eventually('READY=1', 5000, () => heard.includes('READY=1'));
  daemon.child.kill('SIGTERM');
  await eventually('STOPPING=1', 5000, () => heard.includes('STOPPING=1'));
});
