import { ERRNO } from '../../kernel/errno.ts';
import { type thinPool as grammar, THIN_ID_MAX } from '../../targets/index.ts';
import { sameWord } from '../../targets/words.ts';
import { type BlockDevice, deviceText } from '../block-device.ts';
import { Refusal } from '../errors.ts';
import type { Area, Model, ModelContext, TargetIo } from '../mapping.ts';
import type { TargetContext } from '../target-types.ts';
import { kstrtou64 } from '../words.ts';
import { placeIn } from './fixed.ts';
import { Pool, type PoolFeatures, type PoolTarget, PoolUser, pools } from './pool.ts';
import { ThinModel } from './thin.ts';
import { ThinMetadata } from './thin-metadata.ts';

type Values = ReturnType<typeof grammar.parse>['values'];

const META_BLOCK_SECTORS = 8n;
const MOST_THRESHOLD = 1024n;

/** Opens the metadata of a device, or formats it. @throws Refusal */
function openMetadata(device: BlockDevice, blockSectors: number, context: ModelContext): ThinMetadata {
  const found = context.metadata.find(device);
  if (found.kind === 'unreadable') throw new Refusal(ERRNO.EIO);
  if (found.kind === 'zeros') {
    const made = new ThinMetadata(blockSectors);
    context.metadata.keep(device, made);
    return made;
  }
  // Another block number than this one's stands in what is no superblock.
  if (found.kind === 'foreign' || !(found.value instanceof ThinMetadata)) throw new Refusal(ERRNO.ENOTBLK);
  if (found.value.blockSectors !== blockSectors) throw new Refusal(ERRNO.EINVAL);
  return found.value;
}

/** The pool that a table is for: the one that there is, or a new one (drivers/md/dm-thin.c, `__pool_find`). */
function findPool(metadata: Area, data: Area, blockSectors: number, context: ModelContext): Pool {
  const known = pools(context.models());
  const same = known.find(({ metadataDevice }) => metadataDevice === metadata.device);
  if (same !== undefined) {
    if (same.owner !== context.owner || same.dataDevice !== data.device) throw new Refusal(ERRNO.EBUSY);
    return same;
  }
  if (known.some(({ owner }) => owner === context.owner)) throw new Refusal(ERRNO.EINVAL);
  return new Pool(context, metadata.device, data.device, openMetadata(metadata.device, blockSectors, context));
}

function featuresOf({ features = [] }: Values): PoolFeatures {
  const has = (name: string): boolean => features.some((each) => each === name);
  return {
    zeroes: !has('skip_block_zeroing'),
    discards: !has('ignore_discard'),
    passesDiscards: !has('no_discard_passdown'),
    readOnly: has('read_only'),
    errorsWithoutSpace: has('error_if_no_space'),
  };
}

/** A thin pool's target. */
export class ThinPoolModel extends PoolUser implements Model, PoolTarget {
  readonly features: PoolFeatures;
  readonly lowWaterMark: bigint;
  readonly length: bigint;
  readonly #data: Area;
  readonly #context: ModelContext;

  constructor(values: Values, [metadata, data]: readonly Area[], context: ModelContext) {
    if (metadata === undefined || data === undefined) throw new RangeError('a thin-pool has two devices');
    super(findPool(metadata, data, values.blockSize, context));
    this.features = featuresOf(values);
    // A pool that has discards keeps them, and one without never gets them.
    if (this.pool.known && this.pool.features.discards !== this.features.discards) throw new Refusal(ERRNO.EINVAL);
    this.pool.known = true;
    this.lowWaterMark = values.lowWaterMark;
    this.length = context.length;
    this.#data = data;
    this.#context = context;
  }

  info(): string {
    const { pool } = this;
    const { metadata, features, mode } = pool;
    const total = pool.metadataDevice.sizeSectors / META_BLOCK_SECTORS;
    const threshold = total / 4n < MOST_THRESHOLD ? total / 4n : MOST_THRESHOLD;
    const discards = features.discards
      ? features.passesDiscards
        ? 'discard_passdown'
        : 'no_discard_passdown'
      : 'ignore_discard';
    const space = features.errorsWithoutSpace ? 'error_if_no_space' : 'queue_if_no_space';
    return (
      `${metadata.transactionId} ${metadata.usedMetadataBlocks(Number(total))}/${total} ` +
      `${metadata.usedBlocks}/${metadata.blocks} ${metadata.heldRoot ?? '-'} ${mode} ${discards} ${space} - ${threshold} `
    );
  }

  table(): string {
    const { zeroes, discards, passesDiscards, readOnly, errorsWithoutSpace } = this.features;
    const words = [
      zeroes ? '' : 'skip_block_zeroing ',
      discards ? '' : 'ignore_discard ',
      passesDiscards ? '' : 'no_discard_passdown ',
      readOnly ? 'read_only ' : '',
      errorsWithoutSpace ? 'error_if_no_space ' : '',
    ].filter((word) => word !== '');
    const { metadataDevice, dataDevice, metadata } = this.pool;
    const devices = `${deviceText(metadataDevice.number)} ${deviceText(dataDevice.number)}`;
    // The block size is the pool's: a table cannot change it.
    return `${devices} ${metadata.blockSectors} ${this.lowWaterMark} ${words.length} ${words.join('')}`;
  }

  route({ sector }: TargetIo) {
    return [{ do: 'pass' as const, to: placeIn(this.#data, sector) }];
  }

  suspending(): void {
    this.pool.suspended = true;
  }

  resuming(): void {
    this.pool.bind(this, this.#data.device.discards);
  }

  resumed(): void {
    this.pool.resume();
  }

  message(words: readonly string[]): string | undefined {
    const { metadata, mode } = this.pool;
    if (mode === 'ro') throw new Refusal(ERRNO.EOPNOTSUPP);
    const [name = '', ...given] = words;
    const takes = (count: number): void => {
      if (given.length !== count) throw new Refusal(ERRNO.EINVAL);
    };
    const number = (index: number): bigint => kstrtou64(given[index] ?? '') ?? refuse();
    const id = (index: number): number => {
      const value = number(index);
      return value > BigInt(THIN_ID_MAX) ? refuse() : Number(value);
    };
    if (sameWord(name, 'create_thin')) {
      takes(1);
      metadata.createThin(id(0));
    } else if (sameWord(name, 'create_snap')) {
      takes(2);
      metadata.createSnap(id(0), id(1));
    } else if (sameWord(name, 'delete')) {
      takes(1);
      this.#delete(id(0));
    } else if (sameWord(name, 'set_transaction_id')) {
      takes(2);
      metadata.setTransactionId(number(0), number(1));
    } else if (sameWord(name, 'reserve_metadata_snap')) {
      takes(0);
      metadata.reserveSnapshot();
    } else if (sameWord(name, 'release_metadata_snap')) {
      takes(0);
      metadata.releaseSnapshot();
    } else refuse();
    this.pool.committed();
    return undefined;
  }

  #delete(id: number): void {
    for (const model of this.#context.models()) {
      if (model instanceof ThinModel && model.pool === this.pool && model.id === id) throw new Refusal(ERRNO.EBUSY);
    }
    this.pool.metadata.delete(id);
  }
}

function refuse(): never {
  throw new Refusal(ERRNO.EINVAL);
}

/** A pool (drivers/md/dm-thin.c). */
export function thinPool(values: Values, areas: readonly Area[], context: TargetContext): Model {
  return new ThinPoolModel(values, areas, context);
}
