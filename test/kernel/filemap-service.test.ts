import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import test, { type TestContext } from 'node:test';
import { createFilemap } from '../../src/filemap/filemap.ts';
import { fileOfDescriptor } from '../../src/filemap/open-file.ts';
import {
  controlPath,
  followFilemap,
  releaseFromService,
  SERVICE_FOLDER,
  serviceStatus,
} from '../../src/filemapd/service/client.ts';
import type { FileStatus, ServiceStatus } from '../../src/filemapd/service/status.ts';
import { sectors } from '../../src/mapper/units.ts';
import { DeviceStats } from '../../src/stats/device-stats.ts';
import { LOOK_AHEAD_PROGRAM } from '../../src/stats/owner.ts';
import {
  attempt,
  cleanUp,
  countsOfGroup,
  directRead,
  directWrite,
  eventually,
  makeVolume,
  mountVolume,
  sectorsByFilefrag,
  sectorsByRegions,
  sh,
  startDaemon,
  type Volume,
} from './support.ts';

/** Everything here takes a few seconds at most; an emulated guest on a busy machine may need many times that. */
const PATIENCE_MS = 60_000;

interface Service {
  readonly child: ChildProcess;
  readonly output: () => string;
  readonly ended: Promise<number>;
}

/** The package's service, ready; killed after the test if need be. */
async function startService(t: TestContext): Promise<Service> {
  await eventually('the daemons of other tests have ended', PATIENCE_MS, () => daemons() === '');
  const child = spawn('dmfilemapd', ['service', '-v'], { stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk) => {
      text += chunk;
    });
  }
  const ended = new Promise<number>((resolve) => {
    child.on('exit', (code) => resolve(code ?? 128));
  });
  cleanUp(t, async () => {
    child.kill('SIGKILL');
    await ended;
    rmSync(SERVICE_FOLDER, { recursive: true, force: true });
  });
  await eventually(
    () => `the service is ready: ${text}`,
    PATIENCE_MS,
    () => text.includes('ready\n') || child.exitCode !== null,
  );
  assert.equal(child.exitCode, null, text);
  return { child, output: () => text, ended };
}

// In this process: each start of a command costs seconds in an emulated guest.
const status = (): Promise<ServiceStatus> => serviceStatus(SERVICE_FOLDER);
const fileStatus = async (path: string): Promise<FileStatus | undefined> =>
  (await status()).files.find((file) => file.path === path);
// Without zombies: nobody waits for the orphans of an emulated guest.
const daemons = (): string => attempt('pgrep -x -r S,R,D dmfilemapd').stdout.trim();

/** What `dmstats create --filemap` does with a file. */
async function mapAndFollow({ dm }: Volume, path: string, mode: 'inode' | 'path' = 'inode'): Promise<number> {
  const fd = openSync(path, 'r');
  using file = fileOfDescriptor(fd);
  const alias = path.slice(path.lastIndexOf('/') + 1);
  const { groupId = -1 } = await createFilemap(dm, file, { programId: 'dmstats', alias });
  await followFilemap({ fd, groupId, path, mode });
  return groupId;
}

async function isTrue(volume: Volume, path: string): Promise<boolean> {
  const { groups } = await volume.stats.list();
  const alias = path.slice(path.lastIndexOf('/') + 1);
  const group = groups.find((one) => one.alias === alias);
  if (group === undefined) return false;
  const [regions, extents] = [await sectorsByRegions(volume, group.id), sectorsByFilefrag(path)];
  return regions.size === extents.size && [...extents].every((sector) => regions.has(sector));
}

const becomesTrue = (volume: Volume, path: string, service: Service, ms = PATIENCE_MS): Promise<number> =>
  eventually(
    () => `the regions are those of ${path}: ${service.output()}`,
    ms,
    () => isTrue(volume, path),
  );

