import { ERRNO } from '../kernel/errno.ts';
import {
  choice,
  counted,
  defineTarget,
  device,
  flag,
  group,
  line,
  list,
  literal,
  oneOf,
  optional,
  options,
  type Rule,
  sectorCount,
  text,
  u32,
  usage,
} from './grammar.ts';

const region = u32('what the log has a bit for', { min: 2, powerOfTwo: true, unit: 'sectors' });
const sync = optional(
  choice('whether the legs are equal at the start, instead of what the log says', ['sync', 'nosync']),
);
const regionFits: Rule<{ readonly region: number }> = {
  about: 'region',
  wrong: ({ region: size }, { length }) =>
    length === undefined || BigInt(size) <= length
      ? undefined
      : `a region, ${size} sectors, is larger than the target, ${length}`,
};

/** Devices with the same data, kept equal by a log of regions (drivers/md/dm-raid1.c, dm-log.c). */
export const mirror = defineTarget({
  type: 'mirror',
  summary: 'keeps the same data on several devices',
  params: line(
    {
      log: oneOf({
        core: group(line({ region, sync }, { rules: { regionFits } })),
        disk: group(
          line(
            {
              device: device('where the log is', { role: 'log', extent: 'unknown', openErrno: ERRNO.EINVAL }),
              region,
              sync,
            },
            { rules: { regionFits } },
          ),
        ),
        userspace: group(line({ uuid: text('which log'), arguments: list(text('for the daemon that keeps the log')) })),
      }),
      legs: counted(
        line(
          { device: device('a leg', { offset: 'offset' }), offset: sectorCount('first sector on that device') },
          { order: ['offset', 'device'] },
        ),
        'number of legs',
        { min: 2, max: 9 },
      ),
      features: options(
        {
          handle_errors: flag('a leg that fails is left, and an event says so'),
          keep_log: flag('I/O fails while the log cannot be written'),
        },
        { caseSensitive: true },
      ),
    },
    {
      rules: {
        keepLog: {
          about: 'features',
          wrong: ({ features = [] }) =>
            features.includes('keep_log') && !features.includes('handle_errors')
              ? 'keep_log needs handle_errors'
              : undefined,
        },
      },
    },
  ),
  extra: 'refusedLast',
  status: line({
    devices: counted(text('a leg'), 'legs'),
    inSync: usage('regions that are equal on all legs'),
    groups: literal('1'),
    health: text(
      'a letter for each leg: A alive, D write failed, S sync failed, R read failed, F flush failed, U unknown',
    ),
    log: group(
      oneOf({
        core: line({}),
        disk: line({
          device: text('where the log is'),
          health: choice('A alive, F flush failed, D dead', ['A', 'F', 'D']),
        }),
        userspace: line({ words: list(text('what the daemon says')) }),
      }),
    ),
  }),
});
