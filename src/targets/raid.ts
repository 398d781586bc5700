import {
  choice,
  countOf,
  defineTarget,
  device,
  isUnknown,
  line,
  list,
  optional,
  orDash,
  text,
  u32,
  u64,
  usage,
  valuesOf,
} from './grammar.ts';
import { RAID_TYPE_NAMES, RAID_TYPES, type RaidLevel, takesOption } from './raid-levels.ts';
import { raidNumber, raidOptions, raidParameterCount } from './raid-options.ts';

/** The most devices of md, and so of all that counts devices (drivers/md/dm-raid.c, `MAX_RAID_DEVICES`). */
const DEVICES_MAX = 253;
/** The most regions of a bitmap. */
const REGIONS_MAX = 2n ** 21n;
/** What the kernel keeps for 0, in sectors; more for arrays of more than 2^34 sectors. */
const REGION_SECTORS = 8192;

const levelOf = (type: unknown): RaidLevel | undefined =>
  RAID_TYPE_NAMES.flatMap((name) => (name === type ? [RAID_TYPES[name]] : []))[0];

/** How the array's sectors become those of a device: times copies, by the devices that hold data. */
function share(
  type: unknown,
  copies: number,
  devices: readonly unknown[],
): { readonly times: bigint; readonly by: bigint } | undefined {
  const level = levelOf(type);
  if (level === undefined || devices.length <= level.parity) return undefined;
  if (level.level === 1) return { times: 1n, by: 1n };
  return { times: level.level === 10 ? BigInt(copies) : 1n, by: BigInt(devices.length - level.parity) };
}

const isPowerOfTwo = (value: number): boolean => value > 0 && Number.isInteger(Math.log2(value));

