import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DeviceMapper } from '../src/mapper/device-mapper.ts';
import { sectors } from '../src/mapper/units.ts';
import { DeviceStats } from '../src/stats/device-stats.ts';

export type FileSystem = 'ext4' | 'xfs';
export const FILE_SYSTEMS: readonly FileSystem[] = ['ext4', 'xfs'];

const MIB_SECTORS = 2048;
const [DISK = ''] = (process.env['LAB_DISKS'] ?? '').split(' ');
let nextSector = MIB_SECTORS;
let nextName = 0;

/** Runs a shell command; its output. */
export function sh(command: string): string {
  return execFileSync('sh', ['-c', command], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** A file system on a linear volume of its own on the scratch disk. */
export class Volume implements AsyncDisposable {
  readonly dm: DeviceMapper;
  readonly name: string;
  readonly folder: string;
  readonly stats: DeviceStats;
  readonly #start: number;
  readonly #length: number;

  private constructor(start: number, length: number) {
    this.dm = DeviceMapper.open();
    this.name = `bench${process.pid}-${nextName++}`;
    this.folder = mkdtempSync(join(tmpdir(), 'bench-'));
    this.stats = new DeviceStats(this.dm, { name: this.name });
    this.#start = start;
    this.#length = length;
  }

  /** Makes the volume and its file system, and mounts it. */
  static async make(fileSystem: FileSystem, mib = 512): Promise<Volume> {
    if (DISK === '') throw new Error('LAB_DISKS must name a scratch disk of 2 GiB; all that is on it is lost');
    const length = mib * MIB_SECTORS;
    if (nextSector + length > Number(sh(`blockdev --getsz ${DISK}`))) nextSector = MIB_SECTORS;
    const volume = new Volume(nextSector, length);
    nextSector += length;
    const node = await volume.#activate();
    sh(fileSystem === 'ext4' ? `mkfs.ext4 -q -F ${node}` : `mkfs.xfs -q -f ${node}`);
    sh(`mount ${node} ${volume.folder}`);
    return volume;
  }

  async #activate(): Promise<string> {
    const { dm, name } = this;
    await dm.create(name);
    const line = { start: sectors(0), length: sectors(this.#length), type: 'linear', params: `${DISK} ${this.#start}` };
    await dm.load({ name }, [line]);
    return `/dev/dm-${(await dm.resume({ name })).number.minor}`;
  }

  async #deactivate(): Promise<void> {
    sh(`umount ${this.folder}`);
    await this.dm.remove({ name: this.name });
  }

  /** Gets rid of all regions at once, where deleting them one by one takes long; the files stay. */
  async forgetRegions(): Promise<void> {
    await this.#deactivate();
    sh(`mount ${await this.#activate()} ${this.folder}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#deactivate();
    rmdirSync(this.folder);
    this.dm[Symbol.dispose]();
  }
}
