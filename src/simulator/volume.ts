import type { FileFacts } from '../filemap/file-view.ts';
import type { DeviceNumber } from '../kernel/dm-ioctl.ts';
import { FIEMAP_EXTENT } from '../kernel/fiemap.ts';
import type { RawExtent } from '../system/fiemap.ts';
import type { BlockAllocator } from './allocator.ts';
import type { Run } from './extent-map.ts';
import type { FileSystemOptions } from './file-system-options.ts';
import type { SimulatedInode } from './inode.ts';
import type { SimulatedIo } from './io.ts';
import type { SimulatedKernel } from './kernel.ts';
import type { Direction } from './stats-region.ts';
import type { TruthLog } from './truth.ts';

/** How the I/O of an operation goes. */
export interface IoOptions {
  /** Nanoseconds that each I/O takes, default 0: it has ended when the call returns. `held`: until its `end()`. */
  readonly durationNs?: number | 'held';
  /** The CPU that issues it. */
  readonly cpu?: number;
}

const SECTOR_BYTES = 512;
// Contents kept in the inode itself have an address that is no multiple of a sector.
const INODE_BYTES = 256;
const INODE_TABLE_BYTES = 4096;
/** When simulated clocks begin, nanoseconds since 1970. */
export const EPOCH_NS = 1_700_000_000_000_000_000n;

/** A file system's blocks on its device: who shares them, how files name them, the I/O to them. */
export class Volume {
  readonly kernel: SimulatedKernel;
  readonly device: DeviceNumber;
  readonly blockSectors: number;
  readonly allocator: BlockAllocator;
  readonly truth: TruthLog;
  readonly #maxIoSectors: number;
  readonly #reuseAfterMs: number;
  // Blocks with more than one owner: the owners besides the first.
  readonly #sharers = new Map<number, number>();

  constructor(
    kernel: SimulatedKernel,
    device: DeviceNumber,
    options: Required<Pick<FileSystemOptions, 'blockSectors' | 'maxIoSectors' | 'reuseAfterMs'>>,
    allocator: BlockAllocator,
    truth: TruthLog,
  ) {
    this.kernel = kernel;
    this.device = device;
    this.blockSectors = options.blockSectors;
    this.allocator = allocator;
    this.truth = truth;
    this.#maxIoSectors = options.maxIoSectors;
    this.#reuseAfterMs = options.reuseAfterMs;
  }

  get blockBytes(): number {
    return this.blockSectors * SECTOR_BYTES;
  }

