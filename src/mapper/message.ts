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
const STATS_ROOM = 4 * 1024;
// Each attempt that is too small costs the kernel a whole list: 8 attempts for 10 000 regions took 15 times the last one.
const STATS_LIST_ROOM = 128 * 1024;

/** Sends a message; see `DeviceMapper.messageBytes`. */
export async function sendMessage(
  requester: Requester,
  ref: DeviceRef,
  text: string | Uint8Array,
  { sector = 0n, mayWait = false, room = ROOM, secure = false, signal }: MessageOptions,
): Promise<Uint8Array | undefined> {
  const payload = encodeMessage(text, sector);
  const word = firstWord(payload);
  // Asking again is safe for these alone: the kernel tests the room before it acts (drivers/md/dm-stats.c).
  if (word.startsWith('@stats_')) {
    const call = { command: COMMAND, ref, payload, read: messageAnswer } as const;
    const first = word === '@stats_list' ? STATS_LIST_ROOM : STATS_ROOM;
    return mayWait ? requester.listLater(word, first, call, signal) : requester.listNow(word, first, call);
  }
  const call: Call<Uint8Array | undefined> = {
    command: COMMAND,
    ref,
    payload,
    room,
    secure,
    read(answer) {
      if (!isFull(answer)) return messageAnswer(answer)?.slice();
      const reason = `its answer is longer than ${room} bytes and lost; what the message asked for is done`;
      throw new DmError({ op: COMMAND, errno: ERRNO.ENOBUFS, device: refText(ref), reason });
    },
  };
  return mayWait ? requester.later(call, signal) : requester.now(call);
}

/** The payload of `DM_TARGET_MSG`. @throws UsageError for a NUL, where the kernel would end the message */
function encodeMessage(text: string | Uint8Array, sector: bigint): Uint8Array {
  const encoded = typeof text === 'string' ? encodeText(text) : text;
  if (encoded.includes(0)) throw new UsageError('The message holds a NUL byte: the kernel would end it there');
  const payload = new Uint8Array(DmTargetMsg.size + encoded.length + 1);
  DmTargetMsg.at(payload).sector = sector;
  payload.set(encoded, DmTargetMsg.size);
  if (typeof text === 'string') encoded.fill(0);
  return payload;
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
