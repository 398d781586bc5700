import { cstring, struct, u32, u64 } from './struct.ts';

/** `struct loop_info64`. Source: include/uapi/linux/loop.h. */
export const LoopInfo64 = struct('loop_info64', {
  device: u64,
  inode: u64,
  rdevice: u64,
  offset: u64,
  sizeLimit: u64,
  number: u32,
  encryptType: u32,
  encryptKeySize: u32,
  flags: u32,
  fileName: cstring(64),
  cryptName: cstring(64),
  encryptKey: cstring(32),
  init0: u64,
  init1: u64,
});

/** `LOOP_GET_STATUS64`. */
export const LOOP_GET_STATUS64 = 0x4c05;
