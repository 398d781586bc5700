/** What the tests in the lab share: volumes, file systems, I/O that is known to reach the device. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { DeviceMapper } from '../../src/mapper/device-mapper.ts';
import { sectors } from '../../src/mapper/units.ts';
import { groupCounters } from '../../src/stats/carried.ts';
import { type Counters, sumCounters } from '../../src/stats/counters.ts';
import { DeviceStats } from '../../src/stats/device-stats.ts';

export type FileSystem = 'ext4' | 'xfs';
export const FILE_SYSTEMS: readonly FileSystem[] = ['ext4', 'xfs'];

const MIB_SECTORS = 2048;
const [DISK = '/dev/vda'] = (process.env['LAB_DISKS'] ?? '/dev/vda').split(' ');
let nextSector = MIB_SECTORS;
let nextName = 0;

const cleanups = new WeakMap<TestContext, (() => unknown)[]>();

/** Has something undone after a test, last made first: node:test runs its own hooks in the order they were added. */
export function cleanUp(t: TestContext, undo: () => unknown): void {
  const known = cleanups.get(t);
  if (known !== undefined) {
    known.push(undo);
    return;
  }
  const list = [undo];
  cleanups.set(t, list);
  t.after(async () => {
    const failures: unknown[] = [];
    for (const action of list.reverse()) {
      try {
        await action();
      } catch (error) {
        failures.push(error);
      }
    }
    // Each is tried: what one test leaves behind fails the next ones.
    if (failures.length > 0) throw failures[0];
  });
}

