/** The kernel of the lab as one side of the comparison. Only for a guest that nothing else uses. */
import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { release, version } from 'node:os';
import { setTimeout } from 'node:timers/promises';
import { DM_FLAGS, type DmCommand, DmIoctl, DmNameList, DmTargetVersions } from '../../src/kernel/index.ts';
import { type ControlNode, openControlNode } from '../../src/mapper/control-node.ts';
import { deviceMapperMajor } from '../../src/mapper/nodes.ts';
import type { KernelRelease } from '../../src/simulator/index.ts';
import { hasCode } from '../../src/system/errors.ts';
import { DISK_SECTORS, DISKS } from './generator.ts';
import { type IoctlOperation, requestBytes } from './operation.ts';
import { COW_DISK, LOG_DISK, METADATA_DISK } from './target-lines.ts';
import type { Surroundings, World } from './world.ts';

/** The guest's kernel, ready to be compared. */
export interface LabKernel extends Disposable {
  readonly surroundings: Surroundings;
  makeWorld(): World;
}

const MODULES = ['dm-zero', 'dm-delay', 'dm-flakey', 'dm-snapshot', 'dm-mirror', 'dm-thin-pool'];
const WIPED = new Uint8Array(64 * 1024);
const FIXED_IN_6_1 = 192;
// The kernel tells udev of an event before it has let go of the number.
const AFTER_REMOVAL_MS = 3;

function call(node: ControlNode, command: DmCommand, more: Partial<IoctlOperation> = {}): Uint8Array {
  const bytes = requestBytes({ kind: 'ioctl', node: 0, command, ...more });
  node.ioctl(command, bytes);
  return bytes;
}

/** Walks records that say how far the next one is. */
function* records(bytes: Uint8Array, nextAt: (at: number) => number): Generator<number> {
  const { dataStart, dataSize } = DmIoctl.at(bytes);
  if (dataSize <= dataStart) return;
  for (let at = dataStart; ; at += nextAt(at)) {
    yield at;
    if (nextAt(at) === 0) return;
  }
}

function textAt(bytes: Uint8Array, at: number): string {
  return Buffer.from(bytes.subarray(at, bytes.indexOf(0, at))).toString('latin1');
}

function deviceNumbers(node: ControlNode): bigint[] {
  const bytes = call(node, 'DM_LIST_DEVICES');
  return [...records(bytes, (at) => DmNameList.at(bytes, at).next)].map((at) => DmNameList.at(bytes, at).dev);
}

function loadedTargets(node: ControlNode): string[] {
  const bytes = call(node, 'DM_LIST_VERSIONS');
  return [...records(bytes, (at) => DmTargetVersions.at(bytes, at).next)].map((at) =>
    textAt(bytes, at + DmTargetVersions.size),
  );
}

const diskCount = (): number => readdirSync('/sys/block').filter((name) => name.startsWith('dm-')).length;

/** Whether a deferred removal is about to take a device, or just has. */
function isLeaving(node: ControlNode, dev: bigint): boolean {
  try {
    const { flags, openCount } = DmIoctl.at(call(node, 'DM_DEV_STATUS', { dev }));
    return (flags & DM_FLAGS.DEFERRED_REMOVE) !== 0 && openCount === 0;
  } catch (error) {
    if (hasCode(error, 'ENXIO')) return true;
    throw error;
  }
}

/** Waits until no device is left that a deferred removal is about to take. */
async function settle(node: ControlNode): Promise<void> {
  for (;;) {
    const numbers = deviceNumbers(node);
    if (!numbers.some((dev) => isLeaving(node, dev)) && diskCount() <= numbers.length) return;
    await setTimeout(AFTER_REMOVAL_MS);
  }
}

/** Takes away what a sequence left: tables that hold each other are replaced first. */
async function clear(node: ControlNode): Promise<void> {
  call(node, 'DM_REMOVE_ALL');
  await settle(node);
  const left = deviceNumbers(node);
  // Or the kernel would remove them by itself, at any moment from here on.
  const message = { sector: 0n, text: '@cancel_deferred_remove' };
  for (const dev of left) call(node, 'DM_TARGET_MSG', { dev, message });
  for (const dev of left) {
    call(node, 'DM_TABLE_LOAD', { dev, targets: [{ start: 0n, length: 8n, type: 'error', params: '' }] });
    call(node, 'DM_DEV_SUSPEND', { dev });
  }
  if (left.length > 0) call(node, 'DM_REMOVE_ALL');
  while (diskCount() > 0) await setTimeout(1);
  if (deviceNumbers(node).length > 0) throw new Error('the guest’s devices cannot be removed');
  for (const disk of [LOG_DISK, METADATA_DISK, COW_DISK]) writeFileSync(`/dev/ram${disk}`, WIPED);
}

/** Debian says the point release in the version's text only. */
function runningKernel(): KernelRelease | undefined {
  if (release().startsWith('6.12.')) return '6.12';
  const patch = / Debian 6\.1\.(\d+)-/.exec(version())?.[1];
  if (patch === undefined) return undefined;
  return Number(patch) < FIXED_IN_6_1 ? '6.1.176' : '6.1';
}

/**
 * Prepares the guest: ram disks, the zero target, no loading of modules by name (each takes a second here).
 *
 * @throws Error where it is not the lab's, or its device-mapper is in use
 */
export function prepareLab(): LabKernel {
  const kernel = runningKernel();
  if (process.env['LAB_DISKS'] === undefined || kernel === undefined) {
    throw new Error(`this needs the lab’s 6.1 or 6.12, not ${release()}: npm run lab -- node ${process.argv[1] ?? ''}`);
  }
  execFileSync('modprobe', ['brd', `rd_nr=${DISKS}`, `rd_size=${DISK_SECTORS / 2}`]);
  for (const module of MODULES) execFileSync('modprobe', [module]);
  const major = deviceMapperMajor(readFileSync('/proc/devices', 'utf8'));
  if (major === undefined) throw new Error('this kernel has no device-mapper');
  const loader = readFileSync('/proc/sys/kernel/modprobe', 'utf8');
  const node = openControlNode();
  if (deviceNumbers(node).length > 0) {
    node[Symbol.dispose]();
    throw new Error('there are devices of device-mapper: this needs a guest of its own');
  }
  writeFileSync('/proc/sys/kernel/modprobe', '\n');
  return {
    surroundings: { kernel, major, targets: loadedTargets(node) },
    makeWorld: () => ({
      openControl: () => openControlNode(),
      hold(minor) {
        const fd = openSync(`/dev/dm-${minor}`, 'r');
        return { [Symbol.dispose]: () => closeSync(fd) };
      },
      settle: () => settle(node),
      [Symbol.asyncDispose]: () => clear(node),
    }),
    [Symbol.dispose]() {
      writeFileSync('/proc/sys/kernel/modprobe', loader);
      node[Symbol.dispose]();
    },
  };
}
