import { execFileSync } from 'node:child_process';
import { closeSync, constants, fstatSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { sh } from './volume.ts';

const BLOCK = 4096;

/** A file whose data lies in so many extents of 4 KiB: every other block of it is punched out. */
export function makeFragmentedFile(path: string, extents: number): void {
  const fd = openSync(path, 'w');
  const chunk = Buffer.alloc(2 * BLOCK, 1);
  for (let index = 0; index < extents; index++) writeSync(fd, chunk);
  fsyncSync(fd);
  closeSync(fd);
  const punches = Array.from({ length: extents }, (_, index) => `fpunch ${(2 * index + 1) * BLOCK} ${BLOCK}\n`);
  execFileSync('xfs_io', [path], { input: punches.join(''), stdio: ['pipe', 'ignore', 'pipe'] });
  sh(`sync ${path}`);
  checkExtents(path, extents);
}

/**
 * Compares with the extents that `filefrag` (e2fsprogs, not this package) lists. Its own count takes a hole in the file
 * that is one on the disk too for no border.
 */
export function checkExtents(path: string, extents: number): void {
  let found = 0;
  let next = -1;
  for (const line of sh(`filefrag -v '${path}'`).split('\n')) {
    const match = /^\s*\d+:\s+\d+\.\.\s*\d+:\s+(\d+)\.\.\s*(\d+):/.exec(line);
    if (match === null) continue;
    if (Number(match[1]) !== next) found++;
    next = Number(match[2]) + 1;
  }
  if (found !== extents) throw new Error(`${path} has ${found} extents where ${extents} were wanted`);
}

/** Adds one extent at the end of a fragmented file and has it written. */
export function appendExtent(path: string): void {
  const fd = openSync(path, 'r+');
  writeSync(fd, Buffer.alloc(BLOCK, 2), 0, BLOCK, Math.ceil(fstatSync(fd).size / (2 * BLOCK)) * 2 * BLOCK);
  fsyncSync(fd);
  closeSync(fd);
}

/** A buffer that O_DIRECT takes: Node says nothing about addresses, the kernel refuses what is not aligned. */
export function alignedBuffer(size: number, folder: string): Buffer {
  const path = `${folder}/.aligned`;
  const fd = openSync(path, constants.O_CREAT | constants.O_WRONLY | constants.O_DIRECT);
  try {
    const room = Buffer.alloc(size + BLOCK, 3);
    for (let start = 0; start < BLOCK; start += 8) {
      const buffer = room.subarray(start, start + size);
      try {
        writeSync(fd, buffer, 0, size, 0);
        return buffer;
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'EINVAL')) throw error;
      }
    }
    throw new Error('no aligned buffer found');
  } finally {
    closeSync(fd);
    sh(`rm ${path}; sync -f ${folder}`);
  }
}

/** Opens a file for O_DIRECT writing. */
export function openDirect(path: string): number {
  return openSync(path, constants.O_CREAT | constants.O_WRONLY | constants.O_DIRECT);
}
