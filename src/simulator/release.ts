import { ERRNO } from '../kernel/errno.ts';
import type { KernelVersion } from '../targets/kernel-version.ts';
import type { StatsLimits } from './device-stats.ts';

/** The kernels whose differences are modelled. `6.1` is as of 6.1.192, which has fixes that 6.1.176 had not. */
export type KernelRelease = '6.1.176' | '6.1' | '6.12';

/** A target type that a kernel has, with the version that it says. */
export interface TargetVersion {
  readonly name: string;
  readonly version: readonly [number, number, number];
}

/** What the releases differ in. Source: the same probe of both, and drivers/md/dm-ioctl.c, dm-table.c, dm-target.c. */
export interface ReleaseFacts {
  /** The DM interface's version. */
  readonly version: readonly [number, number, number];
  /** Names that no device may have. */
  readonly reservedNames: readonly string[];
  /** The errno for a table's path that names nothing. */
  readonly missingPathErrno: number;
  /** Whether a device refuses itself in its own table. */
  readonly refusesSelf: boolean;
  /** Whether a table's specs must lie on 8 bytes, behind the header, and not over each other. */
  readonly strictSpecs: boolean;
  /** What the grammars of the targets go by. */
  readonly linux: KernelVersion;
  /** Whether an answer is never said to begin behind the request's end. */
  readonly startsWithinRequest: boolean;
  /** Whether a message to a target is refused where there is no live table; else it comes to nothing. */
  readonly refusesMessageWithoutTable: boolean;
  readonly statsLimits: StatsLimits;
  /** Every target of Debian's build, the last registered first. */
  readonly targets: readonly TargetVersion[];
}

function targets(text: string): TargetVersion[] {
  return text.split(' ').map((word) => {
    const [name = '', version = ''] = word.split('=');
    const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number);
    return { name, version: [major, minor, patch] };
  });
}

const UNLIMITED = 2n ** 64n;

const LINUX_6_1: ReleaseFacts = {
  version: [4, 47, 0],
  reservedNames: [],
  missingPathErrno: ERRNO.ENODEV,
  refusesSelf: false,
  strictSpecs: false,
  linux: '6.1',
  startsWithinRequest: true,
  refusesMessageWithoutTable: true,
  statsLimits: { areas: UNLIMITED, bins: UNLIMITED },
  targets: targets(
    'zoned=2.0.0 multipath=1.14.0 log-writes=1.1.0 unstriped=1.1.0 switch=1.1.0 era=1.0.0 writecache=1.6.0 ' +
      'raid=1.15.1 integrity=1.10.0 verity=1.9.0 crypt=1.24.0 cache=2.3.0 thin-pool=1.22.0 thin=1.22.0 ' +
      'mirror=1.14.0 snapshot-merge=1.5.0 snapshot-origin=1.9.0 snapshot=1.16.0 flakey=1.5.0 delay=1.3.0 ' +
      'zero=1.1.0 striped=1.6.0 linear=1.4.0 error=1.5.0',
  ),
};

export const RELEASES: Readonly<Record<KernelRelease, ReleaseFacts>> = {
  '6.1.176': { ...LINUX_6_1, startsWithinRequest: false, refusesMessageWithoutTable: false },
  '6.1': LINUX_6_1,
  '6.12': {
    version: [4, 48, 0],
    reservedNames: ['.', '..', 'control'],
    missingPathErrno: ERRNO.ENOENT,
    refusesSelf: true,
    strictSpecs: true,
    linux: '6.12',
    startsWithinRequest: true,
    refusesMessageWithoutTable: true,
    statsLimits: { areas: 8_388_608n, bins: 134_217_728n },
    targets: targets(
      'vdo=9.1.0 zoned=2.0.0 multipath=1.14.0 log-writes=1.1.0 unstriped=1.1.0 switch=1.1.0 era=1.0.0 ' +
        'writecache=1.6.0 raid=1.15.1 integrity=1.14.0 verity=1.10.0 crypt=1.28.0 cache=2.3.0 thin-pool=1.23.0 ' +
        'thin=1.23.0 mirror=1.14.0 snapshot-merge=1.5.0 snapshot-origin=1.9.0 snapshot=1.16.0 flakey=1.5.0 ' +
        'delay=1.4.0 zero=1.2.0 striped=1.6.0 linear=1.4.0 error=1.7.0',
    ),
  },
};
