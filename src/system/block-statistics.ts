import { readFileSync } from 'node:fs';
import type { BlockNumber } from './block-devices.ts';
import { hasCode } from './errors.ts';

/** What the block layer counted of a device's I/O since it was made. Times in milliseconds, of the kernel's tick. */
export interface BlockIo {
  readonly reads: bigint;
  readonly readsMerged: bigint;
  readonly readSectors: bigint;
  readonly readMs: bigint;
  readonly writes: bigint;
  readonly writesMerged: bigint;
  readonly writeSectors: bigint;
  readonly writeMs: bigint;
  readonly inFlight: bigint;
  /** Time with I/O in flight. */
  readonly busyMs: bigint;
  /** I/Os in flight integrated over time. */
  readonly weightedMs: bigint;
  readonly discards: bigint;
  readonly discardsMerged: bigint;
  readonly discardSectors: bigint;
  readonly discardMs: bigint;
}

const NAMES: readonly (keyof BlockIo)[] = [
  ...(['reads', 'readsMerged', 'readSectors', 'readMs', 'writes', 'writesMerged', 'writeSectors', 'writeMs'] as const),
  ...(['inFlight', 'busyMs', 'weightedMs', 'discards', 'discardsMerged', 'discardSectors', 'discardMs'] as const),
];

/**
 * Reads a block device's statistics; undefined when there is none. Source: Documentation/block/stat.rst.
 *
 * @param root where sysfs is
 */
export function readBlockIo(number: BlockNumber, root = '/sys'): BlockIo | undefined {
  let text: string;
  try {
    text = readFileSync(`${root}/dev/block/${number}/stat`, 'latin1');
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENODEV')) return undefined;
    throw error;
  }
  const words = text.trim().split(/\s+/);
  // Kernels before 4.18 have no discards.
  const entries = NAMES.map((name, index) => [name, BigInt(words[index] ?? 0)]);
  return Object.fromEntries(entries) as Record<keyof BlockIo, bigint>;
}