  /** Cuts a run where shared blocks meet others. */
  byShare(run: Run): { readonly run: Run; readonly shared: boolean }[] {
    if (this.#sharers.size === 0 || run.physical < 0) return [{ run, shared: false }];
    const parts: { run: Run; shared: boolean }[] = [];
    let from = 0;
    for (let index = 1; index <= run.blocks; index++) {
      const shared = this.#sharers.has(run.physical + from);
      if (index < run.blocks && this.#sharers.has(run.physical + index) === shared) continue;
      const { logical, physical, kind } = run;
      parts.push({ run: { logical: logical + from, physical: physical + from, blocks: index - from, kind }, shared });
      from = index;
    }
    return parts;
  }

  /** Adds an owner to a run's blocks. */
  share({ physical, blocks }: Run): void {
    for (let block = physical; block < physical + blocks; block++) {
      this.#sharers.set(block, (this.#sharers.get(block) ?? 0) + 1);
    }
  }

  /** A file gives up runs; blocks without an owner become free, but not under I/O in flight. */
  giveUp(inode: SimulatedInode, runs: readonly Run[]): void {
    for (const whole of runs) {
      for (const { run, shared } of this.byShare(whole)) {
        if (run.physical < 0) continue;
        if (!shared) inode.leaving.push({ start: run.physical, blocks: run.blocks });
        else this.#unshare(run);
      }
    }
    this.#letGo(inode);
  }

  #unshare({ physical, blocks }: Run): void {
    for (let block = physical; block < physical + blocks; block++) {
      const others = this.#sharers.get(block) ?? 0;
      if (others > 1) this.#sharers.set(block, others - 1);
      else this.#sharers.delete(block);
    }
  }

  #letGo(inode: SimulatedInode): void {
    if (inode.inFlight > 0) return;
    for (const run of inode.leaving.splice(0)) {
      if (this.#reuseAfterMs === 0) this.allocator.release(run);
      else this.kernel.clock.after(this.#reuseAfterMs * 1e6, () => this.allocator.release(run));
    }
  }

  /**
   * Issues I/O to one run of sectors, in pieces no larger than a device takes.
   *
   * @param onEnd called at the end of each
   */
  issue(
    inode: SimulatedInode,
    direction: Direction,
    sector: number,
    sectors: number,
    { durationNs = 0, cpu = 0 }: IoOptions,
    onEnd: () => void,
  ): SimulatedIo[] {
    const issued: SimulatedIo[] = [];
    for (let at = sector; at < sector + sectors; at += this.#maxIoSectors) {
      inode.inFlight++;
      issued.push(
        this.kernel.io({
          device: this.device,
          direction,
          sector: at,
          sectors: Math.min(this.#maxIoSectors, sector + sectors - at),
          durationNs: durationNs === 'held' ? undefined : durationNs,
          cpu,
          onEnd: (io) => {
            const { startedNs, endedNs, request } = io;
            const { sector: from, sectors: length } = request;
            this.truth.add({ startedNs, endedNs, inode: inode.number, direction, sector: from, sectors: length });
            inode.inFlight--;
            this.#letGo(inode);
            onEnd();
          },
        }),
      );
    }
    return issued;
  }

  /** What `fstat` tells of a file. */
  facts(inode: SimulatedInode): FileFacts {
    // Delayed blocks count as allocated; contents in the inode as the sectors that they would fill.
    const sectors = inode.inline ? Math.ceil(inode.size / SECTOR_BYTES) : inode.map.blocks * this.blockSectors;
    return {
      device: this.device,
      inode: inode.number,
      isRegular: true,
      links: inode.links,
      size: BigInt(inode.size),
      blocks: BigInt(sectors),
      modifiedNs: EPOCH_NS + BigInt(inode.modifiedNs),
      changedNs: EPOCH_NS + BigInt(inode.changedNs),
      bornNs: EPOCH_NS + BigInt(inode.bornNs),
    };
  }

  /** A file's map as FIEMAP tells it: a record for each run that is one on both sides and equal in its flags. */
  extents(inode: SimulatedInode): RawExtent[] {
    if (inode.inline) return inode.size === 0 ? [] : [inlineExtent(inode)];
    const records = inode.map.runs.flatMap((run) => this.byShare(run));
    return records.map(({ run, shared }, index) => {
      let flags = index === records.length - 1 ? FIEMAP_EXTENT.LAST : 0;
      if (run.kind === 'unwritten') flags |= FIEMAP_EXTENT.UNWRITTEN;
      // Without an address there is also no knowing it: DELALLOC always comes with UNKNOWN.
      if (run.kind === 'delalloc') flags |= FIEMAP_EXTENT.DELALLOC | FIEMAP_EXTENT.UNKNOWN;
      if (shared) flags |= FIEMAP_EXTENT.SHARED;
      return {
        logical: BigInt(run.logical * this.blockBytes),
        physical: BigInt(Math.max(0, run.physical) * this.blockBytes),
        length: BigInt(run.blocks * this.blockBytes),
        flags,
      };
    });
  }
}

function inlineExtent({ number, size }: SimulatedInode): RawExtent {
  return {
    logical: 0n,
    physical: BigInt(INODE_TABLE_BYTES + 160) + number * BigInt(INODE_BYTES),
    length: BigInt(size),
    flags: FIEMAP_EXTENT.LAST | FIEMAP_EXTENT.DATA_INLINE | FIEMAP_EXTENT.NOT_ALIGNED,
  };
}
