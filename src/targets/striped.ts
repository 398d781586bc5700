import { counted, countOf, defineTarget, device, line, list, literal, sectorCount, text, u32 } from './grammar.ts';

/** Chunks that go round several devices (drivers/md/dm-stripe.c, RAID 0). */
export const striped = defineTarget({
  type: 'striped',
  summary: 'spreads chunks over several devices in turn',
  params: line(
    {
      stripeCount: countOf('stripes', 'number of devices', { min: 1, scan: 'kstrto' }),
      chunk: u32('size of a chunk', { min: 1, unit: 'sectors', scan: 'kstrto' }),
      stripes: list(
        line(
          {
            device: device('a stripe', { offset: 'offset', extent: { sharedBy: 'stripes' } }),
            offset: sectorCount('first sector on that device'),
          },
          { order: ['offset', 'device'] },
        ),
      ),
    },
    {
      order: ['stripeCount', 'chunk', 'evenShares', 'wholeChunks'],
      rules: {
        evenShares: {
          about: 'stripeCount',
          wrong({ stripes }, { length }) {
            const count = BigInt(stripes.length);
            return length === undefined || count === 0n || length % count === 0n
              ? undefined
              : `the length, ${length} sectors, must be a multiple of the ${count} stripes`;
          },
        },
        wholeChunks: {
          about: 'chunk',
          wrong({ stripes, chunk }, { length }) {
            const count = BigInt(stripes.length);
            return length === undefined || count === 0n || chunk === 0 || (length / count) % BigInt(chunk) === 0n
              ? undefined
              : `a stripe, ${length / count} sectors, must be a multiple of the chunk, ${chunk}`;
          },
        },
      },
    },
  ),
  status: line({
    devices: counted(text('a stripe'), 'stripes'),
    groups: literal('1'),
    health: text('a letter for each stripe: A alive, D dead'),
  }),
});
