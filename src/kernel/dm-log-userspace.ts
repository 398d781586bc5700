import { cstring, i32, struct, u16, u32, u64 } from './struct.ts';

/** `struct nlmsghdr`: the head of a netlink message. Source: include/uapi/linux/netlink.h. */
export const NlMsgHdr = struct('nlmsghdr', { length: u32, type: u16, flags: u16, seq: u32, pid: u32 });
/** `nlmsghdr.type` of the connector's messages. */
export const NLMSG_DONE = 3;

/** The fixed part of `struct cn_msg` (with its `struct cb_id`); `length` bytes follow. Source: include/uapi/linux/connector.h. */
export const CnMsg = struct('cn_msg', { idx: u32, val: u32, seq: u32, ack: u32, length: u16, flags: u16 });
/** The connector's id of device-mapper, and the netlink group that its requests are sent to. */
export const CN_IDX_DM = 7;
export const CN_VAL_DM_USERSPACE_LOG = 1;

/**
 * The fixed part of `struct dm_ulog_request`; `dataSize` bytes follow.
 * Source: include/uapi/linux/dm-log-userspace.h, version 3.
 */
export const DmUlogRequest = struct('dm_ulog_request', {
  luid: u64,
  uuid: cstring(129),
  version: u32,
  error: i32,
  seq: u32,
  requestType: u32,
  dataSize: u32,
});

/** The highest `dm_ulog_request.version` that this code knows. */
export const DM_ULOG_REQUEST_VERSION = 3;
/** The bits of `requestType` that are the type; the others are reserved. */
export const DM_ULOG_REQUEST_MASK = 0xff;

/** Request types, named as in the header after `DM_ULOG_`. */
export const DM_ULOG = {
  CTR: 1,
  DTR: 2,
  PRESUSPEND: 3,
  POSTSUSPEND: 4,
  RESUME: 5,
  GET_REGION_SIZE: 6,
  IS_CLEAN: 7,
  IN_SYNC: 8,
  FLUSH: 9,
  MARK_REGION: 10,
  CLEAR_REGION: 11,
  GET_RESYNC_WORK: 12,
  SET_REGION_SYNC: 13,
  GET_SYNC_COUNT: 14,
  STATUS_INFO: 15,
  STATUS_TABLE: 16,
  IS_REMOTE_RECOVERING: 17,
} as const;

/** A request type's name. */
export type UlogRequestName = keyof typeof DM_ULOG;

const names = new Map<number, UlogRequestName>();
for (const [name, type] of Object.entries(DM_ULOG)) names.set(type, name as UlogRequestName);

/** A request type's name; undefined for one that version 3 does not have. */
export function ulogRequestName(type: number): UlogRequestName | undefined {
  return names.get(type);
}

/** The kernel's request with its data is at most so many bytes (drivers/md/dm-log-userspace-transfer.c, `DM_ULOG_PREALLOCED_SIZE`). */
export const DM_ULOG_PREALLOCED_SIZE = 512;
/** The kernel has room for a device's name of so many bytes, with its NUL, in the reply to CTR (`DM_NAME_LEN`). */
export const DM_ULOG_DEVICE_NAME_SIZE = 128;
