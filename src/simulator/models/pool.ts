import { ERRNO } from '../../kernel/errno.ts';
import type { BlockDevice } from '../block-device.ts';
import type { SimulatedClock } from '../clock.ts';
import { Refusal } from '../errors.ts';
import type { Model, ModelContext } from '../mapping.ts';
import type { ThinMetadata } from './thin-metadata.ts';

/** What a pool does and does not do. */
export interface PoolFeatures {
  readonly zeroes: boolean;
  readonly discards: boolean;
  readonly passesDiscards: boolean;
  readonly readOnly: boolean;
  readonly errorsWithoutSpace: boolean;
}

/** What a pool takes from the table that becomes its live one. */
export interface PoolTarget {
  readonly features: PoolFeatures;
  readonly lowWaterMark: bigint;
  /** Sectors. */
  readonly length: bigint;
}

/** The state in words, as the status has it. */
export type PoolMode = 'rw' | 'out_of_data_space' | 'ro';

const UNBOUND: PoolFeatures = {
  zeroes: true,
  discards: true,
  passesDiscards: true,
  readOnly: false,
  errorsWithoutSpace: false,
};

/** The module's parameter `no_space_timeout`: so long I/O waits for space. */
const NO_SPACE_TIMEOUT_NS = 60e9;

/** A pool of blocks, whatever table it has by now (drivers/md/dm-thin.c, `struct pool`). */
export class Pool {
  readonly owner: BlockDevice;
  readonly metadataDevice: BlockDevice;
  readonly dataDevice: BlockDevice;
  readonly metadata: ThinMetadata;
  features: PoolFeatures = UNBOUND;
  mode: PoolMode = 'rw';
  suspended = true;
  /** Whether a table has been made for it. */
  known = false;
  #lowWaterMark = 0n;
  #lowWaterTold = false;
  #waiting: (() => void)[] = [];
  #stopTimeout: () => void = () => {};
  readonly #clock: SimulatedClock;
  readonly #raiseEvent: () => void;

  constructor(
    { owner, clock, raiseEvent }: ModelContext,
    metadataDevice: BlockDevice,
    dataDevice: BlockDevice,
    metadata: ThinMetadata,
  ) {
    this.owner = owner;
    this.metadataDevice = metadataDevice;
    this.dataDevice = dataDevice;
    this.metadata = metadata;
    this.#clock = clock;
    this.#raiseEvent = raiseEvent;
  }

  /**
   * A table becomes its live one. What the table says holds from here on, also when this refuses.
   *
   * @param discards whether the data device takes discards
   * @throws Refusal EINVAL the table is smaller than the pool is
   */
  bind({ features, lowWaterMark, length }: PoolTarget, discards: boolean): void {
    this.features = { ...features, passesDiscards: features.passesDiscards && discards };
    this.#lowWaterMark = lowWaterMark;
    this.#setMode(features.readOnly ? 'ro' : 'rw');
    const { metadata } = this;
    const blocks = Number(length / BigInt(metadata.blockSectors));
    if (blocks < metadata.blocks) throw new Refusal(ERRNO.EINVAL);
    metadata.grow(blocks);
  }

  /** It takes I/O again, also that which waited for space. */
  resume(): void {
    this.#lowWaterTold = false;
    this.suspended = false;
    this.#wake();
  }

  /** What waits goes on, or asks again, when the pool is resumed or has space. */
  wait(wake: () => void): void {
    this.#waiting.push(wake);
  }

  /**
   * A block for a device, in the place of the one that it had there.
   *
   * @returns undefined when there is none: the pool is out of space from here on
   */
  allocate(id: number, virtual: number): number | undefined {
    const { metadata } = this;
    if (this.mode !== 'rw') return undefined;
    if (!this.#lowWaterTold && BigInt(metadata.freeBlocks) <= this.#lowWaterMark) {
      this.#lowWaterTold = true;
      this.#raiseEvent();
    }
    if (metadata.freeBlocks > 0) return metadata.allocate(id, virtual);
    this.#setMode('out_of_data_space');
    if (!this.features.errorsWithoutSpace) {
      this.#stopTimeout = this.#clock.after(NO_SPACE_TIMEOUT_NS, () => this.#giveUp());
    }
    return undefined;
  }

  /** The metadata was written: there may be space again. */
  committed(): void {
    if (this.mode !== 'out_of_data_space' || this.metadata.freeBlocks === 0) return;
    this.#setMode('rw');
    this.#wake();
  }

  #giveUp(): void {
    this.features = { ...this.features, errorsWithoutSpace: true };
    this.#raiseEvent();
    this.#wake();
  }

  #setMode(mode: PoolMode): void {
    if (mode === this.mode) return;
    this.#stopTimeout();
    this.mode = mode;
    this.#raiseEvent();
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }
}

/** A target that keeps a pool there: its own, or that of a thin device. */
export class PoolUser {
  readonly pool: Pool;

  constructor(pool: Pool) {
    this.pool = pool;
  }
}

/** Every pool that there is. */
export function pools(models: Iterable<Model>): Pool[] {
  return [...new Set([...models].flatMap((model) => (model instanceof PoolUser ? [model.pool] : [])))];
}
