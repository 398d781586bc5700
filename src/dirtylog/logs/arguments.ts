import { UsageError } from '../../mapper/errors.ts';

/** A log's type: where its bits are kept. */
export type LogKind = 'core' | 'disk';

/** What a constructor's words say. */
export interface LogArguments {
  readonly kind: LogKind;
  /** The type's name as it was given: `core`, `disk`, or cmirrord's `clustered-core`, `clustered-disk`. */
  readonly typeName: string;
  /** The log device, as a path or `MAJOR:MINOR`; undefined for a core log. */
  readonly device: string | undefined;
  /** Sectors of the mirror. */
  readonly lengthSectors: number;
  /** Sectors of a region, a power of two. */
  readonly regionSectors: number;
  readonly regionCount: number;
  /** `sync`: copy everything, whatever the log says. `nosync`: regions that no log speaks for are alike already. */
  readonly sync: 'sync' | 'nosync' | undefined;
}

/** A log has at most so many regions: 128 MiB a bitmap, ten times what a mirror should need. */
export const MAX_REGIONS = 2 ** 30;
/** The kernel keeps a region's size in 32 bits. */
const MAX_REGION_SECTORS = 2 ** 31;
/** The kernel's room for the device's name is 128 bytes with the NUL. */
const MAX_DEVICE_LENGTH = 127;

const KINDS: Readonly<Record<string, LogKind>> = {
  core: 'core',
  disk: 'disk',
  'clustered-core': 'core',
  'clustered-disk': 'disk',
};

/**
 * Reads the words of a constructor as the kernel sends them: the mirror's length, then the table's words from the log's
 * type on.
 *
 * @throws UsageError naming what is wrong: the kernel checks nothing of it, and divides by the region's size
 */
export function parseLogArguments(text: string): LogArguments {
  const [length = '', typeName = '', ...rest] = text.split(' ').filter((word) => word !== '');
  const lengthSectors = wholeNumber(length, 'the length of the mirror');
  if (lengthSectors === 0) throw new UsageError('the length of the mirror is 0');
  const kind = Object.hasOwn(KINDS, typeName) ? KINDS[typeName] : undefined;
  if (kind === undefined) {
    throw new UsageError(`log type "${typeName}" is not known: one of ${Object.keys(KINDS).join(', ')}`);
  }
  const device = kind === 'disk' ? rest.shift() : undefined;
  if (kind === 'disk' && device === undefined) throw new UsageError(`a ${typeName} log needs the log device`);
  if (device !== undefined && device.length > MAX_DEVICE_LENGTH) {
    throw new UsageError(`the log device's name is ${device.length} bytes long, the kernel takes ${MAX_DEVICE_LENGTH}`);
  }
  const size = rest.shift();
  if (size === undefined) throw new UsageError(`a ${typeName} log needs the region size in sectors`);
  const regionSectors = wholeNumber(size, 'the region size');
  if (regionSectors < 2 || regionSectors > Math.min(lengthSectors, MAX_REGION_SECTORS)) {
    throw new UsageError(
      `region size ${size} is not between 2 and the mirror's length, ${Math.min(lengthSectors, MAX_REGION_SECTORS)}`,
    );
  }
  if (Math.log2(regionSectors) % 1 !== 0) throw new UsageError(`region size ${size} is not a power of two`);
  const regionCount = Math.ceil(lengthSectors / regionSectors);
  if (regionCount > MAX_REGIONS) {
    throw new UsageError(`${regionCount} regions are more than ${MAX_REGIONS}: make the region size larger`);
  }
  return { kind, typeName, device, lengthSectors, regionSectors, regionCount, sync: syncWord(rest) };
}

function syncWord(words: readonly string[]): LogArguments['sync'] {
  let sync: LogArguments['sync'];
  for (const word of words) {
    if (word === 'sync' || word === 'nosync') {
      if (sync !== undefined && sync !== word) throw new UsageError('both sync and nosync are given');
      sync = word;
    } else if (word !== 'block_on_error') {
      // cmirrord's tables carry block_on_error, which no kernel since 2.6.30 asks a log to do.
      throw new UsageError(`"${word}" is not known: one of sync, nosync, block_on_error`);
    }
  }
  return sync;
}

function wholeNumber(word: string, what: string): number {
  const value = /^\d{1,16}$/.test(word) ? Number(word) : Number.NaN;
  if (!Number.isSafeInteger(value)) throw new UsageError(`${what} is "${word}", not a number of sectors`);
  return value;
}
