import { ERRNO } from '../kernel/errno.ts';
import { deviceText } from './device.ts';
import {
  choice,
  defineTarget,
  device,
  line,
  list,
  optional,
  options,
  text,
  u32,
  u64,
  valued,
  valuesOf,
} from './grammar.ts';
import { quoteWord } from './words.ts';

const SECTORS_PER_BLOCK = 8n;
/** Blocks of the block map cache for each logical thread (drivers/md/dm-vdo/dm-vdo-target.c). */
const CACHE_PER_LOGICAL = 4096;
const THREADS_MAX = 100;
const ERA_MAX = 16_380;

const threads = (about: string, range: { readonly min?: number; readonly max?: number } = {}) =>
  valued(u32('threads', { max: THREADS_MAX, scan: 'kstrto', ...range }), about);
const switched = (about: string) => valued(choice('whether', ['on', 'off'], { caseSensitive: true }), about);

const storage = device('holds data and metadata', { openErrno: ERRNO.EINVAL });

/**
 * Deduplication and compression (drivers/md/dm-vdo). The table's form is V4; the kernel also takes the older forms
 * V0 to V3 of tools that are gone, which are not read here. It takes options that it does not know, if they are numbers.
 */
export const vdo = defineTarget({
  type: 'vdo',
  summary: 'stores equal blocks once and compresses the others',
  since: '6.9',
  params: line(
    {
      version: choice('form of the table', ['V4'], { caseSensitive: true }),
      // The kernel prints the table as it was given.
      device: { ...storage, print: (value) => [quoteWord(deviceText(value))] } satisfies typeof storage,
      physical: u64('of the storage device', { unit: 'blocks of 4096 bytes', scan: 'kstrto' }),
      blockSize: choice('the smallest I/O in bytes', ['512', '4096'], { caseSensitive: true }),
      cache: u32('of the block map cache', { unit: 'blocks of 4096 bytes', scan: 'kstrto' }),
      era: u32('how late changes of the block map are written', { min: 1, max: ERA_MAX, scan: 'kstrto' }),
      options: options(
        {
          ack: threads('acknowledge I/O'),
          bio: threads('submit I/O', { min: 1 }),
          bioRotationInterval: valued(u32('I/Os', { min: 1, max: 1024, scan: 'kstrto' }), 'before the next bio thread'),
          cpu: threads('hash and compress', { min: 1 }),
          hash: threads('compare blocks by hash'),
          logical: threads('serve logical addresses', { max: 60 }),
          physical: threads('serve the storage', { max: 16 }),
          maxDiscard: valued(
            u32('in a discard', { min: 1, max: 1_048_575, unit: 'blocks of 4096 bytes', scan: 'kstrto' }),
            'the most',
          ),
          deduplication: switched('on unless told'),
          compression: switched('off unless told'),
        },
        { count: 'none', caseSensitive: true, readback: { order: 'given' } },
      ),
    },
    {
      order: [
        'wholeBlocks',
        'version',
        'physical',
        'blockSize',
        'cache',
        'era',
        'options',
        'zones',
        'cacheSize',
        'device',
      ],
      rules: {
        wholeBlocks: {
          about: 'version',
          wrong: (_values, { length }) =>
            length === undefined || length % SECTORS_PER_BLOCK === 0n
              ? undefined
              : `the length, ${length} sectors, must be whole blocks of ${SECTORS_PER_BLOCK} sectors`,
        },
        zones: {
          about: 'options',
          wrong({ options }) {
            const counts = [
              valuesOf(options, 'hash').at(-1) ?? 0,
              valuesOf(options, 'logical').at(-1) ?? 0,
              valuesOf(options, 'physical').at(-1) ?? 0,
            ];
            return counts.every((count) => count === 0) || counts.every((count) => count > 0)
              ? undefined
              : 'hash, logical and physical must all be 0 or none of them';
          },
        },
        cacheSize: {
          about: 'cache',
          wrong({ cache, options }) {
            const least = CACHE_PER_LOGICAL * (valuesOf(options, 'logical').at(-1) ?? 0);
            return cache < least ? `the cache must be at least ${least} blocks for so many logical threads` : undefined;
          },
        },
      },
    },
  ),
  area: (_role, { physical }) => ({ offset: 0n, length: physical * SECTORS_PER_BLOCK }),
  status: line({
    device: text('the storage'),
    mode: choice('what can be done', ['normal', 'recovering', 'read-only'], { caseSensitive: true }),
    recovery: choice('whether it recovers', ['recovering', '-'], { caseSensitive: true }),
    index: choice('the index of hashes', ['online', 'opening', 'offline', 'closing', 'closed', 'error', 'unknown']),
    compression: choice('whether it compresses', ['online', 'offline']),
    used: u64('blocks of 4096 bytes in use'),
    total: u64('blocks of 4096 bytes'),
  }),
  messages: {
    stats: line({}),
    dump: line({
      what: optional(
        list(choice('what is dumped', ['viopool', 'pools', 'vdo', 'queues', 'threads', 'default', 'all'])),
      ),
    }),
    'dump-on-shutdown': line({}),
    compression: line({ state: choice('whether', ['on', 'off']) }),
    'index-close': line({}),
    'index-create': line({}),
    'index-disable': line({}),
    'index-enable': line({}),
  },
  features: { singleton: true },
});