test('dmfilemapd service follows the files of two devices for dmstats create --filemap, in one process', async (t) => {
  const service = await startService(t);
  assert.equal(statSync(controlPath(SERVICE_FOLDER)).mode & 0o777, 0o600);
  assert.equal(statSync(SERVICE_FOLDER).mode & 0o777, 0o700);
  const one = await mountVolume(t, 'ext4');
  const two = await mountVolume(t, 'xfs');
  const [a, b] = [`${one.folder}/a`, `${two.folder}/b`];
  directWrite(a, { count: 8 });
  directWrite(b, { count: 8 });
  sh(`dmstats create --filemap ${a}`);
  assert.equal(daemons(), `${service.child.pid}`);
  await mapAndFollow(two, b, 'path');
  directRead(a, { count: 8 });
  // Growth.
  directWrite(a, { count: 8, seek: 8 });
  directWrite(b, { count: 8, seek: 8 });
  await becomesTrue(one, a, service);
  await becomesTrue(two, b, service);
  const grown = await fileStatus(a);
  const counts = await countsOfGroup(one.stats, grown?.group_id ?? -1);
  // The growth was held by look-ahead regions, as far as it is not told as missed.
  assert.deepEqual(
    [counts.readSectors, Number(counts.writeSectors) * 512 + (grown?.missed_bytes ?? 0)],
    [1024n, 524288],
  );
  // Replacement, in path mode.
  directWrite(`${two.folder}/new`, { count: 3 });
  renameSync(`${two.folder}/new`, b);
  await becomesTrue(two, b, service);
  let known = await fileStatus(b);
  // What the status says may be as old as the time between two looks.
  await eventually('the status tells the new size', PATIENCE_MS, async () => {
    known = await fileStatus(b);
    return known?.mapped_bytes === 3 * 65536;
  });
  assert.equal(known?.state, 'following');
  assert.equal(known?.device_name, two.name);
  assert.ok(Date.parse(known?.last_change ?? '') > 0);
  // Deletion ends following; the group stays, as with a daemon of its own.
  rmSync(b);
  await eventually('the deleted file is not followed', PATIENCE_MS, async () => (await fileStatus(b)) === undefined);
  assert.equal((await two.stats.list()).groups.length, 1);
  // A deleted group ends following, too.
  for (const group of (await one.stats.list()).groups) await one.stats.deleteGroup(group);
  await eventually(
    'the file without a group is not followed',
    PATIENCE_MS,
    async () => (await fileStatus(a)) === undefined,
  );
  // A clean end.
  service.child.kill('SIGTERM');
  assert.equal(await service.ended, 0);
  assert.deepEqual((await one.stats.list()).regions, []);
});

test('dmfilemapd service goes on with its files after a kill -9, and with those that were changed meanwhile', async (t) => {
  const volume = await mountVolume(t, 'ext4');
  const [grown, renamed, gone] = ['grown', 'renamed', 'gone'].map((name) => `${volume.folder}/${name}`) as [
    string,
    string,
    string,
  ];
  const first = await startService(t);
  for (const path of [grown, renamed, gone]) {
    directWrite(path, { count: 4 });
    await mapAndFollow(volume, path);
  }
  directRead(grown, { count: 4 });
  renameSync(renamed, `${renamed}2`);
  await eventually('the new name is known', PATIENCE_MS, async () => (await fileStatus(`${renamed}2`)) !== undefined);
  first.child.kill('SIGKILL');
  await first.ended;
  directWrite(grown, { count: 4, seek: 4 });
  rmSync(gone);
  const second = await startService(t);
  await becomesTrue(volume, grown, second);
  assert.deepEqual(
    (await status()).files.map(({ path, state }) => [path, state]),
    [
      [grown, 'following'],
      [`${renamed}2`, 'following'],
    ],
  );
  assert.match(second.output(), /gone: not followed any more: it is not there/);
  assert.equal((await countsOfGroup(volume.stats, (await fileStatus(grown))?.group_id ?? -1)).readSectors, 4n * 128n);
  // A clean end keeps the list as well; nothing of the look-ahead is left by either.
  second.child.kill('SIGTERM');
  assert.equal(await second.ended, 0);
  assert.deepEqual((await volume.stats.list(LOOK_AHEAD_PROGRAM)).regions, []);
  await startService(t);
  assert.equal((await status()).files.length, 2);
});

test('dmfilemapd service goes on with a path that names a file on another device by now', async (t) => {
  const [one, two] = [await mountVolume(t, 'ext4'), await mountVolume(t, 'xfs')];
  for (const { folder } of [one, two]) directWrite(`${folder}/data`, { count: 4 });
  const link = `/tmp/link-${process.pid}`;
  cleanUp(t, () => sh(`rm -f ${link}`));
  sh(`ln -sfn ${one.folder} ${link}`);
  const path = `${link}/data`;
  const first = await startService(t);
  await mapAndFollow(one, path, 'path');
  directRead(path, { count: 4 });
  first.child.kill('SIGKILL');
  await first.ended;
  sh(`ln -sfn ${two.folder} ${link}`);
  const second = await startService(t);
  await becomesTrue(two, path, second);
  assert.equal((await fileStatus(path))?.device_name, two.name, second.output());
  assert.equal((await countsOfGroup(two.stats, (await fileStatus(path))?.group_id ?? -1)).readSectors, 4n * 128n);
  assert.deepEqual((await one.stats.list()).regions, []);
});

