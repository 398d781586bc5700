import { closeSync, existsSync, ftruncateSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DeviceMapper } from '../../src/mapper/device-mapper.ts';
import { sectors } from '../../src/mapper/units.ts';
import { DeviceStats } from '../../src/stats/device-stats.ts';
import { MIB } from './phases.ts';
import { must, type Terminal } from './terminal.ts';
import { insist, type UndoList } from './undo.ts';

/** A mounted file system on a device-mapper volume of the demo's own. */
export interface DemoVolume {
  readonly name: string;
  readonly folder: string;
  readonly stats: DeviceStats;
}

export interface VolumeOptions {
  readonly fileSystem: 'ext4' | 'xfs';
  /** The lab's scratch disk; undefined for a loop device on a sparse file. */
  readonly disk: string | undefined;
  readonly terminal: Terminal;
  readonly undo: UndoList;
  readonly signal: AbortSignal;
}

const VOLUME_MIB = 384;
const FIRST_SECTOR = 2048;
/** Undoing must not be stopped by what stopped the demo. */
const never = new AbortController().signal;

const MKFS = {
  // Blocks of a page: mkfs takes smaller ones for a small device, and the account of written sectors counts pages.
  ext4: ['mkfs.ext4', '-q', '-F', '-b', '4096'],
  xfs: ['mkfs.xfs', '-q', '-f'],
} as const;

/** Makes the volume; everything made is on the undo list before the next step. */
export async function makeVolume(options: VolumeOptions): Promise<DemoVolume> {
  const { fileSystem, terminal, undo, signal } = options;
  const base = mkdtempSync(join(tmpdir(), 'dm-demo-'));
  undo.add(`remove ${base}`, () => rmSync(base, { recursive: true }));
  const disk = options.disk ?? (await loopDevice(base, options));
  const dm = DeviceMapper.open();
  undo.add('close device-mapper', () => dm[Symbol.dispose]());
  const name = `demo-${process.pid}`;
  const table = { start: sectors(0), length: sectors((VOLUME_MIB * MIB) / 512), type: 'linear' } as const;
  const params = `${disk} ${FIRST_SECTOR}`;
  terminal.dim(`  library: create ${name}, load "0 ${table.length} linear ${params}", resume`);
  await dm.create(name);
  undo.add(`remove device ${name}`, () => insist(() => dm.remove({ name })));
  await dm.load({ name }, [{ ...table, params }]);
  const { number } = await dm.resume({ name });
  const node = `/dev/dm-${number.minor}`;
  await insist(() => {
    if (!existsSync(node)) throw new Error(`${node} did not appear`);
  });
  signal.throwIfAborted();
  terminal.dim(`  ${fileSystem} on ${node}, mounted`);
  await must([...MKFS[fileSystem], node], signal);
  const folder = join(base, 'mnt');
  await must(['mkdir', folder], signal);
  await must(['mount', '-t', fileSystem, node, folder], signal);
  undo.add(`unmount ${folder}`, () => insist(() => must(['umount', folder], never)));
  return { name, folder, stats: new DeviceStats(dm, { name }) };
}

/** A loop device on a sparse file: takes no room on the disk but for what the demo writes. */
async function loopDevice(base: string, { terminal, undo, signal }: VolumeOptions): Promise<string> {
  const backing = join(base, 'disk.img');
  const fd = openSync(backing, 'wx');
  ftruncateSync(fd, (VOLUME_MIB + 2) * MIB);
  closeSync(fd);
  const attach = (): Promise<string> => must(['losetup', '--find', '--show', backing], signal);
  // The module is absent where nothing has used a loop device yet and no udev made the node that loads it.
  const loop = await attach().catch(() => must(['modprobe', 'loop'], signal).then(attach));
  undo.add(`detach ${loop}`, () => must(['losetup', '--detach', loop], never));
  terminal.dim(`  ${loop} on a sparse file`);
  return loop;
}
