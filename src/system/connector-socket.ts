import { closeSync } from 'node:fs';
import { ERRNO } from '../kernel/errno.ts';
import {
  AF_NETLINK,
  NETLINK_ADD_MEMBERSHIP,
  NETLINK_CONNECTOR,
  NETLINK_NO_ENOBUFS,
  SO_RCVBUFFORCE,
  SOCK_DGRAM_NONBLOCK_CLOEXEC,
  SOL_NETLINK,
  SOL_SOCKET,
  SockaddrNl,
} from '../kernel/netlink.ts';
import { SystemError } from './errors.ts';
import { bindCall, checked, errno, socket } from './libc.ts';

/** How a full receive buffer of this many bytes looks to the kernel: as if nobody listened. Some 10^4 requests. */
const RECEIVE_BUFFER_BYTES = 8 * 1024 * 1024;
/** Bytes are received and sent as they are: no flags. */
const NO_FLAGS = 0;

/**
 * A socket of the kernel's connector that is a member of one group: what the kernel sends to the group is received, and
 * what is sent goes to the kernel. Neither call waits, and neither allocates. Source: Documentation/driver-api/connector.rst.
 */
export class ConnectorSocket implements Disposable {
  readonly fd: number;
  readonly #receive = bindCall('recv', ['int', 'void *', 'size_t', 'int'], 'long');
  readonly #send = bindCall('send', ['int', 'void *', 'size_t', 'int'], 'long');

  /** @param fd what `open()` has made, in this thread, another or another process */
  constructor(fd: number) {
    this.fd = fd;
  }

  /** @throws SystemError EPERM without CAP_NET_ADMIN, EPROTONOSUPPORT when the kernel has no connector */
  static open(group: number): ConnectorSocket {
    const made = new ConnectorSocket(socket(AF_NETLINK, SOCK_DGRAM_NONBLOCK_CLOEXEC, NETLINK_CONNECTOR));
    try {
      const address = new Uint8Array(SockaddrNl.size);
      SockaddrNl.at(address).family = AF_NETLINK;
      checked(bindCall('bind', ['int', 'void *', 'uint32_t'])(made.fd, address, address.length), 'bind');
      made.#set(SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BUFFER_BYTES, 'SO_RCVBUFFORCE');
      made.#set(SOL_NETLINK, NETLINK_NO_ENOBUFS, 1, 'NETLINK_NO_ENOBUFS');
      // Not by the address's bit mask, as the header says: 7 there are the groups 1, 2 and 3.
      made.#set(SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, group, 'NETLINK_ADD_MEMBERSHIP');
      return made;
    } catch (error) {
      closeSync(made.fd);
      throw error;
    }
  }

  #set(level: number, option: number, value: number, name: string): void {
    const setOption = bindCall('setsockopt', ['int', 'int', 'int', 'void *', 'uint32_t']);
    checked(setOption(this.fd, level, option, new Int32Array([value]), 4), `setsockopt(${name})`);
  }

  /** Receives one datagram; its bytes, or 0 when none is waiting. */
  receive(into: Uint8Array): number {
    for (;;) {
      const length = this.#receive(this.fd, into, into.length, NO_FLAGS);
      if (length >= 0) return length;
      const reason = errno();
      if (reason === ERRNO.EAGAIN) return 0;
      if (reason !== ERRNO.EINTR) throw new SystemError('recv', reason);
    }
  }

  /** Sends the first `length` bytes to the kernel, which has taken them on return. @throws SystemError ENOBUFS, ENOMEM */
  send(bytes: Uint8Array, length: number): void {
    while (this.#send(this.fd, bytes, length, NO_FLAGS) === -1) {
      const reason = errno();
      if (reason !== ERRNO.EINTR) throw new SystemError('send', reason);
    }
  }

  [Symbol.dispose](): void {
    closeSync(this.fd);
  }
}

/** A socket that is a member of a group. */
export interface ConnectorMember {
  /** As a rule the id of the process that bound it first, dead or alive. */
  readonly port: number;
  readonly inode: number;
}

/** Who is a member of a group, of all sockets in the text of `/proc/net/netlink`. */
export function connectorMembers(procNetNetlink: string, group: number): ConnectorMember[] {
  const members: ConnectorMember[] = [];
  for (const line of procNetNetlink.split('\n').slice(1)) {
    const [, protocol, port, groups = '0', , , , , , inode] = line.trim().split(/\s+/);
    const isMember = (Number.parseInt(groups, 16) & (1 << (group - 1))) !== 0;
    // The kernel's own socket, on port 0, hears nothing.
    if (Number(protocol) === NETLINK_CONNECTOR && isMember && Number(port) !== 0) {
      members.push({ port: Number(port), inode: Number(inode) });
    }
  }
  return members;
}