/** Runs a shell command; its output. Fails with what it printed. */
export function sh(command: string): string {
  return execFileSync('sh', ['-c', command], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** A command's status and output, whatever they are. */
export function attempt(command: string): { status: number; stdout: string; stderr: string } {
  try {
    return { status: 0, stdout: sh(command), stderr: '' };
  } catch (error) {
    const { status, stdout, stderr } = error as { status: number; stdout: string; stderr: string };
    return { status, stdout, stderr };
  }
}

export interface Volume {
  readonly name: string;
  /** `/dev/dm-N`. */
  readonly node: string;
  readonly sectors: number;
  readonly stats: DeviceStats;
  readonly dm: DeviceMapper;
}

/** A linear volume on a scratch disk, made by this library; removed after the test. */
export async function makeVolume(t: TestContext, mib = 384): Promise<Volume> {
  const dm = DeviceMapper.open();
  const name = `t${process.pid}-${nextName++}`;
  const length = mib * MIB_SECTORS;
  const diskSectors = Number(sh(`blockdev --getsz ${DISK}`));
  if (nextSector + length > diskSectors) nextSector = MIB_SECTORS;
  await dm.create(name);
  await dm.load({ name }, [
    { start: sectors(0), length: sectors(length), type: 'linear', params: `${DISK} ${nextSector}` },
  ]);
  const { number } = await dm.resume({ name });
  nextSector += length;
  cleanUp(t, async () => {
    await dm.remove({ name });
    dm[Symbol.dispose]();
  });
  return { name, node: `/dev/dm-${number.minor}`, sectors: length, stats: new DeviceStats(dm, { name }), dm };
}

/** A mounted file system on a volume of its own; unmounted after the test. */
export async function mountVolume(
  t: TestContext,
  fileSystem: FileSystem,
  mib = 384,
): Promise<Volume & { readonly folder: string }> {
  const volume = await makeVolume(t, mib);
  sh(
    fileSystem === 'ext4'
      ? `mkfs.ext4 -q -F -E lazy_itable_init=0,lazy_journal_init=0 ${volume.node}`
      : `mkfs.xfs -q -f ${volume.node}`,
  );
  const folder = mkdtempSync(join(tmpdir(), 'dm-'));
  sh(`mount -t ${fileSystem} ${volume.node} ${folder}`);
  cleanUp(t, () => {
    sh(`umount ${folder}`);
    rmSync(folder, { recursive: true });
  });
  return { ...volume, folder };
}

/** Writes with O_DIRECT, `count` blocks of `block` bytes (such as `64k`) at block `seek`. */
export function directWrite(path: string, { block = '64k', count = 16, seek = 0 } = {}): void {
  sh(`dd if=/dev/zero of='${path}' bs=${block} count=${count} seek=${seek} oflag=direct conv=notrunc 2>&1`);
}

/** Reads with O_DIRECT from the file's beginning. */
export function directRead(path: string, { block = '64k', count = 16 } = {}): void {
  sh(`dd if='${path}' of=/dev/null bs=${block} count=${count} iflag=direct 2>&1`);
}

/** What a group has counted, with what it carries. */
export async function countsOfGroup(stats: DeviceStats, groupId: number): Promise<Counters> {
  const { regions, groups } = await stats.list();
  const group = groups.find(({ id }) => id === groupId);
  if (group === undefined) throw new Error(`there is no group ${groupId}`);
  const members = regions.filter(({ id }) => group.members.includes(id));
  return groupCounters(await Promise.all(members.map((region) => stats.counters(region))), group.carried);
}

/** What the whole device has counted in a region over all of it. */
export async function countsOfRegion(stats: DeviceStats, id: number): Promise<Counters> {
  const region = (await stats.list()).regions.find((one) => one.id === id);
  if (region === undefined) throw new Error(`there is no region ${id}`);
  return sumCounters((await stats.print(region)).map(({ counters }) => counters));
}

/** The sectors that `filefrag` (e2fsprogs, not this library) says hold the file. */
export function sectorsByFilefrag(path: string): Set<number> {
  const set = new Set<number>();
  for (const line of sh(`filefrag -b512 -v '${path}'`).split('\n')) {
    const match = /^\s*\d+:\s+\d+\.\.\s*\d+:\s+(\d+)\.\.\s*(\d+):\s*\d+:(.*)$/.exec(line);
    if (match === null || /delalloc|inline/.test(match[3] ?? '')) continue;
    for (let sector = Number(match[1]); sector <= Number(match[2]); sector++) set.add(sector);
  }
  return set;
}

/** The sectors that a group's regions cover, on a device of `size` sectors; throws when one is covered twice. */
export async function sectorsByRegions({ stats, sectors: size }: Volume, groupId: number): Promise<Set<number>> {
  const { regions, groups } = await stats.list();
  const members = groups.find(({ id }) => id === groupId)?.members ?? [];
  const set = new Set<number>();
  for (const { id, start, length } of regions) {
    if (!members.includes(id) || start >= size) continue;
    for (let sector = Number(start); sector < Number(start + length); sector++) {
      if (set.has(sector)) throw new Error(`sector ${sector} is covered twice`);
      set.add(sector);
    }
  }
  return set;
}

/** Waits until a condition holds; throws with `what`, as it is then, after `ms`. Returns how long it took. */
export async function eventually(
  what: string | (() => string),
  ms: number,
  condition: () => boolean | Promise<boolean>,
): Promise<number> {
  const start = performance.now();
  while (!(await condition())) {
    if (performance.now() - start > ms)
      throw new Error(`not within ${ms} ms: ${typeof what === 'string' ? what : what()}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return performance.now() - start;
}

export interface Daemon {
  readonly child: ChildProcess;
  readonly output: () => string;
  readonly ended: Promise<number>;
}

/** The package's dmfilemapd in the foreground, following; killed after the test if need be. */
export async function startDaemon(
  t: TestContext,
  path: string,
  groupId: number,
  mode: 'inode' | 'path',
  options: readonly string[] = [],
): Promise<Daemon> {
  const fd = openSync(path, 'r');
  const words = ['3', `${groupId}`, path, mode, '1', '3', ...options];
  const child = spawn('dmfilemapd', words, { stdio: ['ignore', 'pipe', 'pipe', fd] });
  closeSync(fd);
  let text = '';
  child.stdout?.on('data', (chunk) => {
    text += chunk;
  });
  child.stderr?.on('data', (chunk) => {
    text += chunk;
  });
  const ended = new Promise<number>((resolve) => {
    child.on('exit', (code, signal) => resolve(code ?? (signal === null ? -1 : 128)));
  });
  cleanUp(t, async () => {
    child.kill('SIGKILL');
    await ended;
  });
  await eventually(
    () => `dmfilemapd follows ${path}: ${text}`,
    20_000,
    () => text.includes('Following') || child.exitCode !== null,
  );
  return { child, output: () => text, ended };
}
