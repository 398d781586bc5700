/** What the tests of dmlogd on a real kernel share. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { cleanUp, eventually, makeVolume, sh, type Volume } from './support.ts';

export const MIB_SECTORS = 2048;
/** The C tool: it starts in an emulated machine in a tenth of the time, and is asked often. */
export const DMSETUP = '/sbin/dmsetup';
/** Regions of 128 KiB: few enough for an emulated machine. */
export const REGION_SECTORS = 256;

export interface Server {
  readonly child: ChildProcess;
  readonly output: () => string;
  /** Ends it at once, as a crash does. */
  kill(): Promise<void>;
  /** Ends it as an administrator does. */
  stop(): Promise<void>;
}

const enders = new WeakMap<TestContext, (() => Promise<void>)[]>();

/**
 * Has all servers of a test ended after what is made from now on is undone, whenever they are started: a mirror whose
 * flush is still to come is removed only when a server answers it.
 */
export function endServersLast(t: TestContext): (() => Promise<void>)[] {
  const known = enders.get(t);
  if (known !== undefined) return known;
  const list: (() => Promise<void>)[] = [];
  enders.set(t, list);
  cleanUp(t, () => Promise.all(list.map((end) => end())));
  return list;
}

/** dmlogd in the foreground, ready; ended after the test, see `endServersLast()`. */
export async function startServer(t: TestContext, options: readonly string[] = []): Promise<Server> {
  const child = spawn('dmlogd', ['serve', ...options], { stdio: ['ignore', 'pipe', 'pipe'] });
  let text = '';
  child.stdout.on('data', (chunk) => {
    text += chunk;
  });
  child.stderr.on('data', (chunk) => {
    text += chunk;
  });
  const ended = new Promise((resolve) => child.on('exit', resolve));
  const end = async (signal: 'SIGKILL' | 'SIGTERM'): Promise<void> => {
    child.kill(signal);
    await ended;
  };
  endServersLast(t).push(() => end('SIGKILL'));
  await eventually('dmlogd is ready', 180_000, () => text.startsWith('ready\n') || child.exitCode !== null);
  assert.match(text, /^ready\n/, text);
  return { child, output: () => text, kill: () => end('SIGKILL'), stop: () => end('SIGTERM') };
}

let nextUuid = 0;

export interface MirrorOptions {
  /** The log's words behind the uuid, such as `disk 254:3 256 nosync`. */
  readonly log: string;
  readonly integrated?: boolean;
  /** Words behind the legs. */
  readonly features?: string;
  readonly uuid?: string;
}

export interface Mirror {
  readonly name: string;
  /** `/dev/mapper/NAME`. */
  readonly node: string;
  readonly uuid: string;
  readonly regions: number;
  readonly legs: readonly [Volume, Volume];
  /** A table with another log, or other features. */
  table(options: MirrorOptions | { readonly kernelLog: string }): string;
  /** Regions that are in sync, as the kernel's status has it. */
  inSync(): number;
}

/** A mirror of two legs, made with dmsetup; removed after the test. */
export async function makeMirror(
  t: TestContext,
  options: MirrorOptions | { readonly kernelLog: string },
  legs: readonly [Volume, Volume],
): Promise<Mirror> {
  const uuid = `LVM-test-${process.pid}-${nextUuid++}`;
  const name = `mirror${process.pid}-${nextUuid}`;
  const length = legs[0].sectors;
  const table: Mirror['table'] = (wanted) => {
    const places = `2 ${legs[0].node} 0 ${legs[1].node} 0`;
    if ('kernelLog' in wanted) return `0 ${length} mirror ${wanted.kernelLog} ${places} 1 handle_errors`;
    const words = `${wanted.uuid ?? uuid}${wanted.integrated === true ? ' integrated_flush' : ''} ${wanted.log}`;
    const features = wanted.features ?? '1 handle_errors';
    return `0 ${length} mirror userspace ${words.split(' ').length} ${words} ${places} ${features}`;
  };
  sh(`${DMSETUP} create ${name} --table '${table(options)}'`);
  cleanUp(t, () => sh(`${DMSETUP} remove --retry ${name}`));
  return {
    name,
    node: `/dev/mapper/${name}`,
    uuid,
    regions: length / REGION_SECTORS,
    legs,
    table,
    inSync: () => Number(/ (\d+)\/\d+ 1 /.exec(sh(`${DMSETUP} status ${name}`))?.[1]),
  };
}

