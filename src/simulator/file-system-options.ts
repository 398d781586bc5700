/** What a file system is like. */
export interface FileSystemOptions {
  /** Sectors of a block, default 8 (4 KiB). */
  readonly blockSectors?: number;
  /** Default: the whole device. */
  readonly sizeSectors?: number;
  /** Decides where a fragmenting allocator puts blocks. Default 1. */
  readonly seed?: number;
  /** The number that `statfs` gives, default that of ext4. */
  readonly magic?: number;
  /** Whether it answers FIEMAP; default true. */
  readonly fiemap?: boolean;
  /** Whether every overwrite goes to other blocks, as on btrfs; default: only of blocks that files share. */
  readonly copyOnWrite?: boolean;
  /** Milliseconds until freed blocks can be handed out again, as by a journal's commit. Default 0: at once. */
  readonly reuseAfterMs?: number;
  /** The largest I/O that it issues, default 2048 sectors (1 MiB). */
  readonly maxIoSectors?: number;
}

/** What the code under test asks of a file system. */
export interface FileCall {
  readonly call: 'facts' | 'factsAtPath' | 'extents' | 'reopen';
  /** The inode, where one is known. */
  readonly inode: bigint | undefined;
}
