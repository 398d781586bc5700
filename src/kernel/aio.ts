import { i16, struct, u16, u32, u64 } from './struct.ts';

/**
 * `struct iocb`. Big-endian machines have `aio_key` and `aio_rw_flags` the other way round; both are 0 here. The offset is
 * signed there.
 * Source: include/uapi/linux/aio_abi.h.
 */
export const Iocb = struct('iocb', {
  data: u64,
  key: u32,
  rwFlags: u32,
  opcode: u16,
  priority: i16,
  fd: u32,
  buffer: u64,
  bytes: u64,
  offset: u64,
  reserved: u64,
  flags: u32,
  resultFd: u32,
});

/** `struct io_event`. The results are signed there. */
export const IoEvent = struct('io_event', { data: u64, iocb: u64, result: u64, result2: u64 });

export const IOCB_CMD_PWRITE = 1;
/** The eventfd in `resultFd` is signalled at the end. */
export const IOCB_FLAG_RESFD = 1;

/** Numbers of the system calls, which the C library does not offer. */
export interface AioCalls {
  readonly setup: number;
  readonly submit: number;
  readonly getEvents: number;
}

/** include/uapi/asm-generic/unistd.h */
const GENERIC: AioCalls = { setup: 0, submit: 2, getEvents: 4 };

/** By Node's name of the machine; not of all. Source: arch/x86/entry/syscalls/syscall_64.tbl and the above. */
export const AIO_CALLS: Readonly<Partial<Record<string, AioCalls>>> = {
  x64: { setup: 206, submit: 209, getEvents: 208 },
  arm64: GENERIC,
  loong64: GENERIC,
  riscv64: GENERIC,
};
