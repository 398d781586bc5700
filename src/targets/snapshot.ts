import { deviceText } from './device.ts';
import { choice, defineTarget, device, flag, line, options, orState, u32, u64, usage } from './grammar.ts';

/** `INT_MAX >> SECTOR_SHIFT` (drivers/md/dm-exception-store.c). */
const CHUNK_MAX = 4_194_303;

/** The origin of snapshots: what is written to it is copied to them first (drivers/md/dm-snap.c). */
export const snapshotOrigin = defineTarget({
  type: 'snapshot-origin',
  summary: 'copies what is overwritten to the snapshots of the device',
  params: line({ origin: device('what the snapshots are of') }),
});

const params = (originMode: 'read' | 'write', merges: boolean) =>
  line(
    {
      origin: device('what the snapshot is of', { mode: originMode }),
      cow: device('where the differences are kept', { extent: 'unknown' }),
      store: choice('how: P persistent, PO persistent and a full one says Overflow, N lost at the end', [
        'P',
        'PO',
        'N',
      ]),
      chunk: u32('what is copied at a time, a power of two; 0 as the device says', {
        max: CHUNK_MAX,
        unit: 'sectors',
        scan: 'kstrto',
      }),
      features: options(
        {
          discard_zeroes_cow: flag('a discard of the snapshot frees the chunks that it fills'),
          discard_passdown_origin: flag('a discard goes on to the origin, too'),
        },
        { max: 2 },
      ),
    },
    {
      order: [
        'features',
        'passdown',
        'origin',
        'twoDevices',
        'cow',
        'store',
        'chunk',
        'powerOfTwo',
        'chunkOfN',
        'mergeable',
      ],
      rules: {
        passdown: {
          about: 'features',
          needs: ['features'],
          wrong: ({ features = [] }) =>
            features.includes('discard_passdown_origin') && !features.includes('discard_zeroes_cow')
              ? 'discard_passdown_origin needs discard_zeroes_cow'
              : undefined,
        },
        twoDevices: {
          about: 'cow',
          needs: ['origin', 'cow'],
          wrong: ({ origin, cow }) =>
            deviceText(origin) === deviceText(cow) ? 'origin and cow must be two devices' : undefined,
        },
        powerOfTwo: {
          about: 'chunk',
          wrong: ({ chunk }) =>
            (chunk & (chunk - 1)) === 0 ? undefined : `chunk must be a power of two, not ${chunk}`,
        },
        chunkOfN: {
          about: 'chunk',
          wrong: ({ store, chunk }) =>
            store === 'N' && chunk === 0 ? 'chunk must be given for a snapshot that is not persistent' : undefined,
        },
        mergeable: {
          about: 'store',
          wrong: ({ store }) => (merges && store === 'N' ? 'a snapshot that is merged is a persistent one' : undefined),
        },
      },
    },
  );

const status = orState(
  ['Invalid', 'Merge failed', 'Overflow', 'Unknown'],
  line({ allocated: usage('sectors of the cow device in use'), metadata: u64('of these, sectors of metadata') }),
);

/** A snapshot: the origin as it was (drivers/md/dm-snap.c). */
export const snapshot = defineTarget({
  type: 'snapshot',
  summary: 'the origin as it was, with its own changes',
  params: params('read', false),
  extra: 'ignored',
  status,
});

/** A snapshot that is written back into its origin (drivers/md/dm-snap.c). */
export const snapshotMerge = defineTarget({
  type: 'snapshot-merge',
  summary: 'writes a snapshot back into its origin',
  params: params('write', true),
  extra: 'ignored',
  status,
});
