/** The kernel's side of the protocol: requests made and replies read. For the conformance kit, the model and benches. */
import {
  CN_IDX_DM,
  CN_VAL_DM_USERSPACE_LOG,
  CnMsg,
  DM_ULOG,
  DM_ULOG_REQUEST_VERSION,
  DmUlogRequest,
  NLMSG_DONE,
  NlMsgHdr,
  type UlogRequestName,
} from '../../kernel/dm-log-userspace.ts';
import { littleEndian } from '../../kernel/struct.ts';
import { ACK_BYTES, HEADER_BYTES } from './datagram.ts';

/** A request as the kernel means it. */
export interface KernelRequest {
  readonly type: UlogRequestName;
  readonly luid: bigint;
  readonly uuid: string;
  readonly seq: number;
  readonly data?: Uint8Array;
}

/** What the kernel makes of a reply. */
export type KernelReply =
  | {
      readonly kind: 'reply';
      readonly seq: number;
      /** 0, or a negative error number. */
      readonly error: number;
      readonly data: Uint8Array;
    }
  | { readonly kind: 'acknowledgement'; readonly seq: number; readonly error: number }
  /** The kernel drops it, logs it or reads beyond its end; `fault` says why. */
  | { readonly kind: 'broken'; readonly fault: string };

/** A request's datagram. */
export function encodeRequest({ type, luid, uuid, seq, data }: KernelRequest): Uint8Array {
  const dataSize = data?.length ?? 0;
  const bytes = new Uint8Array(HEADER_BYTES + dataSize);
  const netlink = NlMsgHdr.at(bytes);
  netlink.length = bytes.length;
  netlink.type = NLMSG_DONE;
  netlink.seq = seq;
  const connector = CnMsg.at(bytes, NlMsgHdr.size);
  connector.idx = CN_IDX_DM;
  connector.val = CN_VAL_DM_USERSPACE_LOG;
  connector.seq = seq;
  connector.length = DmUlogRequest.size + dataSize;
  const request = DmUlogRequest.at(bytes, ACK_BYTES);
  request.luid = luid;
  request.uuid = uuid;
  request.version = DM_ULOG_REQUEST_VERSION;
  request.seq = seq;
  request.requestType = DM_ULOG[type];
  request.dataSize = dataSize;
  if (data !== undefined) bytes.set(data, HEADER_BYTES);
  return bytes;
}

/** Reads a server's datagram as the kernel's `cn_ulog_callback` does. */
export function decodeReply(bytes: Uint8Array): KernelReply {
  if (bytes.length < ACK_BYTES) return { kind: 'broken', fault: `${bytes.length} bytes are no connector message` };
  const netlink = NlMsgHdr.at(bytes);
  const connector = CnMsg.at(bytes, NlMsgHdr.size);
  if (connector.idx !== CN_IDX_DM || connector.val !== CN_VAL_DM_USERSPACE_LOG) {
    return { kind: 'broken', fault: `connector id ${connector.idx},${connector.val} is not device-mapper's` };
  }
  if (netlink.length < ACK_BYTES + connector.length || netlink.length > bytes.length) {
    return {
      kind: 'broken',
      fault: `nlmsg_len ${netlink.length}, cn_msg.len ${connector.length}, sent ${bytes.length}`,
    };
  }
  if (connector.length === 0) return { kind: 'acknowledgement', seq: connector.seq, error: 0 - connector.ack };
  if (connector.length < DmUlogRequest.size) {
    return { kind: 'broken', fault: `cn_msg.len ${connector.length} is less than a dm_ulog_request` };
  }
  const request = DmUlogRequest.at(bytes, ACK_BYTES);
  if (DmUlogRequest.size + request.dataSize !== connector.length) {
    return { kind: 'broken', fault: `data_size ${request.dataSize} does not fit cn_msg.len ${connector.length}` };
  }
  const data = bytes.slice(HEADER_BYTES, HEADER_BYTES + request.dataSize);
  return { kind: 'reply', seq: request.seq, error: request.error, data };
}

const [LOW, HIGH] = littleEndian ? [0, 4] : [4, 0];

/** Numbers as the 64-bit words of a request's payload. */
export function regionData(...values: readonly number[]): Uint8Array {
  const data = new Uint8Array(8 * values.length);
  const view = new DataView(data.buffer);
  for (let index = 0; index < values.length; index++) {
    const value = values[index] as number;
    view.setUint32(8 * index + LOW, value, littleEndian);
    view.setUint32(8 * index + HIGH, Math.floor(value / 2 ** 32), littleEndian);
  }
  return data;
}

/** The 64-bit words of a payload, as numbers: exact up to 2^53. */
export function words64(data: Uint8Array): number[] {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const words: number[] = [];
  for (let at = 0; at + 8 <= data.length; at += 8) {
    words.push(view.getUint32(at + HIGH, littleEndian) * 2 ** 32 + view.getUint32(at + LOW, littleEndian));
  }
  return words;
}

const encoder = new TextEncoder();

/** A constructor's words as the kernel sends them: with a NUL at the end only when it reconnects. */
export function constructorData(words: string, { reconnects }: { readonly reconnects: boolean }): Uint8Array {
  return encoder.encode(reconnects ? `${words}\0` : words);
}
