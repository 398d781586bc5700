import { ERRNO } from '../kernel/errno.ts';
import { choice, defineTarget, device, line, optional, sectorCount, text, u32, u64 } from './grammar.ts';

const block = { block: u64('number of a block', { scan: 'kstrto' }) };

/** Bad blocks that come and go by message (drivers/md/dm-dust.c). */
export const dust = defineTarget({
  type: 'dust',
  summary: 'fails reads of blocks that were declared bad, until they are written',
  params: line(
    {
      device: device('what is mapped onto', { offset: 'offset', openErrno: ERRNO.EINVAL }),
      offset: sectorCount('first sector on the device'),
      blockSize: u32('size of a block', { min: 512, max: 2 ** 30, powerOfTwo: true, unit: 'bytes', scan: 'kstrto' }),
    },
    {
      order: ['blockSize', 'oneBlock', 'offset', 'device'],
      rules: {
        oneBlock: {
          about: 'blockSize',
          wrong: ({ blockSize }, { length }) =>
            length === undefined || BigInt(blockSize) <= length * 512n
              ? undefined
              : `a block, ${blockSize} bytes, is larger than the target, ${length} sectors`,
        },
      },
    },
  ),
  status: line({
    device: text('what is mapped onto'),
    reads: choice('what reads of bad blocks do', ['fail_read_on_bad_block', 'bypass']),
    log: choice('whether each is logged', ['quiet', 'verbose']),
  }),
  messages: {
    addbadblock: line({
      ...block,
      writeFailures: optional(u32('writes that fail before the block is good', { max: 255 })),
    }),
    removebadblock: line(block),
    queryblock: line(block),
    countbadblocks: line({}),
    clearbadblocks: line({}),
    listbadblocks: line({}),
    enable: line({}),
    disable: line({}),
    quiet: line({}),
  },
});
