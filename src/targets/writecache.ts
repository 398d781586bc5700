import {
  choice,
  defineTarget,
  device,
  flag,
  i32,
  line,
  options,
  sectorCount,
  u32,
  u64,
  valued,
  valuesOf,
} from './grammar.ts';

/** What the kernel keeps when a table does not say (drivers/md/dm-writecache.c). */
const HIGH_WATERMARK = 50;
const LOW_WATERMARK = 45;

/** The largest page of any machine; this machine's may be smaller. */
const PAGE_MAX = 65_536;

const percent = (about: string): ReturnType<typeof u32> => u32(about, { max: 100, unit: 'percent' });

/** Writes go to a fast device first (drivers/md/dm-writecache.c). */
export const writecache = defineTarget({
  type: 'writecache',
  summary: 'keeps writes on persistent memory or an SSD until they are written back',
  params: line(
    {
      kind: choice('p for persistent memory, s for an SSD', ['p', 's']),
      origin: device('what is cached'),
      cache: device('where writes are kept', { extent: 'unknown' }),
      blockSize: u32('of a cached block, at most a page of the machine', {
        min: 512,
        max: PAGE_MAX,
        powerOfTwo: true,
        unit: 'bytes',
      }),
      options: options(
        {
          start_sector: valued(sectorCount('on the cache'), 'where the cache begins'),
          high_watermark: valued(percent('of the blocks in use'), 'write-back begins there'),
          low_watermark: valued(percent('of the blocks in use'), 'write-back ends there'),
          writeback_jobs: valued(u32('blocks'), 'the most in flight while writing back'),
          autocommit_blocks: valued(u32('blocks'), 'commits when so much was written without a flush'),
          autocommit_time: valued(u32('without a flush', { max: 3_600_000, unit: 'milliseconds' }), 'commits then'),
          max_age: valued(u32('of a block', { max: 86_400_000, unit: 'milliseconds' }), 'writes back older ones'),
          cleaner: flag('writes back, caches nothing new'),
          fua: flag('writes back with FUA (p only)'),
          nofua: flag('writes back without FUA and flushes after it (p only)'),
          metadata_only: flag('caches metadata only'),
          pause_writeback: valued(
            u32('after the origin was used', { max: 60_000, unit: 'milliseconds' }),
            'write-back waits (s only)',
          ),
        },
        { max: 18, count: 'required', readback: { zero: true } },
      ),
    },
    {
      order: ['kind', 'origin', 'cache', 'blockSize', 'options', 'memoryOnly', 'diskOnly', 'watermarks'],
      rules: {
        memoryOnly: {
          about: 'options',
          wrong: ({ kind, options = [] }) =>
            kind === 's' && (options.includes('fua') || options.includes('nofua'))
              ? 'fua and nofua are for persistent memory (p)'
              : undefined,
        },
        diskOnly: {
          about: 'options',
          wrong: ({ kind, options }) =>
            kind === 'p' && valuesOf(options, 'pause_writeback').length > 0
              ? 'pause_writeback is for an SSD (s)'
              : undefined,
        },
        watermarks: {
          about: 'options',
          wrong({ options }) {
            const high = valuesOf(options, 'high_watermark').at(-1) ?? HIGH_WATERMARK;
            const low = valuesOf(options, 'low_watermark').at(-1) ?? LOW_WATERMARK;
            return high < low ? `high_watermark, ${high}, must not be below low_watermark, ${low}` : undefined;
          },
        },
      },
    },
  ),
  extra: 'ignored',
  countsLate: true,
  area: (role, { options }) =>
    role === 'cache' ? { offset: valuesOf(options, 'start_sector').at(-1) ?? 0n, length: undefined } : undefined,
  kept(values) {
    const { options = [] } = values;
    const last = options.findLast((each) => each === 'fua' || each === 'nofua');
    return { ...values, options: options.filter((each) => (each !== 'fua' && each !== 'nofua') || each === last) };
  },
  status: line({
    error: i32('0 for none'),
    blocks: u64('in all'),
    free: u64('blocks'),
    writeback: u64('blocks being written back'),
    reads: u64('read requests'),
    readHits: u64('that the cache served'),
    writes: u64('write requests'),
    writeHitsUncommitted: u64('that changed a block not committed yet'),
    writeHitsCommitted: u64('that found a committed block'),
    writesAround: u64('that went past the cache'),
    writesAllocate: u64('that took a free block'),
    writesBlocked: u64('that waited for a free block'),
    flushes: u64('flush requests'),
    discards: u64('discard requests'),
  }),
  messages: {
    flush: line({}),
    flush_on_suspend: line({}),
    cleaner: line({}),
    clear_stats: line({}),
  },
});
