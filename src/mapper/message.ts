import { encodeText } from '../kernel/byte-text.ts';
import { DM_FLAGS, DmTargetMsg, ERRNO } from '../kernel/index.ts';
import { type DeviceRef, refText } from './device-ref.ts';
import { DmError, UsageError } from './errors.ts';
import { type Answer, type Call, isFull } from './request.ts';
import type { Requester } from './requester.ts';

/** How a message is sent. */
export interface MessageOptions {
  /** The target's sector; ignored by the DM core. */
  readonly sector?: bigint;
  /** Send it on another thread: it waits for I/O, as `@stats_create` does. */
  readonly mayWait?: boolean;
  /**
   * Bytes for the answer, default 64 KiB; the core's `@stats_` messages get what they need. A target has done what it
   * was told when its answer does not fit, so such a message is never sent again.
   */
  readonly room?: number;
  /** There are keys in it: all copies but the caller's are wiped. */
  readonly secure?: boolean;
  readonly signal?: AbortSignal;
}

const BLANK = 0x20;
const COMMAND = 'DM_TARGET_MSG';
const ROOM = 64 * 1024;
/** Room for the answer of a message of the statistics, as nearly all need it. */
export const STATS_ROOM = 4 * 1024;
// Each attempt that is too small costs the kernel a whole list: 8 attempts for 10 000 regions took 15 times the last one.
const STATS_LIST_ROOM = 128 * 1024;

/**
 * Sends a message; see `DeviceMapper.messageBytes`.
 *
 * @param read what the answer's bytes mean; they are the request's own and must be copied to be kept
 */
export async function sendMessage<T>(
  requester: Requester,
  ref: DeviceRef,
  text: string | Uint8Array,
  { sector = 0n, mayWait = false, room = ROOM, secure = false, signal }: MessageOptions,
  read: (bytes: Uint8Array) => T,
): Promise<T | undefined> {
  const payload = encodeMessage(text, sector, secure);
  const readAnswer = (answer: Answer): T | undefined => {
    const bytes = messageAnswer(answer);
    return bytes === undefined ? undefined : read(bytes);
  };
  const word = typeof text === 'string' ? (text.split(' ', 1)[0] ?? '') : firstWord(payload);
  // Asking again is safe for these alone: the kernel tests the room before it acts (drivers/md/dm-stats.c).
  if (word.startsWith('@stats_')) {
    const call = { command: COMMAND, ref, payload, keepsBuffer: true, read: readAnswer } as const;
    const first = word === '@stats_list' ? STATS_LIST_ROOM : STATS_ROOM;
    return mayWait ? requester.listLater(word, first, call, signal) : requester.listNow(word, first, call);
  }
  const call: Call<T | undefined> = {
    command: COMMAND,
    ref,
    payload,
    room,
    secure,
    read(answer) {
      if (!isFull(answer)) return readAnswer(answer);
      const reason = `its answer is longer than ${room} bytes and lost; what the message asked for is done`;
      throw new DmError({ op: COMMAND, errno: ERRNO.ENOBUFS, device: refText(ref), reason });
    },
  };
  return mayWait ? requester.later(call, signal) : requester.now(call);
}

/** The payload of `DM_TARGET_MSG`. @throws UsageError for a NUL, where the kernel would end the message */
function encodeMessage(text: string | Uint8Array, sector: bigint, secure: boolean): Uint8Array {
  const size = DmTargetMsg.size + (typeof text === 'string' ? Buffer.byteLength(text) : text.length) + 1;
  // Memory of its own for each of thousands of short messages would cost more than all else; keys get theirs.
  const payload = secure ? Buffer.alloc(size) : Buffer.allocUnsafe(size).fill(0);
  if (sector !== 0n) DmTargetMsg.at(payload).sector = sector;
  const length = writeText(payload, text);
  const end = DmTargetMsg.size + length;
  if (payload.indexOf(0, DmTargetMsg.size) !== end) {
    throw new UsageError('The message holds a NUL byte: the kernel would end it there');
  }
  return payload.subarray(0, end + 1);
}

/** Writes the message behind the sector; how many bytes it has. */
function writeText(payload: Buffer, text: string | Uint8Array): number {
  if (typeof text !== 'string') {
    payload.set(text, DmTargetMsg.size);
    return text.length;
  }
  if (payload.length === DmTargetMsg.size + text.length + 1) return payload.write(text, DmTargetMsg.size, 'latin1');
  // Not only ASCII: a lone surrogate, which takes three bytes as text, stands for one.
  const encoded = encodeText(text);
  payload.set(encoded, DmTargetMsg.size);
  encoded.fill(0);
  return encoded.length;
}

/** A message's first word. */
function firstWord(payload: Uint8Array): string {
  const end = payload.findIndex((byte, index) => index >= DmTargetMsg.size && (byte === BLANK || byte === 0));
  return Buffer.from(payload.subarray(DmTargetMsg.size, end)).toString('latin1');
}

/** The text of an answer, where the message has one. Without DATA_OUT, `data_start` lies behind `data_size`. */
function messageAnswer({ header, bytes }: Answer): Uint8Array | undefined {
  if ((header.flags & DM_FLAGS.DATA_OUT) === 0) return undefined;
  const { dataStart, dataSize } = header;
  return bytes.subarray(dataStart, Math.max(dataStart, dataSize - 1));
}
