import { ERRNO } from '../../kernel/errno.ts';
import type { cache as grammar } from '../../targets/index.ts';
import { sameWord } from '../../targets/words.ts';
import { Refusal } from '../errors.ts';
import type { Area, Model } from '../mapping.ts';
import { kstrtou64 } from '../words.ts';
import { placeIn } from './fixed.ts';

type Values = ReturnType<typeof grammar.parse>['values'];

const META_BLOCK_SECTORS = 8n;
/** Metadata blocks in use of a small cache in which nothing is (counted on 6.1 and 6.12 with 1024 blocks). */
const EMPTY_METADATA = 8;
const MAP_ENTRIES = (4096 - 16) * 4;
const DEFAULT_THRESHOLD = 2048n;
/** Tunables of a policy that does nothing with them any more: each reads as 0. */
const MQ = [
  'random_threshold',
  'sequential_threshold',
  'discard_promote_adjustment',
  'read_promote_adjustment',
  'write_promote_adjustment',
];

/** A block, or the blocks from one to before another, that a cache of so many has. */
function isRange(word: string, blocks: bigint): boolean {
  const [, first, end] = /^(\d+)(?:-(\d+))?$/.exec(word) ?? [];
  if (first === undefined) return false;
  const from = BigInt(first);
  const to = end === undefined ? from + 1n : BigInt(end);
  return from < blocks && to <= blocks && from < to;
}

/**
 * A cache in which nothing is (drivers/md/dm-cache-target.c): all I/O goes to the origin and counts as missed. No
 * policy is simulated, so nothing is ever promoted.
 */
export function cache(values: Values, areas: readonly Area[]): Model {
  const [metadata, fast, origin] = areas;
  if (metadata === undefined || fast === undefined || origin === undefined) {
    throw new RangeError('a cache has three devices');
  }
  const { blockSize, features = [], policy, tunables } = values;
  const has = (name: string): boolean => features.some((each) => each === name);
  const mode = has('passthrough') ? 'passthrough' : has('writethrough') ? 'writethrough' : 'writeback';
  const missed = { read: 0, write: 0 };
  let threshold = DEFAULT_THRESHOLD;
  for (const { name, value } of tunables) {
    if (sameWord(name, 'migration_threshold')) threshold = kstrtou64(value) ?? threshold;
  }
  const policyWords = (): string => {
    if (policy === 'mq') return `mq ${2 * MQ.length} ${MQ.map((name) => `${name} 0`).join(' ')}`;
    return policy === 'cleaner' ? 'cleaner 0' : 'smq 0';
  };
  return {
    info() {
      const total = metadata.device.sizeSectors / META_BLOCK_SECTORS;
      const second = has('metadata2');
      const used = EMPTY_METADATA + Math.ceil(Number(total) / MAP_ENTRIES) + (second ? 2 : 0);
      const passesDiscards = !has('no_discard_passdown') && origin.device.discards;
      const words = [second ? 'metadata2' : '', mode, passesDiscards ? '' : 'no_discard_passdown'].filter(Boolean);
      const blocks = fast.device.sizeSectors / BigInt(blockSize);
      return (
        `${META_BLOCK_SECTORS} ${used}/${total} ${blockSize} 0/${blocks} ` +
        `0 ${missed.read} 0 ${missed.write} 0 0 0 ${words.length} ${words.join(' ')} ` +
        `2 migration_threshold ${threshold} ${policyWords()} rw - `
      );
    },
    route({ direction, sector }) {
      missed[direction]++;
      return [{ do: 'pass', to: placeIn(origin, sector) }];
    },
    ioBoundary: () => blockSize,
    message([name = '', value, ...more]) {
      if (sameWord(name, 'invalidate_cblocks')) {
        if (mode !== 'passthrough') throw new Refusal(ERRNO.EPERM);
        const blocks = fast.device.sizeSectors / BigInt(blockSize);
        // There is nothing in the cache that could go.
        if (!(value === undefined ? [] : [value, ...more]).every((word) => isRange(word, blocks))) {
          throw new Refusal(ERRNO.EINVAL);
        }
        return undefined;
      }
      const number = value === undefined || more.length > 0 ? undefined : kstrtou64(value);
      if (number === undefined) throw new Refusal(ERRNO.EINVAL);
      if (sameWord(name, 'migration_threshold')) threshold = number;
      else if (policy !== 'mq' || !MQ.some((known) => sameWord(name, known))) throw new Refusal(ERRNO.EINVAL);
      return undefined;
    },
  };
}
