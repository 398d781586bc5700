import { ERRNO } from '../kernel/errno.ts';
import { defineTarget, device, line, sectorCount, u32 } from './grammar.ts';

/** One stripe of a striped device (drivers/md/dm-unstripe.c). */
export const unstriped = defineTarget({
  type: 'unstriped',
  summary: 'picks one stripe out of a striped device',
  params: line(
    {
      stripes: u32('number of stripes of the device', { min: 1, scan: 'kstrto' }),
      chunk: u32('size of a chunk', { min: 1, unit: 'sectors', scan: 'kstrto' }),
      stripe: u32('which stripe, from 0', { scan: 'kstrto' }),
      device: device('the striped device', { offset: 'offset', openErrno: ERRNO.EINVAL }),
      offset: sectorCount('first sector on the device'),
    },
    {
      order: ['stripes', 'chunk', 'stripe', 'beyond', 'next', 'device', 'offset', 'wholeChunks'],
      rules: {
        beyond: {
          about: 'stripe',
          wrong: ({ stripe, stripes }) =>
            stripe > stripes && stripes > 1 ? `stripe ${stripe} is beyond the last, ${stripes - 1}` : undefined,
        },
        // The kernel compares with one too many, and not at all when there is one stripe.
        next: {
          about: 'stripe',
          errno: undefined,
          wrong: ({ stripe, stripes }) =>
            stripe >= stripes && (stripe === stripes || stripes <= 1)
              ? `the kernel takes stripe ${stripe}, but the last is ${stripes - 1}`
              : undefined,
        },
        wholeChunks: {
          about: 'chunk',
          wrong: ({ chunk }, { length }) =>
            length === undefined || chunk === 0 || length % BigInt(chunk) === 0n
              ? undefined
              : `the length, ${length} sectors, must be a multiple of the chunk, ${chunk}`,
        },
      },
    },
  ),
});
