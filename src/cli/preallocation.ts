import { UsageError } from '../mapper/errors.ts';
import { SECTOR_BYTES } from '../mapper/units.ts';
import { parseSize } from './dmstats/sizes.ts';

/** The bytes of `--preallocate`. @throws UsageError for what is no size, and for 0 */
export function preallocationOf(option: string, text: string): bigint {
  const size = parseSize(option, text);
  if (size === 0n) throw new UsageError(`Invalid --${option} argument "${text}": leave the option out for nothing`);
  return size * SECTOR_BYTES;
}
