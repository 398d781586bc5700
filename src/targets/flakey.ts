import { choice, defineTarget, device, flag, line, options, sectorCount, u32, valued } from './grammar.ts';

const PROBABILITY_MAX = 1_000_000_000;

/** A device that fails at times, for tests (drivers/md/dm-flakey.c). */
export const flakey = defineTarget({
  type: 'flakey',
  summary: 'works for a time, then fails or damages I/O for a time, and again',
  params: line(
    {
      device: device('what is mapped onto', { offset: 'offset' }),
      offset: sectorCount('first sector on the device'),
      up: u32('how long it works', { unit: 'seconds' }),
      down: u32('how long it fails', { unit: 'seconds' }),
      features: options(
        {
          error_reads: flag('fails reads while down', { since: '6.12' }),
          drop_writes: flag('drops writes while down, reads go through'),
          error_writes: flag('fails writes while down, reads go through'),
          corrupt_bio_byte: valued(
            line({
              nth: u32('which byte', { min: 1 }),
              direction: choice('reads or writes', ['r', 'w']),
              value: u32('what the byte becomes', { max: 255 }),
              flags: u32('flags that an I/O must bear, 0 for any'),
            }),
            'replaces a byte of each I/O while down',
          ),
          random_read_corrupt: valued(u32('in a thousand million', { max: PROBABILITY_MAX }), 'damages bytes read', {
            since: '6.12',
            unsaid: 0,
          }),
          random_write_corrupt: valued(
            u32('in a thousand million', { max: PROBABILITY_MAX }),
            'damages bytes written',
            {
              since: '6.12',
              unsaid: 0,
            },
          ),
        },
        {
          max: { before: 6, since: '6.12', now: 11 },
          once: true,
          readback: { zero: true, empty: { before: '0', since: '6.12', now: '2 error_reads error_writes' } },
        },
      ),
    },
    {
      order: ['offset', 'up', 'down', 'anyTime', 'shortTime', 'features', 'oneWayOfWriting', 'device'],
      rules: {
        anyTime: {
          about: 'up',
          wrong: ({ up, down }) =>
            up + down === 0 ? 'up and down are both 0: one must last at least a second' : undefined,
        },
        shortTime: {
          about: 'down',
          wrong: ({ up, down }) =>
            up + down < 2 ** 32 ? undefined : 'up and down together must be below 2^32 seconds',
        },
        oneWayOfWriting: {
          about: 'features',
          wrong({ features = [] }) {
            const drops = features.includes('drop_writes');
            const fails = features.includes('error_writes');
            if (drops && fails) return 'drop_writes and error_writes exclude each other';
            const damages = features.some(
              (each) =>
                typeof each === 'object' && 'corrupt_bio_byte' in each && each.corrupt_bio_byte.direction === 'w',
            );
            return damages && (drops || fails)
              ? 'corrupt_bio_byte … w excludes drop_writes and error_writes'
              : undefined;
          },
        },
      },
    },
  ),
  extra: 'ignored',
  readback: { trailingBlank: { before: true, since: '6.12', now: false } },
});
