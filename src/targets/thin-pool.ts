import { deviceText } from './device.ts';
import {
  choice,
  defineTarget,
  device,
  flag,
  line,
  optional,
  options,
  orDash,
  orState,
  u32,
  u64,
  usage,
} from './grammar.ts';

/** The largest thin device id (drivers/md/dm-thin.c, `MAX_DEV_ID`). */
export const THIN_ID_MAX = 2 ** 24 - 1;

const thinId = u32('number of a thin device', { max: THIN_ID_MAX });

/** A pool of blocks that thin devices take from as they are written (drivers/md/dm-thin.c). */
export const thinPool = defineTarget({
  type: 'thin-pool',
  summary: 'holds the blocks that thin devices take as they are written',
  params: line(
    {
      metadata: device('where the mappings are kept', { mode: 'write', extent: 'unknown' }),
      data: device('where the blocks are', { mode: 'write' }),
      blockSize: u32('size of a block', {
        min: 128,
        max: 2_097_152,
        multipleOf: 128,
        unit: 'sectors',
        scan: 'kstrto',
      }),
      lowWaterMark: u64('an event comes when fewer blocks are free', { unit: 'blocks', scan: 'kstrto' }),
      features: options(
        {
          skip_block_zeroing: flag('new blocks are not zeroed'),
          ignore_discard: flag('discards do nothing'),
          no_discard_passdown: flag('discards free blocks, but do not go on to the data device'),
          read_only: flag('neither metadata nor data can be changed'),
          error_if_no_space: flag('I/O that needs a block fails when there is none, instead of waiting'),
        },
        { max: 4, readback: { zero: true } },
      ),
    },
    {
      order: ['twoDevices', 'features', 'metadata', 'data', 'blockSize', 'lowWaterMark'],
      rules: {
        twoDevices: {
          about: 'data',
          needs: ['metadata', 'data'],
          wrong: ({ metadata, data }) =>
            deviceText(metadata) === deviceText(data) ? 'metadata and data must be two devices' : undefined,
        },
      },
    },
  ),
  extra: 'ignored',
  status: orState(
    ['Fail', 'Error'],
    line({
      transactionId: u64('a number that the owner keeps in step with its own records'),
      metadata: usage('metadata blocks of 4096 bytes in use'),
      data: usage('data blocks in use'),
      heldRoot: orDash(u64('metadata block of the snapshot of the metadata')),
      mode: choice('what can be done', ['rw', 'ro', 'out_of_data_space']),
      discard: choice('what discards do', ['discard_passdown', 'no_discard_passdown', 'ignore_discard']),
      noSpace: choice('what I/O does without blocks', ['queue_if_no_space', 'error_if_no_space']),
      check: orDash(choice('whether the metadata must be checked', ['needs_check'])),
      metadataLowWater: optional(u64('an event comes when fewer metadata blocks are free')),
    }),
  ),
  messages: {
    create_thin: line({ id: thinId }),
    create_snap: line({ id: thinId, origin: thinId }),
    delete: line({ id: thinId }),
    set_transaction_id: line({ current: u64('what it must be'), next: u64('what it becomes') }),
    reserve_metadata_snap: line({}),
    release_metadata_snap: line({}),
  },
  features: { singleton: true, immutable: true, alwaysWriteable: true },
  readback: { trailingBlank: true },
});
