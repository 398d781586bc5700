import type { Run } from './extent-map.ts';
import type { SimulatedInode } from './inode.ts';
import type { SimulatedIo } from './io.ts';
import type { Direction } from './stats-region.ts';
import type { IoOptions, Volume } from './volume.ts';

/**
 * How a file is written.
 * - `direct`: blocks at once, I/O at once, a notice when the I/O has ended.
 * - `buffered`: into memory, a notice at once; blocks and I/O come with the writeback.
 * - `aio`: as `direct`, but without a notice: io_submit gives none.
 * - `mmap`: as `buffered`, but without a notice.
 */
export type WriteMode = 'direct' | 'buffered' | 'aio' | 'mmap';

/** How a write goes. */
export interface WriteOptions extends IoOptions {
  /** Default `direct`. */
  readonly mode?: WriteMode;
}

const SECTOR_BYTES = 512;
/** More than this does not fit in an inode. */
const INLINE_BYTES = 160;

/** What is done to the contents of files. */
export class FileData {
  readonly #volume: Volume;
  readonly #copyOnWrite: boolean;

  constructor(volume: Volume, copyOnWrite: boolean) {
    this.#volume = volume;
    this.#copyOnWrite = copyOnWrite;
  }

  /** The blocks that a range of bytes touches. */
  #blocks(offset: number, length: number): readonly [number, number] {
    const first = Math.floor(offset / this.#volume.blockBytes);
    return [first, Math.ceil((offset + length) / this.#volume.blockBytes) - first];
  }

  #touch(inode: SimulatedInode): void {
    inode.modifiedNs = this.#volume.kernel.clock.nowNs();
    inode.changedNs = inode.modifiedNs;
  }

  write(inode: SimulatedInode, offset: number, length: number, options: WriteOptions): SimulatedIo[] {
    const { mode = 'direct' } = options;
    if (length === 0) return [];
    const notifies = mode === 'direct' || mode === 'buffered';
    const end = offset + length;
    if (inode.inline && end > INLINE_BYTES) {
      inode.inline = false;
      if (inode.size > 0) this.#dirty(inode, 0, inode.size);
    }
    const size = Math.max(inode.size, end);
    let issued: SimulatedIo[] = [];
    if (inode.inline || mode === 'buffered' || mode === 'mmap') {
      if (!inode.inline) this.#dirty(inode, offset, length);
      inode.size = size;
      this.#touch(inode);
      if (notifies) inode.notify('modified');
    } else {
      // What lies in memory goes first, or its writeback would later undo this write.
      issued = this.writeback(inode, options);
      this.#place(inode, ...this.#blocks(offset, length));
      inode.size = size;
      this.#touch(inode);
      const notify = (): void => (notifies ? inode.notify('modified') : undefined);
      issued.push(...this.#transfer(inode, 'write', offset, length, options, notify));
    }
    return issued;
  }

  /** Marks a range as written in memory; what has no blocks shows as delalloc from now on. */
  #dirty(inode: SimulatedInode, offset: number, length: number): void {
    const [first, count] = this.#blocks(offset, length);
    const delayed = (gap: { logical: number; blocks: number }): Run => ({ ...gap, physical: -1, kind: 'delalloc' });
    for (const gap of inode.map.gaps(first, count)) inode.map.insert(delayed(gap));
    for (const gap of inode.dirty.gaps(first, count)) inode.dirty.insert(delayed(gap));
  }

  /** Gives what waits in memory its blocks, and writes it. */
  writeback(inode: SimulatedInode, options: IoOptions): SimulatedIo[] {
    const issued: SimulatedIo[] = [];
    for (const { logical, blocks } of [...inode.dirty.runs]) {
      this.#place(inode, logical, blocks);
      inode.dirty.remove(logical, blocks);
      const { blockBytes } = this.#volume;
      issued.push(...this.#transfer(inode, 'write', logical * blockBytes, blocks * blockBytes, options));
    }
    return issued;
  }

  /** Reads; holes, and what was never written, need no I/O. */
  read(inode: SimulatedInode, offset: number, length: number, options: IoOptions): SimulatedIo[] {
    return this.#transfer(inode, 'read', offset, Math.min(offset + length, inode.size) - offset, options);
  }

  /** Makes a range writable: gives it blocks where it has none, and others where it shares them. */
  #place(inode: SimulatedInode, first: number, count: number): void {
    const { map } = inode;
    for (const whole of map.within(first, count)) {
      for (const { run, shared } of this.#volume.byShare(whole)) {
        if (run.kind === 'written' && !shared && !this.#copyOnWrite) continue;
        if (run.kind === 'unwritten' && !shared) {
          map.remove(run.logical, run.blocks);
          map.insert({ ...run, kind: 'written' });
        } else {
          this.#move(inode, run);
        }
      }
    }
    for (const { logical, blocks } of map.gaps(first, count)) this.#allocate(inode, logical, blocks, 'written');
  }

  /** Gives a run other blocks: a copy on write, or the first ones of a delayed allocation. */
  #move(inode: SimulatedInode, run: Run): void {
    const fresh = this.#volume.allocator.allocate(run.blocks, this.#goal(inode, run.logical));
    const removed = inode.map.remove(run.logical, run.blocks);
    this.#insert(inode, run.logical, fresh, 'written');
    this.#volume.giveUp(inode, removed);
  }

  #allocate(inode: SimulatedInode, logical: number, blocks: number, kind: 'written' | 'unwritten'): void {
    const fresh = this.#volume.allocator.allocate(blocks, this.#goal(inode, logical));
    this.#insert(inode, logical, fresh, kind);
  }

