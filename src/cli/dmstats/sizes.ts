import { UsageError } from '../../mapper/errors.ts';
import { SECTOR_BYTES, type Sectors, sectors } from '../../mapper/units.ts';
import { unitBytes } from '../../report/size.ts';

/**
 * Reads the value of `--start`, `--length` or `--areasize`: a number of sectors, or with a suffix of other units.
 * Parts of a sector are cut off.
 *
 * @throws UsageError for anything else, and for a part of a sector alone
 */
export function parseSize(option: string, text: string): Sectors {
  const [, digits = '', suffix = ''] = /^(\d+)([a-zA-Z]?)$/.exec(text) ?? [];
  const unit = suffix === '' ? SECTOR_BYTES : unitBytes(suffix);
  if (digits === '' || unit === undefined) {
    throw new UsageError(
      `Invalid --${option} argument "${text}": a number of sectors, or a number with b, s, k, m, g, t, p, e (1024) or ` +
        'K, M, G, T, P, E (1000)',
    );
  }
  const bytes = BigInt(digits) * unit;
  if (bytes >= 2n ** 64n) throw new UsageError(`Invalid --${option} argument "${text}": more than 2^64 bytes`);
  if (bytes > 0n && bytes < SECTOR_BYTES) {
    throw new UsageError(`Invalid --${option} argument "${text}": less than a sector of 512 bytes`);
  }
  return sectors(bytes / SECTOR_BYTES);
}