test('a group is followed by the service or by a daemon of its own, not by both', async (t) => {
  const service = await startService(t);
  const volume = await mountVolume(t, 'ext4');
  const path = `${volume.folder}/data`;
  directWrite(path, { count: 4 });
  const groupId = await mapAndFollow(volume, path);
  const daemon = await startDaemon(t, path, groupId, 'inode');
  assert.equal(await daemon.ended, 1);
  assert.match(daemon.output(), /is followed by another dmfilemapd/);
  assert.equal(await releaseFromService(SERVICE_FOLDER, path), 1);
  assert.deepEqual((await status()).files, []);
  assert.equal((await volume.stats.list()).groups.length, 1, service.output());
  const alone = await startDaemon(t, path, groupId, 'inode');
  assert.equal(alone.child.exitCode, null);
  // What is followed already is what the user wants; the service does not take it over.
  assert.equal(attempt(`dmstats update_filemap --groupid ${groupId} ${path}`).status, 0);
  assert.deepEqual((await status()).files, []);
});

test('dmstats create --filemap with a pattern has files followed as they come, and let go as they go', async (t) => {
  const volume = await mountVolume(t, 'xfs');
  const pattern = `${volume.folder}/*.img`;
  assert.match(attempt(`dmstats create --filemap '${pattern}'`).stderr, /^no dmfilemapd service runs: [^\n]*\n$/);
  const service = await startService(t);
  directWrite(`${volume.folder}/one.img`, { count: 4 });
  directWrite(`${volume.folder}/other`, { count: 4 });
  mkdirSync(`${volume.folder}/folder.img`);
  const { stdout, stderr } = attempt(`dmstats create --filemap '${pattern}'`);
  assert.match(stdout, /one\.img: Created new group with 1 region\(s\) as group ID 0\.\n.*Following 1 file\(s\)/);
  assert.equal(stderr, '');
  directWrite(`${volume.folder}/two.img`, { count: 6 });
  await becomesTrue(volume, `${volume.folder}/two.img`, service);
  directWrite(`${volume.folder}/three`, { count: 2 });
  renameSync(`${volume.folder}/three`, `${volume.folder}/three.img`);
  await becomesTrue(volume, `${volume.folder}/three.img`, service);
  assert.equal((await status()).patterns[0]?.file_count, 3);
  // It came to be while its folder was watched: what it has was written without a region. The past of the first is not ours.
  const seen = async (name: string) => {
    const { missed_bytes, coverage_ratio } = (await fileStatus(`${volume.folder}/${name}`)) ?? {};
    return { missed_bytes, coverage_ratio };
  };
  assert.deepEqual(await seen('three.img'), { missed_bytes: 2 * 65536, coverage_ratio: 0 });
  assert.deepEqual(await seen('one.img'), { missed_bytes: 0, coverage_ratio: 1 });
  rmSync(`${volume.folder}/one.img`);
  const aliases = async (): Promise<string[]> => (await volume.stats.list()).groups.map(({ alias }) => alias).sort();
  await eventually('the group of the deleted file is gone', PATIENCE_MS, async () => (await aliases()).length === 2);
  assert.deepEqual(await aliases(), ['three.img', 'two.img']);
  // A restart goes on with the pattern.
  service.child.kill('SIGKILL');
  await service.ended;
  rmSync(`${volume.folder}/two.img`);
  directWrite(`${volume.folder}/four.img`, { count: 2 });
  await startService(t);
  assert.deepEqual(await aliases(), ['four.img', 'three.img']);
  assert.equal(await releaseFromService(SERVICE_FOLDER, pattern), 2);
  assert.deepEqual(await status(), { files: [], patterns: [] });
});

/** A file system on a device whose lower one can be suspended, so that its I/O hangs and nothing else. */
async function mountHanging(t: TestContext) {
  const bottom = await makeVolume(t, 128);
  const { dm } = bottom;
  const name = `${bottom.name}-top`;
  await dm.create(name);
  const table = { start: sectors(0), length: sectors(bottom.sectors), type: 'linear', params: `${bottom.node} 0` };
  await dm.load({ name }, [table]);
  const { number } = await dm.resume({ name });
  cleanUp(t, () => dm.remove({ name }));
  const node = `/dev/dm-${number.minor}`;
  const folder = sh('mktemp -d').trim();
  sh(`mkfs.ext4 -q -F -E lazy_itable_init=0,lazy_journal_init=0 ${node} && mount ${node} ${folder}`);
  cleanUp(t, () => sh(`umount ${folder}`));
  let isSuspended = false;
  const resume = async (): Promise<void> => {
    if (isSuspended) await dm.resume({ name: bottom.name });
    isSuspended = false;
  };
  cleanUp(t, resume);
  const suspend = async (): Promise<void> => {
    // A journal that is being committed when its device stops would hold allocations back, too.
    sh(`sync -f ${folder}`);
    await dm.suspend({ name: bottom.name }, { noflush: true, skipLockfs: true });
    isSuspended = true;
  };
  return { ...bottom, name, node, folder, stats: new DeviceStats(dm, { name }), suspend, resume };
}

