import { i16, i32, struct, u16, u32 } from './struct.ts';

/** `struct sockaddr_nl`. Source: include/uapi/linux/netlink.h. */
export const SockaddrNl = struct('sockaddr_nl', { family: u16, pad: u16, pid: u32, groups: u32 });

export const AF_NETLINK = 16;
export const NETLINK_CONNECTOR = 11;
/** `SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC`. */
export const SOCK_DGRAM_NONBLOCK_CLOEXEC = 2 | 0o4000 | 0o2000000;
export const SOL_SOCKET = 1;
/** Sets the receive buffer beyond the machine's limit; for CAP_NET_ADMIN. */
export const SO_RCVBUFFORCE = 33;
export const SOL_NETLINK = 270;
export const NETLINK_ADD_MEMBERSHIP = 1;
/** A full receive buffer is no error of the next receive. */
export const NETLINK_NO_ENOBUFS = 5;

/** `struct pollfd`. Source: include/uapi/asm-generic/poll.h. */
export const PollFd = struct('pollfd', { fd: i32, events: i16, revents: i16 });
export const POLLIN = 1;