  #insert(
    inode: SimulatedInode,
    logical: number,
    fresh: readonly { start: number; blocks: number }[],
    kind: 'written' | 'unwritten',
  ): void {
    let at = logical;
    for (const { start, blocks } of fresh) {
      inode.map.insert({ logical: at, physical: start, blocks, kind });
      at += blocks;
    }
  }

  /** Behind what comes before it in the file. */
  #goal(inode: SimulatedInode, logical: number): number | undefined {
    const before = inode.map.before(logical);
    if (before === undefined || before.physical < 0) return undefined;
    return before.physical + Math.min(before.blocks, logical - before.logical);
  }

  /** The I/O of a range of bytes, as far as it has written blocks. */
  #transfer(
    inode: SimulatedInode,
    direction: Direction,
    offset: number,
    length: number,
    options: IoOptions,
    onAllEnded?: () => void,
  ): SimulatedIo[] {
    if (length <= 0) return [];
    const { blockSectors } = this.#volume;
    const from = Math.floor(offset / SECTOR_BYTES);
    const to = Math.ceil((offset + length) / SECTOR_BYTES);
    const issued: SimulatedIo[] = [];
    // One more than there are, until all are issued: those that end at once must not look like the last.
    let left = 1;
    const ended = (): void => {
      if (--left === 0) onAllEnded?.();
    };
    for (const { logical, physical, blocks, kind } of inode.map.within(...this.#blocks(offset, length))) {
      if (kind !== 'written') continue;
      const first = Math.max(from, logical * blockSectors);
      const end = Math.min(to, (logical + blocks) * blockSectors);
      const sector = physical * blockSectors + first - logical * blockSectors;
      const pieces = this.#volume.issue(inode, direction, sector, end - first, options, () => ended());
      issued.push(...pieces);
      left += pieces.length;
    }
    ended();
    return issued;
  }

  /** Allocates without writing. */
  fallocate(inode: SimulatedInode, offset: number, length: number, keepSize: boolean): void {
    inode.inline = false;
    const [first, count] = this.#blocks(offset, length);
    for (const { logical, blocks } of inode.map.gaps(first, count)) {
      this.#allocate(inode, logical, blocks, 'unwritten');
    }
    if (!keepSize) inode.size = Math.max(inode.size, offset + length);
    this.#touch(inode);
    inode.notify('modified');
  }

  /** Makes a hole of the blocks that lie wholly in the range. */
  punch(inode: SimulatedInode, offset: number, length: number): void {
    const { blockBytes } = this.#volume;
    const first = Math.ceil(offset / blockBytes);
    const count = Math.floor((offset + length) / blockBytes) - first;
    if (count > 0) this.#drop(inode, first, count);
    this.#touch(inode);
    inode.notify('modified');
  }

  truncate(inode: SimulatedInode, size: number): void {
    if (size < inode.size) this.trim(inode, size);
    if (size > INLINE_BYTES) inode.inline = false;
    inode.size = size;
    this.#touch(inode);
    inode.notify('modified');
  }

  /** Frees the blocks behind `size`. */
  trim(inode: SimulatedInode, size: number): void {
    const first = Math.ceil(size / this.#volume.blockBytes);
    this.#drop(inode, first, Number.MAX_SAFE_INTEGER - first);
  }

  #drop(inode: SimulatedInode, first: number, count: number): void {
    inode.dirty.remove(first, count);
    this.#volume.giveUp(inode, inode.map.remove(first, count));
  }

  /** Both files name the same blocks afterwards; the target loses what it had. */
  reflink(source: SimulatedInode, target: SimulatedInode): void {
    this.writeback(source, {});
    this.#drop(target, 0, Number.MAX_SAFE_INTEGER);
    for (const run of source.map.runs) {
      this.#volume.share(run);
      target.map.insert(run);
    }
    target.inline = source.inline;
    target.size = source.size;
    this.#touch(target);
  }

  /** Moves all blocks to one free run, reading and writing what was written. Nobody is told. */
  defragment(inode: SimulatedInode, options: IoOptions): SimulatedIo[] {
    const issued = this.writeback(inode, options);
    const old = [...inode.map.runs];
    const blocks = inode.map.blocks;
    if (blocks === 0) return issued;
    const [fresh] = this.#volume.allocator.allocate(blocks, undefined, { whole: true });
    issued.push(...this.read(inode, 0, inode.size, options));
    const removed = inode.map.remove(0, Number.MAX_SAFE_INTEGER);
    let physical = fresh?.start ?? 0;
    for (const run of old) {
      inode.map.insert({ ...run, physical });
      physical += run.blocks;
    }
    issued.push(...this.#transfer(inode, 'write', 0, inode.size, options));
    this.#volume.giveUp(inode, removed);
    return issued;
  }
}
