/** What a RAID type's level takes (drivers/md/dm-raid.c). */
export interface RaidLevel {
  readonly level: 0 | 1 | 5 | 6 | 10;
  /** Devices that hold no data of their own. */
  readonly parity: number;
  /** The fewest devices that are left when some are taken away. */
  readonly fewest: number;
}

const RAID5: RaidLevel = { level: 5, parity: 1, fewest: 2 };
const RAID6: RaidLevel = { level: 6, parity: 2, fewest: 4 };
const RAID10: RaidLevel = { level: 10, parity: 0, fewest: 2 };

/** The types by name. */
export const RAID_TYPES = {
  raid0: { level: 0, parity: 0, fewest: 2 },
  raid1: { level: 1, parity: 0, fewest: 2 },
  raid10: RAID10,
  raid10_near: RAID10,
  raid10_offset: RAID10,
  raid10_far: RAID10,
  raid4: RAID5,
  raid5_n: RAID5,
  raid5_ls: RAID5,
  raid5_rs: RAID5,
  raid5_la: RAID5,
  raid5_ra: RAID5,
  raid6_zr: RAID6,
  raid6_nr: RAID6,
  raid6_nc: RAID6,
  raid6_n_6: RAID6,
  raid6_ls_6: RAID6,
  raid6_rs_6: RAID6,
  raid6_la_6: RAID6,
  raid6_ra_6: RAID6,
} as const satisfies Readonly<Record<string, RaidLevel>>;

/** A RAID type's name. */
export type RaidType = keyof typeof RAID_TYPES;

/** The names in the order of the documentation. */
export const RAID_TYPE_NAMES = Object.keys(RAID_TYPES).filter((name): name is RaidType => name in RAID_TYPES);

const SYNCED = ['sync', 'rebuild', 'daemon_sleep', 'min_recovery_rate', 'max_recovery_rate', 'region_size'];
const STRIPED_PARITY = ['stripe_cache', 'delta_disks', 'data_offset', 'journal_dev', 'journal_mode'];

/** The options of each level. */
const OPTIONS: Readonly<Record<RaidLevel['level'], readonly string[]>> = {
  0: ['data_offset'],
  1: [...SYNCED, 'nosync', 'write_mostly', 'max_write_behind', 'delta_disks', 'data_offset'],
  5: [...SYNCED, 'nosync', ...STRIPED_PARITY],
  6: [...SYNCED, ...STRIPED_PARITY],
  10: [...SYNCED, 'nosync', 'raid10_copies', 'raid10_format', 'raid10_use_near_sets', 'delta_disks', 'data_offset'],
};

/** Whether a level takes an option. */
export function takesOption({ level }: RaidLevel, option: string): boolean {
  return OPTIONS[level].includes(option);
}
