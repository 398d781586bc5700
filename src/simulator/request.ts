import { DM_FLAGS, DM_IOCTL_MAX_SIZE, DM_IOCTL_MIN_SIZE, DmIoctl } from '../kernel/dm-ioctl.ts';
import { ERRNO } from '../kernel/errno.ts';
import { u32, type View } from '../kernel/struct.ts';
import { Refusal } from './errors.ts';

/** Bytes of `struct dm_ioctl`, behind which answers begin. */
const ANSWER_START = DmIoctl.size;
const NAME_BYTES = 128;
const UUID_BYTES = 129;

/**
 * One ioctl's request: the kernel's own copy of the caller's bytes. Answers are written into this copy, and what
 * `data_size` covers is copied out: what nobody wrote there is the caller's own again.
 */
export class Request {
  readonly header: View<typeof DmIoctl>;
  /** The kernel's copy, as far as `data_size` said: the payload and the room for the answer end there. */
  readonly bytes: Uint8Array;
  /** Where the caller's payload begins. */
  readonly payloadStart: number;
  readonly #buffer: Uint8Array;
  readonly #copy: Uint8Array;
  readonly #startsWithin: boolean;

  /**
   * @param ignoresPayload the command has no payload: what lies behind the header is not even read
   * @param startsWithin an answer's beginning is never said to lie behind the request's end
   * @throws Refusal EINVAL for a size out of bounds, EFAULT for one beyond the buffer
   */
  constructor(buffer: Uint8Array, ignoresPayload: boolean, startsWithin: boolean) {
    this.#buffer = buffer;
    this.#startsWithin = startsWithin;
    if (buffer.length < DM_IOCTL_MIN_SIZE) throw new Refusal(ERRNO.EFAULT);
    const view = new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength);
    const dataSize = u32.get(view, DmIoctl.offsets.dataSize);
    if (dataSize < DM_IOCTL_MIN_SIZE || dataSize > DM_IOCTL_MAX_SIZE) throw new Refusal(ERRNO.EINVAL);
    const size = ignoresPayload ? DM_IOCTL_MIN_SIZE : dataSize;
    if (size > buffer.length) throw new Refusal(ERRNO.EFAULT);
    // A request may end within `data`: a copy of full size gives the accessors their room.
    this.#copy = new Uint8Array(Math.max(size, DmIoctl.size));
    this.#copy.set(buffer.subarray(0, size));
    this.bytes = this.#copy.subarray(0, size);
    this.header = DmIoctl.at(this.#copy);
    // The kernel wipes the caller's bytes at once: after a refusal the header stays all zero.
    if (this.has(DM_FLAGS.SECURE_DATA)) buffer.fill(0, 0, size);
    this.payloadStart = this.header.dataStart;
    this.flag(DM_FLAGS.BUFFER_FULL | DM_FLAGS.UEVENT_GENERATED | DM_FLAGS.SECURE_DATA | DM_FLAGS.DATA_OUT, false);
    this.header.dataSize = DM_IOCTL_MIN_SIZE;
  }

  /** The name, a string of bytes; at most the 128 of its field. */
  get name(): string {
    return this.#text(DmIoctl.offsets.name, NAME_BYTES);
  }

  set name(name: string) {
    this.#setText(DmIoctl.offsets.name, name);
  }

  /** The uuid, a string of bytes. */
  get uuid(): string {
    return this.#text(DmIoctl.offsets.uuid, UUID_BYTES);
  }

  set uuid(uuid: string) {
    this.#setText(DmIoctl.offsets.uuid, uuid);
  }

  /** Cuts a name or uuid that fills its field. */
  terminate(): void {
    this.#copy[DmIoctl.offsets.name + NAME_BYTES - 1] = 0;
    this.#copy[DmIoctl.offsets.uuid + UUID_BYTES - 1] = 0;
  }

  #text(offset: number, size: number): string {
    const field = this.#copy.subarray(offset, offset + size);
    const end = field.indexOf(0);
    return Buffer.from(end < 0 ? field : field.subarray(0, end)).toString('latin1');
  }

  #setText(offset: number, text: string): void {
    this.#copy.set(Buffer.from(`${text}\0`, 'latin1'), offset);
  }

  /** The string of bytes at an offset of the payload. @throws Refusal EINVAL outside of the payload, or without end */
  payloadText(start: number): string {
    const end = start < this.bytes.length ? this.bytes.indexOf(0, start) : -1;
    if (this.payloadStart < DM_IOCTL_MIN_SIZE || end < 0) throw new Refusal(ERRNO.EINVAL);
    return Buffer.from(this.bytes.subarray(start, end)).toString('latin1');
  }

  /** Whether a flag is set, in the request or by now in the answer. */
  has(flag: number): boolean {
    return (this.header.flags & flag) !== 0;
  }

  /** Sets or clears flags of the answer. */
  flag(flag: number, on = true): void {
    const { header } = this;
    header.flags = on ? header.flags | flag : header.flags & ~flag;
  }

  /** The room for an answer: the kernel's copy behind the header. Says in the header where that is. */
  answerRoom(): Uint8Array {
    this.header.dataStart = this.#startsWithin ? Math.min(ANSWER_START, this.bytes.length) : ANSWER_START;
    return this.bytes.subarray(ANSWER_START);
  }

  /** Says how many bytes of the room are an answer. */
  answered(bytes: number): void {
    this.header.dataSize = ANSWER_START + bytes;
  }

  /** Says that the answer did not fit. */
  full(): void {
    this.flag(DM_FLAGS.BUFFER_FULL);
  }

  /** Says that nothing is to be copied out, not even the header. */
  silent(): void {
    this.header.dataSize = 0;
  }

  /** Copies the answer out, `data_size` bytes of it. */
  finish(): void {
    this.#buffer.set(this.#copy.subarray(0, this.header.dataSize));
  }
}
