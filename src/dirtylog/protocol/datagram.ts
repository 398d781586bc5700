/**
 * One datagram of the kernel's dirty-log protocol, decoded and answered in place: the reply is the request's bytes with
 * the error, the payload and the lengths replaced. Nothing is allocated, neither by decoding nor by answering.
 */
import {
  CN_IDX_DM,
  CN_VAL_DM_USERSPACE_LOG,
  CnMsg,
  DM_ULOG,
  DM_ULOG_REQUEST_MASK,
  DmUlogRequest,
  NlMsgHdr,
  ulogRequestName,
} from '../../kernel/dm-log-userspace.ts';
import { littleEndian } from '../../kernel/struct.ts';

const CN = NlMsgHdr.size;
const ULOG = CN + CnMsg.size;
/** Bytes before a request's or reply's payload. */
export const HEADER_BYTES = ULOG + DmUlogRequest.size;
/** Bytes of a bare acknowledgement: a connector message without content. */
export const ACK_BYTES = ULOG;
/** Room for any request (at most 528 bytes), any reply, and a foreign datagram's head. */
export const DATAGRAM_BYTES = 1024;

const AT = {
  length: NlMsgHdr.offsets.length,
  idx: CN + CnMsg.offsets.idx,
  val: CN + CnMsg.offsets.val,
  cnSeq: CN + CnMsg.offsets.seq,
  ack: CN + CnMsg.offsets.ack,
  cnLength: CN + CnMsg.offsets.length,
  luid: ULOG + DmUlogRequest.offsets.luid,
  uuid: ULOG + DmUlogRequest.offsets.uuid,
  uuidEnd: ULOG + DmUlogRequest.offsets.version,
  version: ULOG + DmUlogRequest.offsets.version,
  error: ULOG + DmUlogRequest.offsets.error,
  seq: ULOG + DmUlogRequest.offsets.seq,
  type: ULOG + DmUlogRequest.offsets.requestType,
  dataSize: ULOG + DmUlogRequest.offsets.dataSize,
} as const;

const LUID_LOW = littleEndian ? AT.luid : AT.luid + 4;
const LUID_HIGH = littleEndian ? AT.luid + 4 : AT.luid;
const LOW = littleEndian ? 0 : 4;
const HIGH = 4 - LOW;

/** The size of the longest name of a log: `DM_UUID_LEN` without its NUL. */
export const MAX_UUID_BYTES = 128;

/** Fixed payload of the replies that have one, in bytes, by type: the room that the kernel keeps for each. */
const REPLY_BYTES = new Uint8Array(DM_ULOG_REQUEST_MASK + 1);
for (const type of [DM_ULOG.GET_REGION_SIZE, DM_ULOG.IS_CLEAN, DM_ULOG.IN_SYNC, DM_ULOG.GET_SYNC_COUNT]) {
  REPLY_BYTES[type] = 8;
}
REPLY_BYTES[DM_ULOG.GET_RESYNC_WORK] = 16;
REPLY_BYTES[DM_ULOG.IS_REMOTE_RECOVERING] = 16;

/**
 * Payload of an error reply to a status request. The kernel forgets how much room it has when the reply is shorter, and
 * refuses the answer to its own retry then; its room is a page or more, and our longest status text is shorter.
 */
const STATUS_ERROR_BYTES = 64;

/** What a datagram is: a request, somebody else's message, a request of a type that version 3 lacks, or broken. */
export type Verdict = 'request' | 'foreign' | 'unknownType' | 'malformed';

/** A datagram and the buffer that it lives in. Its fields are valid from `decode()` until the next one. */
export class Datagram {
  readonly bytes: Uint8Array = new Uint8Array(DATAGRAM_BYTES);
  readonly #view = new DataView(this.bytes.buffer);
  type = 0;
  /** The kernel's sequence number of this request: what a reply is matched by. */
  seq = 0;
  /** Bytes of the request's payload. */
  dataSize = 0;
  uuidBytes = 0;
  // As 32-bit integers, which the engine keeps unboxed; a bigint would be an object a request.
  luidLow = 0;
  luidHigh = 0;
  /** What is wrong with a malformed datagram, one line. */
  fault = '';

