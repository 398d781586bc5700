import { cstring, i32, struct, u32, u64, version3 } from './struct.ts';

/** `struct dm_ioctl`: the header of every request and reply. Source: include/uapi/linux/dm-ioctl.h. */
export const DmIoctl = struct('dm_ioctl', {
  version: version3,
  dataSize: u32,
  dataStart: u32,
  targetCount: u32,
  openCount: i32,
  flags: u32,
  eventNr: u32,
  padding: u32,
  dev: u64,
  name: cstring(128),
  uuid: cstring(129),
  data: cstring(7),
});

/** `struct dm_target_spec`: one target of a table; `next` is the distance to the next one, in bytes. */
export const DmTargetSpec = struct('dm_target_spec', {
  sectorStart: u64,
  length: u64,
  status: i32,
  next: u32,
  targetType: cstring(16),
});

/** The fixed part of `struct dm_name_list`. The name follows at `nameOffset`, not at `size`. */
export const DmNameList = struct('dm_name_list', { dev: u64, next: u32 });
/** `offsetof(struct dm_name_list, name)`. */
export const DM_NAME_LIST_NAME_OFFSET = 12;

/** Bits of a record's flags in `DM_LIST_DEVICES`, which follow its name and event number when uuids were asked for. */
export const DM_NAME_LIST_FLAGS = { HAS_UUID: 1, DOESNT_HAVE_UUID: 2 } as const;

/** The fixed part of `struct dm_target_deps`: `count` packed device numbers of 64 bits follow. */
export const DmTargetDeps = struct('dm_target_deps', { count: u32, padding: u32 });

/** The fixed part of `struct dm_target_versions`. The target's name follows; `next` is the distance to the next. */
export const DmTargetVersions = struct('dm_target_versions', { next: u32, version: version3 });

/** `struct dm_target_msg`: the sector, then the message's text with its NUL. */
export const DmTargetMsg = struct('dm_target_msg', { sector: u64 });

/** Bytes of the header that the kernel insists on: `offsetof(struct dm_ioctl, data)`. */
export const DM_IOCTL_MIN_SIZE = DmIoctl.offsets.data;

/** The largest `data_size` that the kernel takes (drivers/md/dm-ioctl.c, `DM_MAX_TARGETS * DM_MAX_TARGET_PARAMS`). */
export const DM_IOCTL_MAX_SIZE = 1024 * 1024 * 1024;

/** The interface version that this code speaks: any minor number of the kernel's up to its own is served. */
export const DM_VERSION_WANTED = [4, 0, 0] as const;

/** Request numbers of the 18 device-mapper ioctls. */
export const DM_COMMANDS = {
  DM_VERSION: 0,
  DM_REMOVE_ALL: 1,
  DM_LIST_DEVICES: 2,
  DM_DEV_CREATE: 3,
  DM_DEV_REMOVE: 4,
  DM_DEV_RENAME: 5,
  DM_DEV_SUSPEND: 6,
  DM_DEV_STATUS: 7,
  DM_DEV_WAIT: 8,
  DM_TABLE_LOAD: 9,
  DM_TABLE_CLEAR: 10,
  DM_TABLE_DEPS: 11,
  DM_TABLE_STATUS: 12,
  DM_LIST_VERSIONS: 13,
  DM_TARGET_MSG: 14,
  DM_DEV_SET_GEOMETRY: 15,
  DM_DEV_ARM_POLL: 16,
  DM_GET_TARGET_VERSION: 17,
} as const;

/** The name of a device-mapper ioctl, as the kernel's header spells it. */
export type DmCommand = keyof typeof DM_COMMANDS;

/** The ioctl request code of a command: `_IOWR(0xfd, number, struct dm_ioctl)`. */
export function requestCode(command: DmCommand): number {
  return 0xc138fd00 + DM_COMMANDS[command];
}

/** Bits of `dm_ioctl.flags`. */
export const DM_FLAGS = {
  READONLY: 1 << 0,
  SUSPEND: 1 << 1,
  PERSISTENT_DEV: 1 << 3,
  STATUS_TABLE: 1 << 4,
  ACTIVE_PRESENT: 1 << 5,
  INACTIVE_PRESENT: 1 << 6,
  BUFFER_FULL: 1 << 8,
  SKIP_BDGET: 1 << 9,
  SKIP_LOCKFS: 1 << 10,
  NOFLUSH: 1 << 11,
  QUERY_INACTIVE_TABLE: 1 << 12,
  UEVENT_GENERATED: 1 << 13,
  UUID: 1 << 14,
  SECURE_DATA: 1 << 15,
  DATA_OUT: 1 << 16,
  DEFERRED_REMOVE: 1 << 17,
  INTERNAL_SUSPEND: 1 << 18,
  IMA_MEASUREMENT: 1 << 19,
} as const;

/** A block device's number, in the two parts that people know. */
export interface DeviceNumber {
  readonly major: number;
  readonly minor: number;
}

/** Unpacks the kernel's `huge_encode_dev` form, as `dm_ioctl.dev` and Node's `stat` carry it. */
export function decodeDeviceNumber(dev: bigint): DeviceNumber {
  return {
    major: Number((dev >> 8n) & 0xfffn),
    minor: Number((dev & 0xffn) | ((dev >> 12n) & 0xfff00n)),
  };
}

/** Packs a device number into the kernel's `huge_encode_dev` form. */
export function encodeDeviceNumber({ major, minor }: DeviceNumber): bigint {
  const low = BigInt(minor & 0xff);
  const high = BigInt(minor & ~0xff);
  return low | (BigInt(major) << 8n) | (high << 12n);
}
