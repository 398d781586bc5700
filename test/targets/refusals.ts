import type { KernelVersion } from '../../src/targets/index.ts';

const ROOT = '0'.repeat(64);
const VERITY = `1 /dev/ram1 /dev/ram2 4096 4096 128 1 sha256 ${ROOT}`;

/** A table that a kernel refuses for what its words say. */
export interface Refused {
  readonly type: string;
  readonly params: string;
  readonly says: RegExp;
  readonly errno?: string;
  readonly length?: bigint;
  /** The only kernel that refuses it so. */
  readonly kernel?: KernelVersion;
}

const refused = (type: string, params: string, says: RegExp, facts: Partial<Refused> = {}): Refused => ({
  type,
  params,
  says,
  ...facts,
});

/**
 * Linux 6.1 and 6.12 refuse them: test/kernel loads them there, and their log gave these reasons on 6.12. Those of pcache
 * and of historical-service-time, which Debian's kernels do not have, are by their sources.
 */
export const refusals: readonly Refused[] = [
  refused(
    'raid',
    'raid1 9 0 sync daemon_sleep 5 max_write_behind 3 write_mostly 0 2 /dev/ram1 /dev/ram2 /dev/ram3 /dev/ram4',
    /"2" is not an option/,
  ),
  refused(
    'raid',
    'raid6_nr 2 128 nosync 4 - /dev/ram1 - /dev/ram2 - /dev/ram3 - /dev/ram4',
    /raid6_nr takes no nosync/,
  ),
  refused(
    'raid',
    'raid10 5 128 raid10_copies 2 raid10_format near 2 - /dev/ram1 - /dev/ram2',
    /needs metadata devices/,
  ),
  refused('verity', `${VERITY} - 3 ignore_zero_blocks`, /announces 3 words, but 1 follow/),
  refused('verity', `${VERITY} - 2 ignore_corruption ignore_corruption`, /only one of ignore_corruption/),
  refused('verity', `${VERITY} - 2 panic_on_error restart_on_error`, /only one of restart_on_error/, {
    kernel: '6.12',
  }),
  refused('verity', `${VERITY} - 1 restart_on_error`, /needs Linux 6.12/, { kernel: '6.1' }),
  refused('verity', `${VERITY} - 2 use_fec_from_device /dev/ram3`, /needs fec_roots/),
  refused('verity', `${VERITY} - 4 use_fec_from_device /dev/ram3 fec_roots 2`, /fec_blocks must be at least the 128/),
  refused('writecache', 's /dev/ram1 /dev/ram2 4096', /options is missing/),
  refused('multipath', '2 queue_mode bio 0 1 1 service-time 0 1 2 /dev/ram1 1 101', /from 0 to 100 as argument 2/),
  refused('multipath', '0 0 1 1 service-time 0 1 1 /dev/ram0 5 extra', /one word more than multipath takes/),
  refused('multipath', '0 0 0 1', /initial_group must be 0 without groups/),
  refused('writecache', 'x /dev/ram1 /dev/ram2 4096 0', /kind must be p or s/),
  refused('writecache', 's /dev/ram1 /dev/ram2 1000 0', /block_size must be a power of two/),
  refused('writecache', 's /dev/ram1 /dev/ram2 4096 1 nofua', /for persistent memory/),
  refused('writecache', 'p /dev/ram1 /dev/ram2 4096 2 pause_writeback 1', /for an SSD/),
  refused('writecache', 's /dev/ram1 /dev/ram2 4096 2 high_watermark 40', /40, must not be below low_watermark, 45/),
  refused('writecache', 's /dev/ram1 /dev/ram2 4096 2 low_watermark 51', /50, must not be below low_watermark, 51/),
  refused('writecache', 's /dev/ram1 /dev/ram2 4096 2 autocommit_time 3600001', /0 to 3600000/),
  refused('verity', `${VERITY} -`, /is more than the 1024/, { length: 1025n }),
  refused('verity', VERITY.replace('sha256', 'sha1'), /salt is missing/),
  refused('verity', `${VERITY.replace('sha256', 'sha1')} -`, /40 hexadecimal digits for sha1, not 64/),
  refused('verity', `${VERITY} abc`, /salt must be hexadecimal/),
  refused('verity', `2${VERITY.slice(1)} -`, /version must be/),
  refused(
    'verity',
    `1 /dev/ram1 /dev/ram2 4096 4096 2147483648 1 sha256 ${ROOT} - 1 check_at_most_once`,
    /at most 2147483647/,
    {
      errno: 'E2BIG',
    },
  ),
  refused(
    'verity',
    `1 /dev/ram1 /dev/ram2 4096 1024 128 1 sha256 ${ROOT} - 2 use_fec_from_device /dev/ram3`,
    /of one size/,
  ),
  refused(
    'verity',
    `1 /dev/ram1 /dev/ram2 512 512 18446744073709551615 1 sha512 ${'0'.repeat(128)} - 1 x`,
    /is not an option/,
  ),
  refused('verity', `1 /dev/ram1 /dev/ram2 4096 512 2305843009213693952 1 sha256 ${ROOT} -`, /more than 2\^64 sectors/),
  refused('integrity', '/dev/ram1 0 - J 0', /needs internal_hash/),
  refused('integrity', '/dev/ram1 0 425 J 0', /tag_size must be/),
  refused('integrity', '/dev/ram1 0 4 j 0', /mode must be/),
  refused('integrity', '/dev/ram1 0 4 B 0', /mode B needs internal_hash/),
  refused('integrity', '/dev/ram1 0 4 J 1 allow_discards', /needs internal_hash/),
  refused('integrity', '/dev/ram1 0 4 J 1 recalculate', /needs internal_hash/),
  refused('integrity', '/dev/ram1 0 4 J 1 RECALCULATE', /is not an option/),
  refused('integrity', '/dev/ram1 0 4 J 1 internal_hash:crc32c:abc', /hexadecimal digits, two a byte/),
  refused('integrity', '/dev/ram1 0 4 J 1 block_size:768', /block_size must be a power of two/),
  refused('integrity', '/dev/ram1 0 4 I 1 internal_hash:crc32c', /needs Linux 6.11/, { kernel: '6.1' }),
  refused('integrity', '/dev/ram1 0 4 I 2 internal_hash:crc32c meta_device:/dev/ram2', /takes no meta_device/),
  refused('raid', 'raid7 1 128 2 - /dev/ram1 - /dev/ram2', /type must be/),
  refused('raid', 'raid6_zr 1 128 2 - /dev/ram1 - /dev/ram2', /needs more than 2 devices/),
  refused('raid', 'raid5_ls 1 100 3 - /dev/ram1 - /dev/ram2 - /dev/ram3', /power of two from 8, not 100/),
  refused('raid', 'raid5_ls 1 4 3 - /dev/ram1 - /dev/ram2 - /dev/ram3', /power of two from 8, not 4/),
  refused('raid', 'raid5_ls 1 128 3 - /dev/ram1 - /dev/ram2 - /dev/ram3', /cannot be shared by 2 devices/, {
    length: 131_073n,
  }),
  refused(
    'raid',
    'raid1 5 0 rebuild 1 rebuild 1 2 /dev/ram1 /dev/ram2 /dev/ram3 /dev/ram4',
    /given twice for a device/,
  ),
  refused('raid', 'raid1 3 0 rebuild 2 2 /dev/ram1 /dev/ram2 /dev/ram3 /dev/ram4', /no device 2, the last is 1/),
  refused('raid', 'raid1 4 0 rebuild 1 sync 2 /dev/ram1 /dev/ram2 /dev/ram3 /dev/ram4', /rebuild excludes sync/),
  refused('raid', 'raid1 3 0 sync nosync 2 /dev/ram1 /dev/ram2 /dev/ram3 /dev/ram4', /sync and nosync exclude/),
  refused('raid', 'raid1 5 0 write_mostly 0 write_mostly 1 2 - /dev/ram1 - /dev/ram2', /not all devices/),
  refused('raid', 'raid1 5 0 region_size 8 region_size 8 2 - /dev/ram1 - /dev/ram2', /given twice/),
  refused('raid', 'raid1 3 0 region_size 2048 2 - /dev/ram1 - /dev/ram2', /at most 1024/, { length: 1024n }),
  refused('raid', 'raid1 3 0 region_size 1000 2 - /dev/ram1 - /dev/ram2', /a power of two/),
  refused('raid', 'raid5_n 3 128 region_size 64 3 - /dev/ram1 - /dev/ram2 - /dev/ram3', /at least the chunk, 128/),
  refused('raid', 'raid1 3 0 stripe_cache 64 2 - /dev/ram1 - /dev/ram2', /raid1 takes no stripe_cache/),
  refused('raid', 'raid1 3 0 rebuild 0 2 - - - /dev/ram2', /device 0 is to be rebuilt, but it is missing/),
  refused('raid', 'raid1 1 0 2 /dev/ram1 - - /dev/ram2', /metadata device needs its data device/),
  refused(
    'raid',
    'raid4 3 128 journal_mode writeback 3 - /dev/ram1 - /dev/ram2 - /dev/ram3',
    /needs journal_dev before it/,
  ),
  refused(
    'raid',
    'raid10 3 128 raid10_copies 3 2 /dev/ram1 /dev/ram2 /dev/ram3 /dev/ram4',
    /3 copies need as many devices/,
  ),
  refused('raid', 'raid10 2 128 raid10_use_near_sets 2 /dev/ram1 /dev/ram2 /dev/ram3 /dev/ram4', /far and offset/),
  refused('raid', 'raid4 3 128 data_offset 8 3 - /dev/ram1 - /dev/ram2 - /dev/ram3', /multiple of 8 sectors from 32/),
  refused('raid', 'raid4 3 128 delta_disks 252 3 - /dev/ram1 - /dev/ram2 - /dev/ram3', /from 1 to 251/),
  refused(
    'raid',
    'raid4 5 128 min_recovery_rate 20 max_recovery_rate 10 3 - /dev/ram1 - /dev/ram2 - /dev/ram3',
    /20, must not be above/,
  ),
  refused('raid', 'raid1 0 2 - /dev/ram1 - /dev/ram2', /must count the chunk/),
  refused('multipath', '9 a b c d e f g h i 0 0 0', /from 0 to 8/),
  refused('multipath', '2 pg_init_retries 51 0 0 0', /from 1 to 50/),
  refused('multipath', '0 0 1 0 round-robin 0 1 0 /dev/ram1', /must be a group, from 1/),
  refused('multipath', '0 0 1 1 round-robin 0 1 2 /dev/ram1 1 1', /at most 1 arguments, not 2/),
  refused('multipath', '0 0 1 1 historical-service-time 1 1024 1 0 /dev/ram1', /from 0 to 1023/),
  refused('vdo', 'V5 /dev/ram1 16384 4096 128 100', /version must be V4/),
  refused('vdo', 'V4 /dev/ram1 16384 1024 128 100', /block_size must be 512 or 4096/),
  refused('vdo', 'V4 /dev/ram1 16384 4096 128 100', /whole blocks of 8 sectors/, { length: 1023n }),
  refused('vdo', 'V4 /dev/ram1 16384 4096 128 100 hash 1', /must all be 0 or none/),
  refused('vdo', 'V4 /dev/ram1 16384 4096 8191 100 hash 1 logical 2 physical 1', /at least 8192 blocks/),
  refused('vdo', 'V4 /dev/ram1 16384 4096 128 100 logical 61', /0 to 60/),
  refused('vdo', 'V4 /dev/ram1 16384 4096 128 100 compression ON', /compression must be on or off/),
  refused('vdo', 'V4 /dev/ram1 16384 4096 128 100 cpu', /is missing/),
  refused('pcache', '/dev/ram1', /backing is missing/),
  refused('pcache', '/dev/ram1 /dev/ram2 2 cache_mode writethrough', /must be writeback/),
  refused('pcache', '/dev/ram1 /dev/ram2 2 crc true', /"crc" is not an option/),
];
