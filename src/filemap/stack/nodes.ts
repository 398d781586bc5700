/** What is below a block device, one step at a time. */
import { closeSync, fstatSync, openSync } from 'node:fs';
import { type DeviceNumber, decodeDeviceNumber } from '../../kernel/dm-ioctl.ts';
import type { DeviceMapper } from '../../mapper/device-mapper.ts';
import { refText } from '../../mapper/device-ref.ts';
import { UsageError } from '../../mapper/errors.ts';
import type { TableLine } from '../../mapper/table-line.ts';
import { type BlockLayers, type LoopBacking, systemBlockLayers } from '../../system/block-layers.ts';
import { hasCode } from '../../system/errors.ts';
import { isOnRealtimeDevice } from '../../system/fsxattr.ts';
import { checkFileSystem } from '../refusals.ts';
import { type DataFile, dataFileOf } from './data-file.ts';
import { mappedName, type NamingMapper } from './mapped-name.ts';

/** What of device-mapper it takes to find a way down. */
export type WayMapper = NamingMapper & Pick<DeviceMapper, 'table' | 'dependencies'>;

/** A block device and what it is made of. */
export type BlockNode = { readonly number: DeviceNumber; readonly below: readonly DeviceNumber[] } & (
  | { readonly kind: 'mapped'; readonly name: string; readonly table: readonly TableLine[] }
  /** Sectors of one other device from `start` on. */
  | { readonly kind: 'piece'; readonly start: number }
  /** Sectors of a file from `start` on. */
  | { readonly kind: 'loop'; readonly name: string; readonly file: DataFile; readonly start: number }
  /** What is below is not known here, or is nothing. */
  | { readonly kind: 'end' }
);

const SECTOR_BYTES = 512n;

/** Block devices that were looked at, each once. Disposing of them closes the files behind loop devices. */
export class BlockNodes implements Disposable {
  readonly #dm: WayMapper;
  readonly #layers: BlockLayers;
  readonly #nodes = new Map<string, BlockNode>();

  constructor(dm: WayMapper, layers: BlockLayers = systemBlockLayers) {
    this.#dm = dm;
    this.#layers = layers;
  }

  /** @throws UsageError when a file behind a loop device cannot be had, or does not tell where its data lies */
  async of(number: DeviceNumber): Promise<BlockNode> {
    const key = refText(number);
    const known = this.#nodes.get(key);
    if (known !== undefined) return known;
    const node = await this.#look(number);
    this.#nodes.set(key, node);
    return node;
  }

  /** The kernel's name of a device. */
  nameOf(number: DeviceNumber): string | undefined {
    return this.#layers.name(number);
  }

  async #look(number: DeviceNumber): Promise<BlockNode> {
    const name = await mappedName(this.#dm, number);
    if (name !== undefined) {
      const table = await this.#dm.table(number, { secure: true });
      return { kind: 'mapped', number, name, table, below: await this.#dm.dependencies(number) };
    }
    const partition = this.#layers.partition(number);
    if (partition !== undefined) return { kind: 'piece', number, start: partition.start, below: [partition.disk] };
    const backing = this.#layers.loop(number);
    if (backing === undefined) return { kind: 'end', number, below: [] };
    const loop = this.#layers.name(number) ?? 'a loop device';
    if (backing.offset % SECTOR_BYTES !== 0n) {
      throw new UsageError(`Cannot map file: ${loop} begins within a sector of its file, at byte ${backing.offset}`);
    }
    const start = Number(backing.offset / SECTOR_BYTES);
    if (backing.block !== undefined) return { kind: 'piece', number, start, below: [backing.block] };
    const file = await openBacking(loop, backing);
    return { kind: 'loop', number, name: loop, file, start, below: [file.device] };
  }

  [Symbol.dispose](): void {
    for (const node of this.#nodes.values()) if (node.kind === 'loop') node.file[Symbol.dispose]();
    this.#nodes.clear();
  }
}

/** The file behind a loop device, as it is found by the name that the kernel tells. */
async function openBacking(loop: string, { path, device, inode }: LoopBacking): Promise<DataFile> {
  const fd = openAt(path);
  const stat = fd === undefined ? undefined : fstatSync(fd, { bigint: true });
  const isSame = stat?.ino === inode && refText(decodeDeviceNumber(stat.dev)) === refText(device);
  if (fd === undefined || !isSame) {
    if (fd !== undefined) closeSync(fd);
    throw new UsageError(
      `Cannot map file: it is on ${loop}, and the file behind that is not at ${path}: it was deleted, or it is in ` +
        'another mount name space',
    );
  }
  let data: DataFile | undefined;
  try {
    data = await dataFileOf(fd);
    checkBacking(loop, path, data);
  } catch (error) {
    data?.[Symbol.dispose]();
    closeSync(fd);
    throw error;
  }
  const opened = data;
  return {
    ...opened,
    path: opened.path ?? path,
    [Symbol.dispose]() {
      opened[Symbol.dispose]();
      closeSync(fd);
    },
  };
}

function openAt(path: string): number | undefined {
  try {
    return openSync(path, 'r');
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw error;
  }
}

function checkBacking(loop: string, path: string, { magic, fd }: DataFile): void {
  try {
    checkFileSystem(magic, () => isOnRealtimeDevice(fd));
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new UsageError(`It is on ${loop}, whose file is ${path}: ${error.message}`);
  }
}
