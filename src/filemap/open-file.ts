import { type BigIntStats, closeSync, fstatSync, openSync } from 'node:fs';
import { decodeDeviceNumber } from '../kernel/dm-ioctl.ts';
import type { FileFacts, FileView } from './file-view.ts';
import { LocatedFd } from './located-fd.ts';

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
    bornNs: stat.birthtimeNs,
  };
}

/** A file by its open descriptor, which it takes over. */
export function fileOfDescriptor(fd: number): FileView {
  let open = true;
  const place = new LocatedFd(fd);
  return {
    facts: () => factsOf(fstatSync(fd, { bigint: true })),
    fileSystem: () => place.fileSystem(),
    isRealtime: () => place.isRealtime(),
    locate: (dm, level) => place.locate(dm, level),
    get located() {
      return place.located;
    },
    extents: (options) => place.extents(options),
    mapped: (options) => place.mapped(options),
    placed: () => place.placed(),
    [Symbol.dispose]() {
      if (!open) return;
      open = false;
      place[Symbol.dispose]();
      closeSync(fd);
    },
  };
}

/** Opens a file for mapping. @throws Node's error (ENOENT, EACCES, …) */
export function openFile(path: string): FileView {
  return fileOfDescriptor(openSync(path, 'r'));
}
