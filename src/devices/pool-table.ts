import type { TableLine } from '../mapper/table-line.ts';
import type { DataBlocks, Sectors } from '../mapper/units.ts';
import type { Device } from '../targets/device.ts';
import { type Status, Target, thinPool } from '../targets/index.ts';
import { checkedTarget } from './checked-target.ts';
import { tableOf } from './graph/desired.ts';
import { onlyLine } from './managed-device.ts';

/** What a pool does beside the usual; false is the usual. */
export interface PoolFeatures {
  /** New blocks keep what was on the data device before. */
  readonly skipBlockZeroing?: boolean;
  /** Discards do nothing. */
  readonly ignoreDiscard?: boolean;
  /** Discards free blocks, but do not go on to the data device. */
  readonly noDiscardPassdown?: boolean;
  /** Nothing can be changed. */
  readonly readOnly?: boolean;
  /** I/O that needs a block fails when there is none, instead of waiting. */
  readonly errorIfNoSpace?: boolean;
}

const WORDS = {
  skipBlockZeroing: 'skip_block_zeroing',
  ignoreDiscard: 'ignore_discard',
  noDiscardPassdown: 'no_discard_passdown',
  readOnly: 'read_only',
  errorIfNoSpace: 'error_if_no_space',
} as const satisfies Record<keyof PoolFeatures, string>;

const FEATURES = Object.entries(WORDS) as [keyof PoolFeatures, (typeof WORDS)[keyof PoolFeatures]][];

/** A pool's numbers. */
export interface PoolSettings {
  /** Sectors: 128 to 2 097 152, a multiple of 128. */
  readonly blockSize: number;
  /** Blocks: an event comes when fewer are free; 0, that is never, when not given. */
  readonly lowWaterMark?: DataBlocks;
  readonly features?: PoolFeatures;
}

/** A pool's table. @throws UsageError, RangeError for numbers that no pool can have */
export function poolTable(
  { blockSize, lowWaterMark = 0n as DataBlocks, features = {} }: PoolSettings,
  metadata: Device,
  data: Device,
  length: Sectors,
): TableLine[] {
  const words = FEATURES.flatMap(([name, word]) => (features[name] === true ? [word] : []));
  const target = thinPool({ metadata, data, blockSize, lowWaterMark, features: words });
  return tableOf([checkedTarget(target, length), length]);
}

/** What may change in a pool's table. */
export interface PoolChange {
  readonly lowWaterMark?: DataBlocks;
  /** Those that are given; the others stay. */
  readonly features?: PoolFeatures;
  readonly length?: Sectors;
}

/** A pool's table with something changed; options that are not known here stay. @throws DmParseError */
export function changedPoolTable(table: readonly TableLine[], name: string, change: PoolChange): TableLine[] {
  const line = onlyLine(table, 'thin-pool', name);
  const { grammar, values, rest } = thinPool.parse(line.params);
  const { lowWaterMark = values.lowWaterMark, length = line.length } = change;
  const { features = [] } = values;
  const changed = FEATURES.reduce((words: typeof features, [key, word]) => {
    const wanted = change.features?.[key];
    if (wanted === undefined) return words;
    const others = words.filter((each) => each !== word);
    return wanted ? [...others, word] : others;
  }, features);
  return tableOf([new Target(grammar, { ...values, lowWaterMark, features: changed }, rest), length]);
}

type StatusValue = ReturnType<typeof thinPool.status> extends Status<infer S> ? S : never;

/** A pool's status line: its values, or the kernel's text and why it could not be read. */
export type PoolStatus = Status<StatusValue>;

/** What can be done with a pool; `unknown`: the kernel says something that is not known here, see the status. */
export type PoolState = 'good' | 'read-only' | 'out-of-space' | 'failed' | 'error' | 'unknown';

/** A pool's state in a word. */
export function poolState(status: PoolStatus): PoolState {
  if (status.kind === 'unparsed') return 'unknown';
  const { value } = status;
  if ('state' in value) return value.state === 'Fail' ? 'failed' : 'error';
  if (value.mode === 'rw') return 'good';
  if (value.mode === 'ro') return 'read-only';
  return value.mode === 'out_of_data_space' ? 'out-of-space' : 'unknown';
}
