import { ERRNO } from '../kernel/errno.ts';
import { defineTarget, device, line, orDash, orState, u32, u64, usage } from './grammar.ts';

/** Which blocks were written since when (drivers/md/dm-era-target.c). */
export const era = defineTarget({
  type: 'era',
  summary: 'notes in which era each block was last written',
  params: line({
    metadata: device('where the eras are kept', { mode: 'write', extent: 'unknown', openErrno: ERRNO.EINVAL }),
    origin: device('what is mapped onto', { mode: 'write', openErrno: ERRNO.EINVAL }),
    blockSize: u32('size of a block', { min: 8, multipleOf: 8, unit: 'sectors' }),
  }),
  status: orState(
    ['Error'],
    line({
      metadataBlockSize: u32('of a metadata block', { unit: 'sectors' }),
      metadata: usage('metadata blocks in use'),
      era: u32('the current era'),
      heldRoot: orDash(u64('metadata block of the snapshot of the metadata')),
    }),
  ),
  messages: { checkpoint: line({}), take_metadata_snap: line({}), drop_metadata_snap: line({}) },
});
