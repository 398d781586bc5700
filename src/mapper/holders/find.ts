import { readdir, readFile, readlink, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type DeviceNumber, decodeDeviceNumber } from '../../kernel/dm-ioctl.ts';
import { type Clock, systemClock } from '../../system/clock.ts';
import type { Holder } from './holder.ts';
import { parseMountinfo, parseSwaps } from './parse.ts';

/** Where to look for who holds a device; the machine's own where not given. */
export interface HolderSearch {
  /** The folder that has `proc`, `sys` and the device nodes below it. */
  readonly root?: string;
  /** The block device that a path is or leads to; undefined when it is none. */
  readonly blockNumber?: (path: string) => Promise<DeviceNumber | undefined>;
  /** No more than this many holders of each kind. */
  readonly limit?: number;
  /** Processes of which the descriptors are not known within so many milliseconds are left out; 2 000 when not given. */
  readonly deadlineMs?: number;
  readonly clock?: Clock;
}

const LIMIT = 64;
const DEADLINE_MS = 2_000;

type Look = Required<Pick<HolderSearch, 'root' | 'blockNumber' | 'limit'>> & { readonly number: DeviceNumber };

// Processes and devices come and go while we look, and some may not be looked at: what cannot be read holds nothing.
const orElse = <T>(reading: Promise<T>, otherwise: T): Promise<T> => reading.catch(() => otherwise);

async function pathNumber(path: string): Promise<DeviceNumber | undefined> {
  const found = await orElse(stat(path, { bigint: true }), undefined);
  return found?.isBlockDevice() ? decodeDeviceNumber(found.rdev) : undefined;
}

/**
 * Who holds a block device: devices on top of it, mounts in all mount name spaces that have a process, swap, loop
 * devices and processes with open descriptors. As far as this process may look: other users' processes need root, and
 * other pid name spaces are out of sight.
 */
export async function findHolders(
  number: DeviceNumber,
  {
    root = '/',
    blockNumber = pathNumber,
    limit = LIMIT,
    deadlineMs = DEADLINE_MS,
    clock = systemClock,
  }: HolderSearch = {},
): Promise<Holder[]> {
  const look = { root, blockNumber, limit, number };
  const pids = (await orElse(readdir(join(root, 'proc')), []))
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .sort((one, other) => one - other);
  const found = await Promise.all([mounts(look, pids), swaps(look), devicesOnTop(look), loops(look)]);
  const opened: Holder[] = [];
  // All descriptors of a large machine take long, one of a file on a dead NFS server for ever.
  const stop = new AbortController();
  try {
    await Promise.race([openers(look, pids, opened, stop.signal), clock.sleep(deadlineMs, stop.signal)]);
  } finally {
    stop.abort();
  }
  return [...found, opened].flatMap((holders) => holders.slice(0, limit));
}

const isIt = ({ number }: Look, other: DeviceNumber | undefined): boolean =>
  number.major === other?.major && number.minor === other.minor;

const text = ({ root }: Look, path: string): Promise<string> => orElse(readFile(join(root, path), 'utf8'), '');
const names = ({ root }: Look, path: string): Promise<string[]> => orElse(readdir(join(root, path)), []);
const link = ({ root }: Look, path: string): Promise<string> => orElse(readlink(join(root, path)), '');

async function mounts(look: Look, pids: readonly number[]): Promise<Holder[]> {
  const own = await link(look, 'proc/self/ns/mnt');
  // Own name space first: a mount that is in it too is named without a process.
  const spaces = new Map<string, number | undefined>([[own, undefined]]);
  for (const pid of pids) {
    const space = await link(look, `proc/${pid}/ns/mnt`);
    if (space !== '' && !spaces.has(space)) spaces.set(space, pid);
  }
  const holders = new Map<number, Holder>();
  for (const pid of spaces.values()) {
    for (const mount of parseMountinfo(await text(look, `proc/${pid ?? 'self'}/mountinfo`))) {
      if (holders.has(mount.id) || !(await isMountOf(look, mount))) continue;
      holders.set(mount.id, { kind: 'mount', path: mount.path, fileSystem: mount.fileSystem, pid });
    }
  }
  return [...holders.values()];
}

/** File systems over several devices, such as btrfs, have numbers of their own (major 0); their source is a device. */
async function isMountOf(look: Look, { number, source }: { number: DeviceNumber; source: string }): Promise<boolean> {
  if (number.major !== 0 || !source.startsWith('/')) return isIt(look, number);
  return isIt(look, await look.blockNumber(join(look.root, source)));
}

async function swaps(look: Look): Promise<Holder[]> {
  const holders: Holder[] = [];
  for (const path of parseSwaps(await text(look, 'proc/swaps'))) {
    if (isIt(look, await look.blockNumber(join(look.root, path)))) holders.push({ kind: 'swap', path });
  }
  return holders;
}

async function devicesOnTop(look: Look): Promise<Holder[]> {
  const { major, minor } = look.number;
  const holders: Holder[] = [];
  for (const node of await names(look, `sys/dev/block/${major}:${minor}/holders`)) {
    const name = (await text(look, `sys/block/${node}/dm/name`)).replace(/\n$/, '');
    holders.push({ kind: 'device', name: name === '' ? node : name });
  }
  return holders;
}

async function loops(look: Look): Promise<Holder[]> {
  const holders: Holder[] = [];
  for (const name of await names(look, 'sys/block')) {
    if (!name.startsWith('loop')) continue;
    const path = (await text(look, `sys/block/${name}/loop/backing_file`)).replace(/\n$/, '');
    if (path !== '' && isIt(look, await look.blockNumber(join(look.root, path)))) holders.push({ kind: 'loop', name });
  }
  return holders;
}

/** Adds the processes to `holders` one by one, until there are enough or `signal` fires. */
async function openers(look: Look, pids: readonly number[], holders: Holder[], signal: AbortSignal): Promise<void> {
  for (const pid of pids) {
    if (holders.length === look.limit || signal.aborted) return;
    const fds = await names(look, `proc/${pid}/fd`);
    const opened = await Promise.all(fds.map((fd) => look.blockNumber(join(look.root, `proc/${pid}/fd/${fd}`))));
    if (!opened.some((number) => isIt(look, number))) continue;
    const command = (await text(look, `proc/${pid}/comm`)).replace(/\n$/, '');
    holders.push({ kind: 'open', pid, command: command === '' ? '?' : command });
  }
}