/** Two legs of so many MiB. With `random` the first is filled with what the second does not have. */
export async function makeLegs(t: TestContext, mib: number, { random = false } = {}): Promise<[Volume, Volume]> {
  const legs: [Volume, Volume] = [await makeVolume(t, mib), await makeVolume(t, mib)];
  for (const { node } of legs) sh(`dd if=/dev/zero of=${node} bs=1M count=${mib} oflag=direct 2>&1`);
  if (random) sh(`dd if=/dev/urandom of=${legs[0].node} bs=1M count=${mib} oflag=direct 2>&1`);
  return legs;
}

/** A digest of what a device holds, read past the page cache. */
export function digest(node: string): string {
  return sh(`dd if=${node} bs=1M iflag=direct 2>/dev/null | sha256sum`).trim();
}

export function assertLegsEqual({ legs }: Mirror): void {
  assert.equal(digest(legs[0].node), digest(legs[1].node), 'the legs are equal');
}

/** Waits until all regions are in sync. */
export async function allInSync(mirror: Mirror, ms = 120_000): Promise<void> {
  await eventually(`${mirror.name} is in sync`, ms, async () => {
    await new Promise((resolve) => setTimeout(resolve, 200));
    return mirror.inSync() === mirror.regions;
  });
}

export interface Written {
  readonly writes: number;
  readonly longestMs: number;
  readonly errors: number;
  readonly wrong: number;
  /** Begin and end of the writes that took more than 0.1 s, on the machine's clock, in milliseconds. */
  readonly slow: readonly (readonly [number, number])[];
}

export interface Writer {
  readonly child: ChildProcess;
  end(): Promise<Written>;
}

/** Writes to a device until `end()`, which says what came of it. */
export async function startWriter(t: TestContext, node: string, mib: number): Promise<Writer> {
  const script = fileURLToPath(new URL('./mirror-writer.js', import.meta.url));
  const child = spawn(process.execPath, [script, node, String(mib * 256)], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.on('data', (chunk) => {
    text += chunk;
  });
  const ended = new Promise((resolve) => child.on('exit', resolve));
  cleanUp(t, async () => {
    child.kill('SIGKILL');
    await ended;
  });
  await eventually('the writer writes', 180_000, () => text.startsWith('writing\n'));
  return {
    child,
    async end() {
      child.kill('SIGTERM');
      await ended;
      const result: Written = JSON.parse(text.trim().split('\n').at(-1) ?? '');
      return result;
    },
  };
}

/** When a server was ended and when its successor was ready, on the machine's clock, in milliseconds. */
export interface Change {
  readonly endedMs: number;
  readonly readyMs: number;
}

/** Ends the server, starts the next, and says when. */
export async function changeServer(
  t: TestContext,
  server: Server,
  how: 'kill' | 'stop',
): Promise<{ readonly server: Server; readonly change: Change }> {
  const endedMs = Date.now();
  await server[how]();
  const next = await startServer(t);
  return { server: next, change: { endedMs, readyMs: Date.now() } };
}

/** How long writes that a change of servers has delayed were delayed beyond it, in milliseconds; 0 when not at all. */
export function stallsAfter(changes: readonly Change[], { slow }: Written): number[] {
  return changes.map(({ endedMs, readyMs }, index) => {
    // What was not answered before the next server died too waited for that one's successor.
    const nextEndedMs = changes[index + 1]?.endedMs ?? Number.POSITIVE_INFINITY;
    const waits = slow.filter(([from, to]) => from < readyMs && to > endedMs && to < nextEndedMs);
    return Math.max(0, ...waits.map(([, to]) => to - readyMs));
  });
}
