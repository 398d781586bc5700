import { ERRNO } from '../../kernel/errno.ts';
import { Refusal } from '../errors.ts';

/** Where a block of a thin device is, and when it was put there, in snapshots made until then. */
interface Mapped {
  readonly block: number;
  readonly time: number;
}

/** A device's mappings; snapshots have it in common until one of them changes it. */
type Tree = Map<number, Mapped>;

interface ThinRecord {
  tree: Tree;
  /** When it was last made a snapshot of, or as one. */
  snapshotTime: number;
}

/** The state that `reserve_metadata_snap` keeps. */
interface Held {
  readonly trees: ReadonlySet<Tree>;
  readonly root: number;
  /** Whether the pool has changed since, and the records of the devices are copies. */
  changed: boolean;
}

/** Blocks that a pool's metadata takes before it has a block or a device (counted on 6.1 and 6.12). */
const FIXED_BLOCKS = 7;
/** Blocks that one block of a space map tells of: two bits each, behind 16 bytes (dm-space-map-common.h). */
const MAP_ENTRIES = (4096 - 16) * 4;
/** Of a metadata device the kernel keeps a tenth back, at most so many blocks, and counts them as used. */
const MOST_RESERVED = 16_384;
/** Mappings that a leaf of the tree holds; a tree of more has leaves that are about half full, and a root. */
const LEAF_ENTRIES = 252;
/** The metadata block of the first snapshot of the metadata, as good as any. */
const FIRST_HELD_ROOT = 23;

/** The metadata of a thin pool: which devices there are and which blocks they have (drivers/md/dm-thin-metadata.c). */
export class ThinMetadata {
  readonly blockSectors: number;
  transactionId = 0n;
  #blocks = 0;
  #time = 0;
  #cursor = 0;
  #held: Held | undefined;
  readonly #devices = new Map<number, ThinRecord>();
  /** How many trees have a data block. */
  readonly #owners = new Map<number, number>();

  constructor(blockSectors: number) {
    this.blockSectors = blockSectors;
  }

  /** Data blocks that the pool has. */
  get blocks(): number {
    return this.#blocks;
  }

  get usedBlocks(): number {
    return this.#owners.size;
  }

  get freeBlocks(): number {
    return this.#blocks - this.#owners.size;
  }

  get heldRoot(): number | undefined {
    return this.#held?.root;
  }

  /** The pool has more data blocks. */
  grow(blocks: number): void {
    this.#blocks = blocks;
  }

  has(id: number): boolean {
    return this.#devices.has(id);
  }

  /** @throws Refusal EEXIST */
  createThin(id: number): void {
    if (this.has(id)) throw new Refusal(ERRNO.EEXIST);
    this.#change();
    this.#devices.set(id, { tree: new Map(), snapshotTime: this.#time });
  }

  /** @throws Refusal EEXIST, ENODATA no such origin */
  createSnap(id: number, origin: number): void {
    if (this.has(id)) throw new Refusal(ERRNO.EEXIST);
    const from = this.#record(origin);
    this.#change();
    this.#time++;
    from.snapshotTime = this.#time;
    this.#devices.set(id, { tree: from.tree, snapshotTime: this.#time });
  }

  /** @throws Refusal ENODATA */
  delete(id: number): void {
    const { tree } = this.#record(id);
    this.#change();
    this.#devices.delete(id);
    this.#letGo(tree);
  }

  /** @throws Refusal EINVAL it is another one */
  setTransactionId(current: bigint, next: bigint): void {
    if (this.transactionId !== current) throw new Refusal(ERRNO.EINVAL);
    this.transactionId = next;
  }

