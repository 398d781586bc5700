import { choice, defineTarget, device, label, line, options, type Part, u32, valued, valuesOf } from './grammar.ts';

/** A place on the cache. */
export interface CachePlace {
  readonly segment: number;
  /** In bytes from the segment's beginning. */
  readonly offset: number;
}

/** A word that a pattern takes apart. */
function patterned<T>(
  about: string,
  form: string,
  pattern: RegExp,
  make: (pieces: readonly string[]) => T,
  print: (value: T) => string,
): Part<T> {
  return {
    form: (name) => `<${name}>`,
    help: (name) => [{ name, text: `${about}: ${form}` }],
    read(reader, name) {
      const column = reader.column;
      const word = reader.take(label(name));
      if (word === undefined) return undefined;
      const pieces = pattern.exec(word.text);
      if (pieces !== null) return make(pieces.slice(1));
      reader.refuse(`${label(name)} must be ${form}, not ${JSON.stringify(word.text)}`, { column, unreadable: true });
      return undefined;
    },
    print: (value) => [print(value)],
  };
}

const flags = (about: string): Part<number> =>
  patterned(
    about,
    'a hexadecimal number',
    /^([0-9a-f]{1,8})$/,
    ([digits = '']) => Number.parseInt(digits, 16),
    (value) => value.toString(16),
  );

const place = (about: string): Part<CachePlace> =>
  patterned(
    about,
    'segment:offset',
    /^(\d+):(\d+)$/,
    ([segment, offset]) => ({ segment: Number(segment), offset: Number(offset) }),
    ({ segment, offset }) => `${segment}:${offset}`,
  );

/** Persistent memory as a cache of a slow device (drivers/md/dm-pcache). */
export const pcache = defineTarget({
  type: 'pcache',
  summary: 'keeps data on persistent memory until it is written back',
  since: '6.18',
  params: line({
    cache: device('persistent memory', { mode: 'write', extent: 'unknown' }),
    backing: device('what is cached', { mode: 'write' }),
    options: options(
      {
        cache_mode: valued(choice('when data is written back', ['writeback'], { caseSensitive: true }), 'writeback'),
        data_crc: valued(choice('whether', ['true', 'false'], { caseSensitive: true }), 'data is checked when read'),
      },
      { max: 4, caseSensitive: true, readback: { order: 'given' } },
    ),
  }),
  extra: 'ignored',
  countsLate: true,
  kept(values) {
    const checked = valuesOf(values.options, 'data_crc').at(-1) === 'true';
    // The kernel prints a word that it does not take: crc.
    return {
      ...values,
      options: [{ cache_mode: 'writeback' as const }, { unknown: 'crc' }, { unknown: String(checked) }],
    };
  },
  status: line({
    superblockFlags: flags('of the superblock'),
    segments: u32('of 16 MiB on the cache'),
    cacheSegments: u32('that hold cached data'),
    usedSegments: u32('in use'),
    gcPercent: u32('of the segments in use, when old ones are freed'),
    cacheFlags: flags('1 checks data, 2 is ready, from bit 2 on the cache mode'),
    keyHead: place('where new keys are written'),
    dirtyTail: place('the first that is not written back'),
    keyTail: place('the first that can be freed'),
  }),
  messages: { gc_percent: line({ percent: u32('of the segments in use', { max: 90 }) }) },
  features: { singleton: true },
});
