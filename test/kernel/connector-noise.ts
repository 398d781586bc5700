import { closeSync } from 'node:fs';
import { ACK_BYTES } from '../../src/dirtylog/protocol/datagram.ts';
import { encodeRequest } from '../../src/dirtylog/protocol/kernel-side.ts';
import { CN_IDX_DM, CnMsg, DmUlogRequest, NlMsgHdr } from '../../src/kernel/dm-log-userspace.ts';
import { AF_NETLINK, NETLINK_CONNECTOR, SOCK_DGRAM_NONBLOCK_CLOEXEC, SockaddrNl } from '../../src/kernel/netlink.ts';
import { sendTo, socket } from '../../src/system/libc.ts';

/** A number that no request has so soon. */
const NOBODYS_SEQ = 0xffff_0000;
const NO_CONNECTOR = 0x1234;
const NO_TYPE = 99;

function request(): Uint8Array {
  return encodeRequest({ type: 'FLUSH', luid: 1n, uuid: 'nobody', seq: NOBODYS_SEQ });
}

/** Another connector's, of which the kernel knows none; one that ends too early; one of a type that there is not. */
function noises(): readonly Uint8Array[] {
  const foreign = request();
  CnMsg.at(foreign, NlMsgHdr.size).idx = NO_CONNECTOR;
  const torn = request().subarray(0, ACK_BYTES + 40);
  NlMsgHdr.at(torn).length = torn.length;
  const unknown = request();
  DmUlogRequest.at(unknown, ACK_BYTES).requestType = NO_TYPE;
  return [foreign, torn, unknown];
}

/** Sends to the group of the dirty logs what is none of the kernel's requests. */
export class NoiseSender implements Disposable {
  readonly #fd = socket(AF_NETLINK, SOCK_DGRAM_NONBLOCK_CLOEXEC, NETLINK_CONNECTOR);
  readonly #address = new Uint8Array(SockaddrNl.size);
  readonly #datagrams = noises();

  constructor() {
    const address = SockaddrNl.at(this.#address);
    address.family = AF_NETLINK;
    address.groups = 1 << (CN_IDX_DM - 1);
  }

  /** So many of each. */
  send(count: number): void {
    for (let index = 0; index < count; index++) {
      for (const datagram of this.#datagrams) sendTo(this.#fd, datagram, this.#address);
    }
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }
}