/** RAID by the kernel's md (drivers/md/dm-raid.c). */
export const raid = defineTarget({
  type: 'raid',
  summary: 'RAID 0, 1, 4, 5, 6 and 10',
  params: line(
    {
      type: choice('the level and how it is laid out', RAID_TYPE_NAMES),
      parameterCount: raidParameterCount,
      chunk: raidNumber('of a stripe on a device, a power of two from 8; ignored for raid1', 'sectors'),
      options: raidOptions,
      deviceCount: countOf('devices', 'number of devices', { min: 1, max: DEVICES_MAX }),
      devices: list(
        line(
          {
            metadata: orDash(device('the superblock and the bitmap', { extent: 'unknown' })),
            data: orDash(device('the data')),
          },
          {
            rules: {
              together: {
                about: 'data',
                wrong: ({ metadata, data }) =>
                  metadata !== null && data === null ? 'a metadata device needs its data device' : undefined,
              },
            },
          },
        ),
      ),
    },
    {
      order: [
        'type',
        'parameterCount',
        'deviceCount',
        'enough',
        'chunk',
        'chunkSize',
        'options',
        'indexes',
        'offset',
        'shape',
        'copies',
        'journal',
        'sync',
        'writeMostly',
        'rates',
        'region',
        'nearSets',
        'ofLevel',
        'devices',
        'rebuilt',
        'evenShares',
        'superblocks',
      ],
      rules: {
        enough: {
          about: 'deviceCount',
          wrong({ type, devices }) {
            const parity = levelOf(type)?.parity ?? 0;
            return devices.length > parity ? undefined : `${String(type)} needs more than ${parity} devices`;
          },
        },
        chunkSize: {
          about: 'chunk',
          wrong: ({ type, chunk }) =>
            levelOf(type)?.level === 1 || (isPowerOfTwo(chunk) && chunk >= 8)
              ? undefined
              : `chunk must be a power of two from 8, not ${chunk}`,
        },
        indexes: {
          about: 'options',
          wrong({ options, devices }) {
            const rebuilt = valuesOf(options, 'rebuild');
            if (new Set(rebuilt).size < rebuilt.length) return 'rebuild is given twice for a device';
            const beyond = [...rebuilt, ...valuesOf(options, 'write_mostly')].find((each) => each >= devices.length);
            return beyond === undefined ? undefined : `there is no device ${beyond}, the last is ${devices.length - 1}`;
          },
        },
        offset: {
          about: 'options',
          wrong: ({ options }) =>
            valuesOf(options, 'data_offset').some((sectors) => sectors > 0 && (sectors < 32 || sectors % 8 !== 0))
              ? 'data_offset must be 0 or a multiple of 8 sectors from 32'
              : undefined,
        },
        shape: {
          about: 'options',
          wrong({ type, options }) {
            const most = DEVICES_MAX - (levelOf(type)?.fewest ?? 0);
            return valuesOf(options, 'delta_disks').some((delta) => delta === 0 || Math.abs(delta) > most)
              ? `delta_disks must be from 1 to ${most}, or negative so`
              : undefined;
          },
        },
        copies: {
          about: 'options',
          wrong({ type, options, devices }) {
            const copies = valuesOf(options, 'raid10_copies').at(-1) ?? (levelOf(type)?.level === 10 ? 2 : 0);
            return copies > devices.length ? `${copies} copies need as many devices` : undefined;
          },
        },
        journal: {
          about: 'options',
          wrong({ options = [] }) {
            const names = options.flatMap((each) => (typeof each === 'object' ? Object.keys(each) : []));
            const mode = names.indexOf('journal_mode');
            return mode >= 0 && !names.slice(0, mode).includes('journal_dev')
              ? 'journal_mode needs journal_dev before it'
              : undefined;
          },
        },
        sync: {
          about: 'options',
          wrong({ options = [] }) {
            const sync = options.includes('sync');
            const nosync = options.includes('nosync');
            if (sync && nosync) return 'sync and nosync exclude each other';
            return (sync || nosync) && valuesOf(options, 'rebuild').length > 0
              ? 'rebuild excludes sync and nosync'
              : undefined;
          },
        },
        writeMostly: {
          about: 'options',
          wrong: ({ options, devices }) =>
            valuesOf(options, 'write_mostly').length >= devices.length
              ? 'not all devices can be write_mostly'
              : undefined,
        },
        rates: {
          about: 'options',
          wrong({ options }) {
            const least = valuesOf(options, 'min_recovery_rate').at(-1) ?? 0;
            const most = valuesOf(options, 'max_recovery_rate').at(-1) ?? 0;
            return most > 0 && least > most
              ? `min_recovery_rate, ${least}, must not be above max_recovery_rate, ${most}`
              : undefined;
          },
        },
        region: {
          about: 'options',
          wrong({ type, chunk, options }, { length }) {
            const { level } = levelOf(type) ?? {};
            const size = valuesOf(options, 'region_size').at(-1) ?? 0;
            if (size === 0 || level === 0) return undefined;
            if (length !== undefined && BigInt(size) > length) return `region_size must be at most ${length} sectors`;
            if (length !== undefined && BigInt(size) < length / REGIONS_MAX) {
              return `region_size must be at least ${length / REGIONS_MAX} sectors: a bitmap has ${REGIONS_MAX} bits`;
            }
            if (!isPowerOfTwo(size)) return 'region_size must be a power of two';
            return level !== 1 && size < chunk ? `region_size must be at least the chunk, ${chunk}` : undefined;
          },
        },
        nearSets: {
          about: 'options',
          wrong({ options = [] }) {
            const format = valuesOf(options, 'raid10_format').at(-1) ?? 'near';
            return options.includes('raid10_use_near_sets') && format === 'near'
              ? 'raid10_use_near_sets is for raid10_format far and offset'
              : undefined;
          },
        },
        ofLevel: {
          about: 'options',
          wrong({ type, options = [] }) {
            const level = levelOf(type);
            if (level === undefined) return undefined;
            const names = options.flatMap((each) =>
              typeof each === 'string' ? [each] : isUnknown(each) ? [] : Object.keys(each),
            );
            const stray = names.find((name) => !takesOption(level, name));
            return stray === undefined ? undefined : `${String(type)} takes no ${stray}`;
          },
        },
        rebuilt: {
          about: 'devices',
          wrong({ options, devices }) {
            const missing = valuesOf(options, 'rebuild').find((each) => devices[each]?.data === null);
            return missing === undefined ? undefined : `device ${missing} is to be rebuilt, but it is missing`;
          },
        },
        superblocks: {
          about: 'devices',
          wrong: ({ type, devices }) =>
            levelOf(type)?.level === 10 && devices.every(({ metadata }) => metadata === null)
              ? `${String(type)} needs metadata devices: without them md does not learn its layout`
              : undefined,
        },
        evenShares: {
          about: 'deviceCount',
          wrong({ type, options, devices }, { length }) {
            const part = share(type, valuesOf(options, 'raid10_copies').at(-1) ?? 2, devices);
            return length === undefined || part === undefined || (length * part.times) % part.by === 0n
              ? undefined
              : `the length, ${length} sectors, cannot be shared by ${part.by} devices`;
          },
        },
      },
    },
  ),
  extra: 'ignored',
  area(role, { type, options, devices }, length) {
    const part = share(type, valuesOf(options, 'raid10_copies').at(-1) ?? 2, devices);
    if (role !== 'data') return undefined;
    return { offset: 0n, length: part === undefined ? undefined : (length * part.times) / part.by };
  },
  kept(values) {
    const { type, chunk, options: given = [] } = values;
    const sorted = (numbers: readonly number[]): number[] => [...new Set(numbers)].sort((a, b) => a - b);
    const others = given.filter((each) => typeof each === 'string' || !('rebuild' in each || 'write_mostly' in each));
    return {
      ...values,
      chunk: levelOf(type)?.level === 1 ? 0 : chunk,
      options: [
        ...others.map((each) => {
          if (typeof each === 'string') return each;
          // md counts in KiB.
          if ('max_write_behind' in each) return { max_write_behind: Math.floor(each.max_write_behind / 2) };
          if ('stripe_cache' in each) return { stripe_cache: Math.max(each.stripe_cache, Math.floor(chunk / 2)) };
          return 'region_size' in each ? { region_size: each.region_size || REGION_SECTORS } : each;
        }),
        ...sorted(valuesOf(given, 'rebuild')).map((rebuild) => ({ rebuild })),
        ...sorted(valuesOf(given, 'write_mostly')).map((write_mostly) => ({ write_mostly })),
      ],
    };
  },
  status: line({
    type: choice('the level and how it is laid out', RAID_TYPE_NAMES),
    devices: u32('number of devices'),
    health: text('a letter for each device: A in sync, a not yet, D dead, - missing'),
    synced: usage('sectors that are done, of those of a device'),
    action: choice('what is being done', ['idle', 'frozen', 'resync', 'recover', 'check', 'repair', 'reshape']),
    mismatches: u64('sectors that did not match in the last check'),
    dataOffset: optional(u64('sectors before the data on each device')),
    journal: optional(
      choice('A writes through, a writes back, D dead, - none', ['A', 'a', 'D', '-'], { caseSensitive: true }),
    ),
  }),
  messages: {
    idle: line({}),
    frozen: line({}),
    resync: line({}),
    recover: line({}),
    check: line({}),
    repair: line({}),
  },
});
