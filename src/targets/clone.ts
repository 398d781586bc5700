import {
  choice,
  counted,
  defineTarget,
  device,
  flag,
  line,
  options,
  orState,
  pairs,
  text,
  u32,
  u64,
  usage,
  valued,
} from './grammar.ts';

const threshold = u32('regions copied at a time at most', { scan: 'kstrto' });
const batch = u32('regions copied as one', { scan: 'kstrto' });

/** A copy that can be used while it is made (drivers/md/dm-clone-target.c). */
export const clone = defineTarget({
  type: 'clone',
  summary: 'copies a device in the background; the copy can be used at once',
  params: line({
    metadata: device('where it is kept what was copied', { mode: 'write', extent: 'unknown' }),
    destination: device('the copy', { mode: 'write' }),
    source: device('what is copied', { mode: 'read' }),
    regionSize: u32('what is copied at a time', {
      min: 8,
      max: 2 ** 21,
      powerOfTwo: true,
      unit: 'sectors',
      scan: 'kstrto',
    }),
    features: options(
      {
        no_hydration: flag('nothing is copied in the background until a message says so'),
        no_discard_passdown: flag('discards do not go on to the copy'),
      },
      { max: 2, readback: { order: 'given', zero: true } },
    ),
    tunables: options(
      {
        hydration_threshold: valued(threshold, 'how much is copied at a time'),
        hydration_batch_size: valued(batch, 'how much is copied as one'),
      },
      { max: 4, readback: { order: 'given', zero: true } },
    ),
  }),
  extra: 'echoed',
  status: orState(
    ['Fail', 'Error'],
    line({
      metadataBlockSize: u32('of a metadata block', { unit: 'sectors' }),
      metadata: usage('metadata blocks in use'),
      regionSize: u32('of a region', { unit: 'sectors' }),
      hydrated: usage('regions copied'),
      hydrating: u64('regions being copied'),
      features: counted(text('a feature'), 'features'),
      core: pairs('tunables'),
      mode: choice('whether the metadata can be changed', ['rw', 'ro', 'Fail']),
    }),
  ),
  messages: {
    enable_hydration: line({}),
    disable_hydration: line({}),
    hydration_threshold: line({ regions: threshold }),
    hydration_batch_size: line({ regions: batch }),
  },
});
