import { DM_FLAGS, DM_IOCTL_MAX_SIZE, DM_IOCTL_MIN_SIZE, DmIoctl } from '../kernel/dm-ioctl.ts';
import { ERRNO } from '../kernel/errno.ts';
import type { View } from '../kernel/struct.ts';
import { Refusal } from './errors.ts';

/** Bytes of `struct dm_ioctl`, behind which answers begin. */
const ANSWER_START = DmIoctl.size;
const NAME_BYTES = 128;
const UUID_BYTES = 129;

/** A string of bytes in a field of the header; what does not end within the field is cut, as the kernel does. */
function readText(head: Uint8Array, offset: number, size: number): string {
  const bytes = head.subarray(offset, offset + size - 1);
  const end = bytes.indexOf(0);
  return Buffer.from(end < 0 ? bytes : bytes.subarray(0, end)).toString('latin1');
}

function writeText(head: Uint8Array, offset: number, size: number, text: string): void {
  head.fill(0, offset, offset + size);
  head.set(Buffer.from(text, 'latin1').subarray(0, size - 1), offset);
}

/** One ioctl's request, as the kernel copied it in, and the answer that it copies out when all went well. */
export class Request {
  readonly header: View<typeof DmIoctl>;
  /** Name and uuid as strings of bytes. */
  name: string;
  uuid: string;
  /** Bytes of the request: the payload and the room for the answer end there. */
  readonly size: number;
  /** Where the caller's payload begins. */
  readonly payloadStart: number;
  /** The caller's bytes as far as `size`: read them before anything waits. */
  readonly payload: Uint8Array;
  readonly #buffer: Uint8Array;
  readonly #head: Uint8Array;
  #answer: Uint8Array | undefined;

  /**
   * @param ignoresPayload the command has no payload: what lies behind the header is not even read
   * @throws Refusal EINVAL for a size out of bounds, EFAULT for one beyond the buffer
   */
  constructor(buffer: Uint8Array, ignoresPayload: boolean) {
    // A header may be as short as `offsetof(data)`: a copy of full size gives the accessors their room.
    this.#head = new Uint8Array(DmIoctl.size);
    this.#head.set(buffer.subarray(0, DmIoctl.size));
    this.#buffer = buffer;
    this.header = DmIoctl.at(this.#head);
    const size = this.header.dataSize;
    if (size < DM_IOCTL_MIN_SIZE || size > DM_IOCTL_MAX_SIZE) throw new Refusal(ERRNO.EINVAL);
    if (size > buffer.length) throw new Refusal(ERRNO.EFAULT);
    this.size = ignoresPayload ? DM_IOCTL_MIN_SIZE : size;
    this.payloadStart = this.header.dataStart;
    this.payload = buffer.subarray(0, this.size);
    if (this.has(DM_FLAGS.SECURE_DATA)) {
      // The kernel keeps its copy and wipes the caller's at once: after a refusal the header stays all zero.
      this.payload = this.payload.slice();
      buffer.fill(0, 0, size);
    }
    this.name = readText(this.#head, DmIoctl.offsets.name, NAME_BYTES);
    this.uuid = readText(this.#head, DmIoctl.offsets.uuid, UUID_BYTES);
    this.header.flags &= ~(DM_FLAGS.BUFFER_FULL | DM_FLAGS.UEVENT_GENERATED | DM_FLAGS.SECURE_DATA | DM_FLAGS.DATA_OUT);
    this.header.dataSize = DM_IOCTL_MIN_SIZE;
  }

  /** Whether a flag is set, in the request or by now in the answer. */
  has(flag: number): boolean {
    return (this.header.flags & flag) !== 0;
  }

  /** Sets or clears a flag of the answer. */
  flag(flag: number, on = true): void {
    const { header } = this;
    header.flags = on ? header.flags | flag : header.flags & ~flag;
  }

  /** Says where an answer lies. @returns the room for it, in bytes */
  answerRoom(): number {
    this.header.dataStart = Math.min(ANSWER_START, this.size);
    return Math.max(0, this.size - ANSWER_START);
  }

  /** Gives the answer's bytes; they fit in the room. @param used how many of them `data_size` covers */
  answer(bytes: Uint8Array, used = bytes.length): void {
    this.#answer = bytes;
    this.header.dataSize = ANSWER_START + used;
  }

  /** Copies the answer out, `data_size` bytes of it. */
  finish(): void {
    writeText(this.#head, DmIoctl.offsets.name, NAME_BYTES, this.name);
    writeText(this.#head, DmIoctl.offsets.uuid, UUID_BYTES, this.uuid);
    const end = Math.min(this.header.dataSize, DmIoctl.size);
    this.#buffer.set(this.#head.subarray(0, end));
    if (this.#answer === undefined) return;
    this.#buffer.set(this.#answer.subarray(0, this.header.dataSize - ANSWER_START), ANSWER_START);
  }
}
