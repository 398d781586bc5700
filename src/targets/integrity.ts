import { digestBytes } from './digests.ts';
import {
  atLeast,
  choice,
  defineTarget,
  device,
  flag,
  joined,
  key,
  line,
  optional,
  options,
  orDash,
  sectorCount,
  text,
  u32,
  u64,
  valuesOf,
} from './grammar.ts';

const HEX = /^(?:[0-9a-f]{2})*$/i;
/** What a journal entry has room for (drivers/md/dm-integrity.c, `MAX_TAG_SIZE`). */
const TAG_MAX = 424;

/** What the kernel keeps when a table does not say (drivers/md/dm-integrity.c). */
const INTERLEAVE_SECTORS = 32_768;
const INTERLEAVE_MIN = 2 ** 3;
const INTERLEAVE_MAX = 2 ** 31;
const BUFFER_SECTORS = 128;
const BUFFER_MAX = 2 ** 22;
const JOURNAL_WATERMARK = 50;
const COMMIT_MILLISECONDS = 10_000;
const SECTORS_PER_BIT = 32_768n;
const FLUSH_MILLISECONDS = 10_000;

const algorithm = (about: string) =>
  joined(line({ algorithm: text('the algorithm'), key: optional(key('its key')) }), about, { pieces: 2 });

/** The power of two at or below a number. */
const roundedDown = (value: number): number => 2 ** (31 - Math.clz32(Math.max(value, 1)));
const longRoundedDown = (value: bigint): bigint => (value === 0n ? 1n : 1n << BigInt(value.toString(2).length - 1));
const within = (value: number, least: number, most: number): number => Math.min(Math.max(value, least), most);

/**
 * Tags for each sector that show whether it was changed (drivers/md/dm-integrity.c).
 *
 * The superblock decides over `journal_sectors`, `interleave_sectors` and `block_size` once the device is formatted,
 * and a new journal's size follows from the device's: what is printed back is modelled without these.
 */
