import { type BigIntStats, closeSync, fstatSync, openSync, statfsSync } from 'node:fs';
import { decodeDeviceNumber } from '../kernel/dm-ioctl.ts';
import { fiemap } from '../system/fiemap.ts';
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

/** A file by its open descriptor, which it takes over. */
export function fileOfDescriptor(fd: number): FileView {
  let open = true;
  return {
    facts: () => factsOf(fstatSync(fd, { bigint: true })),
    fileSystem: () => statfsSync(`/proc/self/fd/${fd}`).type,
    extents: (options) => fiemap(fd, options),
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
