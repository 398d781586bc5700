/** Where tests of devices stand in the lab: areas of a scratch disk, nodes of our own, readers that go on. */
import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import type { TestContext } from 'node:test';
import { type DeviceOptions, deactivate, tableOf } from '../../src/devices/index.ts';
import { DeviceMapper } from '../../src/mapper/device-mapper.ts';
import type { TableLine } from '../../src/mapper/table-line.ts';
import { sectors } from '../../src/mapper/units.ts';
import { linear } from '../../src/targets/index.ts';
import { cleanUp, sh } from './support.ts';

export const [, DISK = '/dev/vdb'] = (process.env['LAB_DISKS'] ?? '/dev/vda /dev/vdb').split(' ');
export const DISK_SECTORS = Number(sh(`blockdev --getsz ${DISK}`));
/** Sectors. */
export const MIB = 2048;
let nextSector = 0;
let nextPlace = 0;

export interface Place {
  readonly dm: DeviceMapper;
  readonly options: DeviceOptions;
  /** Makes a name; devices of such names are removed after the test. */
  readonly name: (of: string) => string;
}

/** Where one test's devices stand. The lab has no udev: the nodes are ours. */
export function place(t: TestContext): Place {
  const dm = DeviceMapper.open();
  const prefix = `d${process.pid}-${nextPlace++}-`;
  const folder = `/tmp/${prefix}nodes`;
  cleanUp(t, async () => {
    const names = (await dm.list({ namePrefix: prefix })).map(({ name }) => name);
    for (const name of names) {
      await dm.clear({ name });
      if ((await dm.info({ name })).suspended) await dm.resume({ name }).catch(() => undefined);
    }
    await deactivate(dm, names, { nodes: { folder } });
    dm[Symbol.dispose]();
    rmSync(folder, { recursive: true, force: true });
  });
  return { dm, options: { nodes: { folder } }, name: (of) => `${prefix}${of}` };
}

/** An area of the scratch disk that no other test uses, with zeros at its beginning. */
export function area(mib: number): { readonly offset: number; readonly length: number } {
  const length = mib * MIB;
  if (nextSector + length > DISK_SECTORS) nextSector = 0;
  const offset = nextSector;
  nextSector += length;
  sh(`dd if=/dev/zero of=${DISK} bs=1M seek=${offset / MIB} count=${Math.min(mib, 4)} oflag=direct conv=notrunc 2>&1`);
  return { offset, length };
}

export const onDisk = (offset: number) => linear({ device: DISK, offset: sectors(offset) });

/** A table of the first `mib` MiB of an area. */
export function grown({ offset }: { readonly offset: number }, mib: number): TableLine[] {
  return tableOf([onDisk(offset), mib * MIB]);
}

export function line(length: number, type: string, params = '', start = 0): TableLine {
  return { start: sectors(start), length: sectors(length), type, params };
}

/** Reads or writes with O_DIRECT until the test ends, and says how often. */
export function steadyReads(
  t: TestContext,
  node: string,
): { readonly count: () => Promise<number>; readonly failed: () => boolean } {
  const script = `n=0; while dd if=${node} of=/dev/null bs=4k count=1 iflag=direct 2>/dev/null; do n=$((n+1)); echo $n; done; echo failed`;
  const child = spawn('sh', ['-c', script], { stdio: ['ignore', 'pipe', 'ignore'] });
  let last = '';
  child.stdout.on('data', (chunk) => {
    last = `${chunk}`.trim().split('\n').at(-1) ?? last;
  });
  const ended = new Promise((resolve) => child.on('exit', resolve));
  cleanUp(t, async () => {
    child.kill('SIGKILL');
    await ended;
    await new Promise((resolve) => setTimeout(resolve, 50));
  });
  return { count: async () => Number(last), failed: () => last === 'failed' };
}

export const nodeOf = ({ number }: { readonly number: { readonly minor: number } }): string =>
  `/dev/dm-${number.minor}`;