export const integrity = defineTarget({
  type: 'integrity',
  summary: 'keeps a tag for each sector and finds sectors that were changed',
  params: line(
    {
      device: device('where the sectors are', { offset: 'offset', extent: 'unknown' }),
      offset: sectorCount('left alone at the beginning'),
      tagSize: orDash(u32("of a tag, - for the internal hash's", { min: 1, max: TAG_MAX, unit: 'bytes' })),
      mode: choice('J journal, B bitmap, D direct, R recovery, I inline', ['J', 'B', 'D', 'R', 'I'], {
        caseSensitive: true,
      }),
      options: options(
        {
          meta_device: joined(device('by number or path', { extent: 'unknown' }), 'where the tags are'),
          block_size: joined(
            u32('that has one tag', { min: 512, max: 4096, powerOfTwo: true, unit: 'bytes' }),
            'larger',
            {
              unsaid: 512,
            },
          ),
          recalculate: flag('makes the tags anew in the background'),
          reset_recalculate: flag('makes the tags anew from the beginning'),
          allow_discards: flag('discards go on to the device'),
          journal_sectors: joined(u32('of a new journal', { unit: 'sectors' }), 'size of the journal'),
          interleave_sectors: joined(u32('of data between tags', { unit: 'sectors' }), 'a power of two is kept'),
          buffer_sectors: joined(u32('of a buffer of tags', { unit: 'sectors' }), 'a power of two is kept'),
          journal_watermark: joined(u32('of the journal', { max: 100, unit: 'percent' }), 'writes it back then'),
          commit_time: joined(u32('milliseconds'), 'the journal is written then'),
          sectors_per_bit: joined(u64('sectors'), 'of a bit in the bitmap'),
          bitmap_flush_interval: joined(u32('milliseconds'), 'the bitmap is written then'),
          fix_padding: flag('a new device wastes no space'),
          fix_hmac: flag("a new device's keyed hashes cover the place and a salt"),
          legacy_recalculate: flag('allows to make keyed tags anew, which is unsafe'),
          internal_hash: algorithm('makes and checks the tags'),
          journal_crypt: algorithm('encrypts the journal'),
          journal_mac: algorithm('authenticates the journal'),
        },
        { max: 18, count: 'required', caseSensitive: true, readback: { zero: true } },
      ),
    },
    {
      order: ['device', 'offset', 'tagSize', 'mode', 'options', 'keyForm', 'tagKnown', 'inline', 'bitmap', 'discards'],
      rules: {
        keyForm: {
          about: 'options',
          wrong({ options }) {
            const given = [
              ...valuesOf(options, 'internal_hash'),
              ...valuesOf(options, 'journal_crypt'),
              ...valuesOf(options, 'journal_mac'),
            ];
            return given.every(({ key }) => key === undefined || HEX.test(key.reveal()))
              ? undefined
              : 'a key must be hexadecimal digits, two a byte';
          },
        },
        tagKnown: {
          about: 'tagSize',
          wrong: ({ tagSize, options }) =>
            tagSize === null && valuesOf(options, 'internal_hash').length === 0
              ? 'tag_size - needs internal_hash, whose size it then is'
              : undefined,
        },
        inline: {
          about: 'mode',
          wrong({ mode, options = [] }, { kernel }) {
            if (mode !== 'I') return undefined;
            if (kernel !== undefined && !atLeast(kernel, '6.11')) return `mode I needs Linux 6.11; this is ${kernel}`;
            if (valuesOf(options, 'meta_device').length > 0) return 'mode I takes no meta_device';
            if (valuesOf(options, 'internal_hash').length === 0) return 'mode I needs internal_hash';
            const journal = [...valuesOf(options, 'journal_crypt'), ...valuesOf(options, 'journal_mac')];
            if (journal.length > 0) return 'mode I has no journal for journal_crypt and journal_mac';
            return options.includes('allow_discards') ? 'mode I takes no allow_discards' : undefined;
          },
        },
        bitmap: {
          about: 'mode',
          wrong: ({ mode, options }) =>
            mode === 'B' && valuesOf(options, 'internal_hash').length === 0 ? 'mode B needs internal_hash' : undefined,
        },
        discards: {
          about: 'options',
          wrong: ({ options = [] }) =>
            options.includes('allow_discards') && valuesOf(options, 'internal_hash').length === 0
              ? 'allow_discards needs internal_hash'
              : undefined,
        },
        recalculation: {
          about: 'options',
          wrong: ({ options = [] }) =>
            (options.includes('recalculate') || options.includes('reset_recalculate')) &&
            valuesOf(options, 'internal_hash').length === 0
              ? 'recalculate needs internal_hash'
              : undefined,
        },
      },
    },
  ),
  extra: 'ignored',
  kept(values) {
    const { mode, options: given = [] } = values;
    const hash = valuesOf(given, 'internal_hash').at(-1)?.algorithm;
    const interleave = valuesOf(given, 'interleave_sectors').at(-1) || INTERLEAVE_SECTORS;
    const apart = valuesOf(given, 'meta_device').length > 0;
    const buffer = valuesOf(given, 'buffer_sectors').at(-1) ?? BUFFER_SECTORS;
    const others = given.filter((each) =>
      typeof each === 'string'
        ? each !== 'fix_hmac' || hash !== undefined || valuesOf(given, 'journal_mac').length > 0
        : !(
            'journal_watermark' in each ||
            'commit_time' in each ||
            'sectors_per_bit' in each ||
            'bitmap_flush_interval' in each
          ),
    );
    return {
      ...values,
      tagSize: values.tagSize ?? (hash === undefined ? null : (digestBytes(hash) ?? null)),
      options: [
        ...others,
        ...(given.includes('reset_recalculate') ? ['recalculate' as const] : []),
        { interleave_sectors: apart ? 1 : within(roundedDown(interleave), INTERLEAVE_MIN, INTERLEAVE_MAX) },
        { buffer_sectors: Math.min(roundedDown(buffer), BUFFER_MAX) },
        ...(mode === 'J'
          ? [
              { journal_watermark: valuesOf(given, 'journal_watermark').at(-1) ?? JOURNAL_WATERMARK },
              { commit_time: valuesOf(given, 'commit_time').at(-1) ?? COMMIT_MILLISECONDS },
            ]
          : []),
        ...(mode === 'B'
          ? [
              { sectors_per_bit: longRoundedDown(valuesOf(given, 'sectors_per_bit').at(-1) ?? SECTORS_PER_BIT) },
              { bitmap_flush_interval: valuesOf(given, 'bitmap_flush_interval').at(-1) ?? FLUSH_MILLISECONDS },
            ]
          : []),
      ],
    };
  },
  status: line({
    mismatches: u64('sectors whose tag was wrong'),
    provided: sectorCount('that the target can be long'),
    recalculated: orDash(sectorCount('whose tags were made anew so far')),
  }),
  features: { singleton: true },
  keys: { options: ['internal_hash', 'journal_crypt', 'journal_mac'] },
});