test('a suspended device delays no file of the service on another, and is followed again when it answers', async (t) => {
  const healthy = await mountVolume(t, 'ext4');
  const hanging = await mountHanging(t);
  // Last, so that it ends before what its files lie on is unmounted.
  const service = await startService(t);
  const [stuck, other, data] = [`${hanging.folder}/stuck`, `${hanging.folder}/other`, `${healthy.folder}/data`];
  for (const path of [stuck, other, data]) {
    directWrite(path, { count: 4 });
    // The path is looked at with every look, in a folder of the device that hangs.
    await mapAndFollow(healthy, path, 'path');
  }
  await hanging.suspend();
  // This read hangs, and a new region waits for it. Of another file: it holds its inode, which growth wants.
  const reader = spawn('dd', [`if=${other}`, 'of=/dev/null', 'bs=64k', 'count=1', 'iflag=direct'], { stdio: 'ignore' });
  const read = new Promise((resolve) => reader.on('exit', resolve));
  const growth = spawn('fallocate', ['-o', '1M', '-l', '64K', stuck], { stdio: 'ignore' });
  const grown = new Promise((resolve) => growth.on('exit', resolve));
  const told = async (): Promise<string> => `${JSON.stringify(await status())}\n${service.output()}`;
  let last = '';
  await eventually(
    () => `the service says that the device hangs: ${last}`,
    PATIENCE_MS,
    async () => {
      last = await told();
      return (await fileStatus(stuck))?.state === 'stuck';
    },
  );
  directWrite(data, { count: 4, seek: 4 });
  const delayMs = await becomesTrue(healthy, data, service);
  t.diagnostic(`growth on the other device has its regions after ${Math.round(delayMs)} ms`);
  // Also a path that names another file.
  directWrite(`${healthy.folder}/new`, { count: 3 });
  renameSync(`${healthy.folder}/new`, data);
  await becomesTrue(healthy, data, service);
  assert.deepEqual(
    (await status()).files.map(({ path, state }) => [path, state]).sort(),
    [
      [data, 'following'],
      [other, 'stuck'],
      [stuck, 'stuck'],
    ].sort(),
  );
  await hanging.resume();
  await Promise.all([read, grown]);
  await becomesTrue(hanging, stuck, service);
  await eventually(
    () => `nothing hangs any more: ${last}`,
    PATIENCE_MS,
    async () => {
      last = await told();
      return (await status()).files.every(({ state, reason }) => state === 'following' && reason === null);
    },
  );
});

const REFUSED = [
  ['status', /^no dmfilemapd service runs: nobody listens on \/run\/dmfilemapd\/control/],
  ['release /nowhere', /^no dmfilemapd service runs/],
  ['release', /^release takes one file or pattern\n/],
  ['service extra', /^service takes no words/],
  ['service --look-ahead-memory many', /^Invalid --look-ahead-memory argument "many"/],
  ['status --verbose', /^Cannot use --verbose with status/],
] as const;

test('dmfilemapd refuses in one line what it cannot do', () => {
  for (const [words, message] of REFUSED) {
    const { status, stdout, stderr } = attempt(`dmfilemapd ${words}`);
    assert.deepEqual([status, stdout, stderr.split('\n').length], [1, '', 2]);
    assert.match(stderr, message);
  }
});

test('a second service is refused, and so are files and patterns that cannot be followed', async (t) => {
  await startService(t);
  const second = attempt('dmfilemapd service');
  assert.deepEqual([second.status, second.stdout], [1, '']);
  assert.match(second.stderr, /^a dmfilemapd service runs already: [^\n]*\n$/);
  const volume = await mountVolume(t, 'ext4');
  for (const [pattern, message] of [
    [`${volume.folder}/no/*.img`, /there is no folder/],
    [`${volume.folder}/*/x.img`, /wildcards may stand in the last part/],
    ['/tmp/*.img', /not a device-mapper device/],
    [`${volume.folder}/[a.img`, /"\[" without its "\]"/],
  ] as const) {
    const { status, stdout, stderr } = attempt(`dmstats create --filemap '${pattern}'`);
    assert.deepEqual([status, stdout, stderr.split('\n').length], [1, '', 2], stderr);
    assert.match(stderr, message);
  }
  assert.deepEqual(JSON.parse(sh('dmfilemapd status --json')), {
    schema: 1,
    command: 'status',
    files: [],
    patterns: [],
  });
  assert.deepEqual((await volume.stats.list()).regions, []);
});
