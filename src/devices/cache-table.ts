import { DmParseError } from '../mapper/errors.ts';
import type { TableLine } from '../mapper/table-line.ts';
import type { Sectors } from '../mapper/units.ts';
import { cache, type Device, type Pair, type Status, Target } from '../targets/index.ts';
import { checkedTarget } from './checked-target.ts';
import { tableOf } from './graph/desired.ts';
import { onlyLine } from './managed-device.ts';

/** The smallest block of a cache, in sectors (drivers/md/dm-cache-target.c, `DATA_DEV_BLOCK_SIZE_MIN_SECTORS`). */
export const MIN_CACHE_BLOCK_SIZE = 64;
/** The largest block of a cache, in sectors (`DATA_DEV_BLOCK_SIZE_MAX_SECTORS`). */
export const MAX_CACHE_BLOCK_SIZE = 2_097_152;

/** Where writes go: see the target's help. `passthrough` takes no cache that holds what the origin does not. */
export type CacheMode = 'writeback' | 'writethrough' | 'passthrough';
const MODES: readonly unknown[] = ['writeback', 'writethrough', 'passthrough'] satisfies CacheMode[];

/** Which blocks are cached. */
export interface CachePolicy {
  /** `smq`, its alias `default`, or `cleaner`, which empties the cache. */
  readonly policy: string;
  /** Such as `migration_threshold`; none when not given. */
  readonly tunables?: readonly Pair[];
}

/** A cache's numbers. */
export interface CacheSettings extends Partial<CachePolicy> {
  /** Sectors: 64 to 2 097 152, a multiple of 64. */
  readonly blockSize: number;
  /** `writethrough` when not given: a cache that is lost costs nothing then. */
  readonly mode?: CacheMode;
}

/** A cache's table. @throws UsageError, RangeError for words and numbers that no cache can have */
export function cacheTable(
  { blockSize, mode = 'writethrough', policy = 'default', tunables = [] }: CacheSettings,
  devices: { readonly metadata: Device; readonly cache: Device; readonly origin: Device },
  length: Sectors,
): TableLine[] {
  const target = cache({ ...devices, blockSize, features: [mode], policy, tunables });
  return tableOf([checkedTarget(target, length), length]);
}

/** What may change in a cache's table. */
export interface CacheChange {
  readonly mode?: CacheMode;
  readonly policy?: CachePolicy;
  readonly length?: Sectors;
}

/** A cache's table with something changed; options that are not known here stay. @throws DmParseError */
export function changedCacheTable(
  table: readonly TableLine[],
  name: string,
  { mode, policy, length }: CacheChange,
): TableLine[] {
  const line = onlyLine(table, 'cache', name);
  const { grammar, values, rest } = cache.parse(line.params);
  const { features = [] } = values;
  const changed = {
    ...values,
    ...(mode === undefined ? {} : { features: [...features.filter((each) => !MODES.includes(each)), mode] }),
    ...(policy === undefined ? {} : { policy: policy.policy, tunables: policy.tunables ?? [] }),
  };
  return tableOf([new Target(grammar, changed, rest), length ?? line.length]);
}

/** The policy of a cache's table. @throws DmParseError */
export function policyOf(table: readonly TableLine[], name: string): CachePolicy {
  const { policy, tunables } = cache.parse(onlyLine(table, 'cache', name).params).values;
  return { policy, tunables };
}

type StatusValue = ReturnType<typeof cache.status> extends Status<infer S> ? S : never;

/** A cache's status line: its values, or the kernel's text and why it could not be read. */
export type CacheStatus = Status<StatusValue>;

/**
 * How many cache blocks hold what the origin does not.
 *
 * @throws DmParseError when the kernel does not tell, as for a cache that has failed
 */
export function dirtyBlocks(status: CacheStatus, name: string): bigint {
  if (status.kind === 'parsed' && !('state' in status.value)) return status.value.dirty;
  throw new DmParseError(`the kernel does not tell how many blocks of ${name} are dirty`, status.raw, 1);
}
