import { CN_IDX_DM, CN_VAL_DM_USERSPACE_LOG, CnMsg, NLMSG_DONE, NlMsgHdr } from '../../kernel/dm-log-userspace.ts';
import { ERRNO } from '../../kernel/errno.ts';
import { ACK_BYTES } from './datagram.ts';

/** More than can be under way at once: three or four of each mirror. */
const LOST_AT_MOST = 256;

/**
 * Asks the kernel for the requests that an earlier server took with it: each number before the first one that this
 * server has seen is acknowledged with EAGAIN, on which the kernel sends the request again at once, where it would
 * wait for the rest of its 15 s. Numbers that nobody waits for are passed over by the kernel, and a request that is sent
 * twice does no harm (drivers/md/dm-log-userspace-transfer.c, `fill_pkg()`, `dm_consult_userspace()`).
 *
 * @param firstSeq the number of the first request seen; numbers are the kernel's, one after the other for all logs
 */
export function askForLost(firstSeq: number, send: (bytes: Uint8Array, length: number) => void): void {
  const bytes = new Uint8Array(ACK_BYTES);
  const netlink = NlMsgHdr.at(bytes);
  netlink.length = ACK_BYTES;
  netlink.type = NLMSG_DONE;
  const connector = CnMsg.at(bytes, NlMsgHdr.size);
  connector.idx = CN_IDX_DM;
  connector.val = CN_VAL_DM_USERSPACE_LOG;
  connector.ack = ERRNO.EAGAIN;
  for (let back = LOST_AT_MOST; back >= 1; back--) {
    connector.seq = (firstSeq - back) >>> 0;
    send(bytes, ACK_BYTES);
  }
}
