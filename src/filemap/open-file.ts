import { type BigIntStats, closeSync, fstatSync, openSync, statfsSync } from 'node:fs';
import { decodeDeviceNumber } from '../kernel/dm-ioctl.ts';
import { fiemap, type RawExtent } from '../system/fiemap.ts';
import { isOnRealtimeDevice } from '../system/fsxattr.ts';
import { ExtentCollector, type Extents } from './extents.ts';
import type { FileFacts, FileView } from './file-view.ts';

/** `stat` as facts. */
export function factsOf(stat: BigIntStats): FileFacts {
  return {
    device: decodeDeviceNumber(stat.dev),
    inode: stat.ino,
    isRegular: stat.isFile(),
    links: Number(stat.nlink),
    size: stat.size,
    blocks: stat.blocks,
    modifiedNs: stat.mtimeNs,
    changedNs: stat.ctimeNs,
  };
}

/** All extents of an open file, as FIEMAP tells them. */
export async function extentsOf(
  fd: number,
  options: { readonly sync?: boolean; readonly from?: bigint } = {},
): Promise<RawExtent[]> {
  const extents: RawExtent[] = [];
  await fiemap(fd, options, (logical, physical, length, flags) => {
    extents.push({ logical: BigInt(logical), physical: BigInt(physical), length: BigInt(length), flags });
  });
  return extents;
}

/** The runs of sectors of an open file. */
export async function mappedOf(fd: number, options: { readonly sync?: boolean } = {}): Promise<Extents> {
  const collector = new ExtentCollector();
  await fiemap(fd, options, (_logical, physical, length, flags) => collector.add(physical, length, flags));
  return collector.extents();
}

/** A file by its open descriptor, which it takes over. */
export function fileOfDescriptor(fd: number): FileView {
  let open = true;
  return {
    facts: () => factsOf(fstatSync(fd, { bigint: true })),
    fileSystem: () => statfsSync(`/proc/self/fd/${fd}`).type,
    isRealtime: () => isOnRealtimeDevice(fd),
    extents: (options) => extentsOf(fd, options),
    mapped: (options) => mappedOf(fd, options),
    [Symbol.dispose]() {
      if (open) closeSync(fd);
      open = false;
    },
  };
}

/** Opens a file for mapping. @throws Node's error (ENOENT, EACCES, …) */
export function openFile(path: string): FileView {
  return fileOfDescriptor(openSync(path, 'r'));
}
