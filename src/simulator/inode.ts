import type { BlockRun } from './allocator.ts';
import { ExtentMap } from './extent-map.ts';

/** What a watch is told. */
export type NoticeKind = 'modified' | 'moved' | 'closed';

/** Whoever watches a file. */
export interface Watcher {
  notify(kind: NoticeKind): void;
}

/** A file, whatever it is called. */
export class SimulatedInode {
  readonly number: bigint;
  links = 1;
  /** Bytes. */
  size = 0;
  /** Open descriptions and mappings. */
  opens = 0;
  /** Whether the contents lie in the inode itself. */
  inline: boolean;
  modifiedNs: number;
  changedNs: number;
  readonly bornNs: number;
  /** Blocks by their place in the file. */
  readonly map = new ExtentMap();
  /** What was written and waits for the writeback; a range of `map`'s. */
  readonly dirty = new ExtentMap();
  readonly watchers = new Set<Watcher>();
  /** I/O begun and not ended. */
  inFlight = 0;
  /** Blocks that it lost while I/O was in flight: free once that has ended, as the kernel waits for it. */
  readonly leaving: BlockRun[] = [];

  constructor(number: bigint, inline: boolean, bornNs: number) {
    this.number = number;
    this.inline = inline;
    this.bornNs = bornNs;
    this.modifiedNs = bornNs;
    this.changedNs = bornNs;
  }

  /** Tells all who watch. */
  notify(kind: NoticeKind): void {
    for (const watcher of [...this.watchers]) watcher.notify(kind);
  }
}