  /** Reads the first `length` bytes of the buffer, as received. */
  decode(length: number): Verdict {
    const view = this.#view;
    if (length < ACK_BYTES) return this.#malformed(`${length} bytes are less than a connector message's ${ACK_BYTES}`);
    const messageLength = view.getUint32(AT.length, littleEndian);
    if (
      view.getUint32(AT.idx, littleEndian) !== CN_IDX_DM ||
      view.getUint32(AT.val, littleEndian) !== CN_VAL_DM_USERSPACE_LOG
    ) {
      return 'foreign';
    }
    const cnLength = view.getUint16(AT.cnLength, littleEndian);
    if (length < HEADER_BYTES) {
      return this.#malformed(`${length} bytes are less than a dirty-log request's ${HEADER_BYTES}`);
    }
    this.dataSize = view.getUint32(AT.dataSize, littleEndian);
    if (cnLength !== DmUlogRequest.size + this.dataSize) {
      return this.#malformed(`cn_msg.len is ${cnLength}, with ${this.dataSize} bytes of data it would be another`);
    }
    // The receive call may count padding, never less than the message.
    if (messageLength < HEADER_BYTES + this.dataSize || length < HEADER_BYTES + this.dataSize) {
      return this.#malformed(
        `nlmsg_len ${messageLength} and ${length} received bytes do not hold ${this.dataSize} of data`,
      );
    }
    const uuidEnd = this.bytes.indexOf(0, AT.uuid);
    if (uuidEnd <= AT.uuid || uuidEnd > AT.uuid + MAX_UUID_BYTES) {
      return this.#malformed('the uuid is empty or does not end');
    }
    this.uuidBytes = uuidEnd - AT.uuid;
    this.luidLow = view.getInt32(LUID_LOW, littleEndian);
    this.luidHigh = view.getInt32(LUID_HIGH, littleEndian);
    this.seq = view.getUint32(AT.seq, littleEndian);
    this.type = view.getUint32(AT.type, littleEndian) & DM_ULOG_REQUEST_MASK;
    if (ulogRequestName(this.type) === undefined) return 'unknownType';
    const wanted = payloadFault(this.type, this.dataSize);
    return wanted === undefined ? 'request' : this.#malformed(wanted);
  }

  #malformed(fault: string): 'malformed' {
    this.fault = fault;
    return 'malformed';
  }

  /** The log's uuid as text. */
  get uuid(): string {
    return latin1(this.bytes.subarray(AT.uuid, AT.uuid + this.uuidBytes));
  }

  /** The kernel's address of the log: unique among live logs only. */
  get luid(): bigint {
    return this.#view.getBigUint64(AT.luid, littleEndian);
  }

  /** Whether the request is for the log of this uuid. */
  isFor(uuid: Uint8Array): boolean {
    if (uuid.length !== this.uuidBytes) return false;
    for (let index = 0; index < uuid.length; index++) {
      if (uuid[index] !== this.bytes[AT.uuid + index]) return false;
    }
    return true;
  }

  /** How many 64-bit words the payload has. */
  get regionCount(): number {
    return this.dataSize >>> 3;
  }

  /**
   * A 64-bit word of the payload. Regions are read as two halves: no log has 2^53 of them, so a larger one only needs
   * to stay larger than any log, and a bigint would be an object a region.
   */
  region(index: number): number {
    const at = HEADER_BYTES + 8 * index;
    return this.#view.getUint32(at + HIGH, littleEndian) * 2 ** 32 + this.#view.getUint32(at + LOW, littleEndian);
  }

  /** The payload as text, without a NUL at its end. */
  text(): string {
    const end = HEADER_BYTES + this.dataSize;
    return latin1(this.bytes.subarray(HEADER_BYTES, this.endsWithNul() ? end - 1 : end));
  }

  /** Whether the payload ends with a NUL: the kernel's reconnecting CTR does, its first does not. */
  endsWithNul(): boolean {
    return this.dataSize > 0 && this.bytes[HEADER_BYTES + this.dataSize - 1] === 0;
  }

  /** Takes over another datagram, to answer it later. */
  copyFrom(other: Datagram): void {
    this.bytes.set(other.bytes.subarray(0, HEADER_BYTES + other.dataSize));
    this.type = other.type;
    this.seq = other.seq;
    this.dataSize = other.dataSize;
    this.uuidBytes = other.uuidBytes;
    this.luidLow = other.luidLow;
    this.luidHigh = other.luidHigh;
  }

  /** Whether both carry the same request for the same log: what a resend is, but for its sequence number. */
  isResendOf(other: Datagram): boolean {
    if (this.type !== other.type || this.dataSize !== other.dataSize) return false;
    for (let at = AT.luid; at < AT.uuidEnd; at++) if (this.bytes[at] !== other.bytes[at]) return false;
    const end = HEADER_BYTES + this.dataSize;
    for (let at = HEADER_BYTES; at < end; at++) if (this.bytes[at] !== other.bytes[at]) return false;
    return true;
  }

  /** Makes the reply without payload; the answer is its length, as of all these methods. */
  reply(): number {
    return this.#finish(0, 0);
  }

  /** Makes the reply of one 64-bit number. */
  replyNumber(value: number): number {
    this.#put(0, value);
    return this.#finish(0, 8);
  }

  /** Makes the reply of a flag and a 64-bit number. */
  replyPair(flag: 0 | 1, value: number): number {
    this.#put(0, flag);
    this.#put(1, value);
    return this.#finish(0, 16);
  }

  /** Makes the reply of a text: with its NUL for CTR's device name, without for a status. */
  replyText(text: string, terminator: '' | '\0'): number {
    const whole = text + terminator;
    for (let index = 0; index < whole.length; index++) this.bytes[HEADER_BYTES + index] = whole.charCodeAt(index);
    return this.#finish(0, whole.length);
  }

  /**
   * Makes the error reply, with a payload of the size that a good one has: the kernel takes the size of an error reply
   * as the room of its retry.
   *
   * @param errno positive, as in `ERRNO`
   */
  replyError(errno: number): number {
    const isStatus = this.type === DM_ULOG.STATUS_INFO || this.type === DM_ULOG.STATUS_TABLE;
    const size = isStatus ? STATUS_ERROR_BYTES : (REPLY_BYTES[this.type] as number);
    this.bytes.fill(0, HEADER_BYTES, HEADER_BYTES + size);
    return this.#finish(-errno, size);
  }

  /** Makes the bare acknowledgement, which carries an error but says nothing of a request's content. */
  acknowledge(errno: number): number {
    this.#view.setUint32(AT.length, ACK_BYTES, littleEndian);
    this.#view.setUint32(AT.ack, errno, littleEndian);
    this.#view.setUint16(AT.cnLength, 0, littleEndian);
    return ACK_BYTES;
  }

  #put(index: number, value: number): void {
    const at = HEADER_BYTES + 8 * index;
    this.#view.setUint32(at + LOW, value, littleEndian);
    this.#view.setUint32(at + HIGH, value / 2 ** 32, littleEndian);
  }

  #finish(error: number, dataSize: number): number {
    const view = this.#view;
    view.setUint32(AT.length, HEADER_BYTES + dataSize, littleEndian);
    view.setUint32(AT.ack, 0, littleEndian);
    view.setUint16(AT.cnLength, DmUlogRequest.size + dataSize, littleEndian);
    view.setInt32(AT.error, error, littleEndian);
    view.setUint32(AT.dataSize, dataSize, littleEndian);
    return HEADER_BYTES + dataSize;
  }
}

/** Text from bytes one to one: what the kernel sent comes back unchanged, whatever its encoding. */
function latin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

/** What is wrong with a payload of this size; undefined when it is right for the type. */
function payloadFault(type: number, dataSize: number): string | undefined {
  switch (type) {
    case DM_ULOG.CTR:
      return dataSize > 0 ? undefined : 'CTR without arguments';
    case DM_ULOG.IS_CLEAN:
    case DM_ULOG.IN_SYNC:
    case DM_ULOG.IS_REMOTE_RECOVERING:
      return dataSize === 8 ? undefined : `${ulogRequestName(type)} with ${dataSize} bytes of data instead of 8`;
    case DM_ULOG.SET_REGION_SYNC:
      return dataSize === 16 ? undefined : `SET_REGION_SYNC with ${dataSize} bytes of data instead of 16`;
    case DM_ULOG.MARK_REGION:
    case DM_ULOG.CLEAR_REGION:
    case DM_ULOG.FLUSH:
      return dataSize % 8 === 0
        ? undefined
        : `${ulogRequestName(type)} with ${dataSize} bytes of data, not whole regions`;
    default:
      return undefined;
  }
}