  /** @throws Refusal EBUSY there is one */
  reserveSnapshot(): void {
    if (this.#held !== undefined) throw new Refusal(ERRNO.EBUSY);
    const trees = new Set([...this.#devices.values()].map(({ tree }) => tree));
    this.#held = { trees, root: FIRST_HELD_ROOT, changed: false };
  }

  /** @throws Refusal EINVAL there is none */
  releaseSnapshot(): void {
    const held = this.#held;
    if (held === undefined) throw new Refusal(ERRNO.EINVAL);
    this.#held = undefined;
    for (const tree of held.trees) this.#letGo(tree);
  }

  /** Blocks that a device has. */
  mapped(id: number): number {
    return this.#record(id).tree.size;
  }

  /** The last of a device's blocks that is there. */
  highest(id: number): number | undefined {
    let highest: number | undefined;
    for (const block of this.#record(id).tree.keys()) if (highest === undefined || block > highest) highest = block;
    return highest;
  }

  /** Where a device's block is; a shared one must not be written. */
  lookup(id: number, virtual: number): { readonly block: number; readonly shared: boolean } | undefined {
    const { tree, snapshotTime } = this.#record(id);
    const found = tree.get(virtual);
    // As the kernel does: by time, also when the snapshot is gone again.
    return found && { block: found.block, shared: snapshotTime > found.time };
  }

  /** Gives a free data block to a device, in the place of the one that it had there. There must be a free one. */
  allocate(id: number, virtual: number): number {
    const record = this.#record(id);
    let block = this.#cursor;
    while (this.#owners.has(block) || block >= this.#blocks) block = block + 1 >= this.#blocks ? 0 : block + 1;
    this.#cursor = block + 1;
    this.#change();
    const tree = this.#ownTree(record);
    const before = tree.get(virtual);
    if (before !== undefined) this.#give(before.block);
    tree.set(virtual, { block, time: this.#time });
    this.#owners.set(block, 1);
    return block;
  }

  /**
   * Metadata blocks in use, as the kernel counts them. Exact for devices of up to 252 blocks, about right for larger.
   *
   * @param total those of the metadata device
   */
  usedMetadataBlocks(total: number): number {
    const trees = new Set([...this.#devices.values()].map(({ tree }) => tree));
    for (const tree of this.#held?.trees ?? []) trees.add(tree);
    let used = FIXED_BLOCKS + Math.ceil(total / MAP_ENTRIES) + Math.ceil(this.#blocks / MAP_ENTRIES);
    for (const { size } of trees) used += size <= LEAF_ENTRIES ? 1 : 1 + Math.ceil((2 * size) / LEAF_ENTRIES);
    // The copy of the superblock; and of the two roots above the devices, once they are other ones.
    if (this.#held !== undefined) used += this.#held.changed ? 3 : 1;
    return Math.min(total, used + Math.min(MOST_RESERVED, Math.floor(total / 10)));
  }

  #record(id: number): ThinRecord {
    const record = this.#devices.get(id);
    if (record === undefined) throw new Refusal(ERRNO.ENODATA);
    return record;
  }

  #change(): void {
    if (this.#held !== undefined) this.#held.changed = true;
  }

  #isOwned(tree: Tree): boolean {
    return this.#held?.trees.has(tree) === true || [...this.#devices.values()].some((each) => each.tree === tree);
  }

  /** A tree that is the record's alone. */
  #ownTree(record: ThinRecord): Tree {
    const { tree } = record;
    record.tree = new Map();
    if (!this.#isOwned(tree)) {
      // Nobody else's: it can be changed where it is.
      record.tree = tree;
      return tree;
    }
    const copy = new Map(tree);
    for (const { block } of copy.values()) this.#owners.set(block, (this.#owners.get(block) ?? 0) + 1);
    record.tree = copy;
    return copy;
  }

  /** Somebody has the tree no more: when it was the last, its blocks are free. */
  #letGo(tree: Tree): void {
    if (this.#isOwned(tree)) return;
    for (const { block } of tree.values()) this.#give(block);
  }

  #give(block: number): void {
    const owners = (this.#owners.get(block) ?? 0) - 1;
    if (owners > 0) this.#owners.set(block, owners);
    else this.#owners.delete(block);
  }
}
