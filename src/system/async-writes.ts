import { AIO_CALLS, type AioCalls, IOCB_CMD_PWRITE, IOCB_FLAG_RESFD, Iocb, IoEvent } from '../kernel/aio.ts';
import { littleEndian } from '../kernel/struct.ts';
import { SystemError } from './errors.ts';
import { EventFd } from './event-fd.ts';
import { alignedMemory, bindCall, memoryAddress } from './libc.ts';

/** Writes under way at once. */
const SLOTS = 64;
/** The most that is written at once, and what direct I/O wants memory to be aligned to. */
const SLOT_BYTES = 4096;
const POINTER_BYTES = 8;
const WORD = 4;
/** Which of the two 32-bit words of a 64-bit number is the low one, and which the high one. */
const LOW = littleEndian ? 0 : 1;
const HIGH = 1 - LOW;
const NO_WAIT = 0;

type Done = (error: Error | undefined) => void;
const nobody: Done = () => {};

/**
 * Writes that the kernel carries out while this thread goes on: no other thread takes part, neither in beginning them nor
 * in hearing of their end. For descriptors with O_DIRECT: others are written before the call returns. Lives as long as
 * the process, which ends only when its writes have. Source: io_submit(2), io_getevents(2).
 */
export class AsyncWrites {
  readonly #calls: AioCalls;
  readonly #context: number;
  readonly #ended = new EventFd();
  readonly #submit = bindCall('syscall', ['long', 'long', 'long', 'void *'], 'long');
  readonly #getEvents = bindCall('syscall', ['long', 'long', 'long', 'long', 'void *', 'void *'], 'long');
  // Never freed, as alignedMemory() has it: a disk that hangs may read it after this thread has ended.
  readonly #iocbs = new Uint32Array(alignedMemory(SLOT_BYTES, SLOTS * Iocb.size).buffer);
  readonly #data = alignedMemory(SLOT_BYTES, SLOTS * SLOT_BYTES);
  readonly #pointers: readonly Uint8Array[];
  readonly #slots: readonly Uint8Array[];
  readonly #events = new Int32Array((SLOTS * IoEvent.size) / WORD);
  readonly #done: Done[] = new Array<Done>(SLOTS).fill(nobody);
  readonly #free: number[] = Array.from({ length: SLOTS }, (_, slot) => slot);

  private constructor(calls: AioCalls, context: number) {
    this.#calls = calls;
    this.#context = context;
    const bytes = new Uint8Array(this.#iocbs.buffer).fill(0);
    const iocbsAt = memoryAddress(bytes);
    const dataAt = memoryAddress(this.#data);
    for (let slot = 0; slot < SLOTS; slot++) {
      const iocb = Iocb.at(bytes, slot * Iocb.size);
      iocb.data = BigInt(slot);
      iocb.opcode = IOCB_CMD_PWRITE;
      iocb.buffer = dataAt + BigInt(slot * SLOT_BYTES);
      iocb.flags = IOCB_FLAG_RESFD;
      iocb.resultFd = this.#ended.fd;
    }
    const pointers = BigUint64Array.from({ length: SLOTS }, (_, slot) => iocbsAt + BigInt(slot * Iocb.size));
    this.#pointers = Array.from(
      { length: SLOTS },
      (_, slot) => new Uint8Array(pointers.buffer, slot * POINTER_BYTES, POINTER_BYTES),
    );
    this.#slots = Array.from({ length: SLOTS }, (_, slot) => this.#data.subarray(slot * SLOT_BYTES));
  }

  /** Undefined where the kernel has none of it, or none to spare (fs.aio-max-nr). */
  static open(): AsyncWrites | undefined {
    const calls = AIO_CALLS[process.arch];
    if (calls === undefined) return undefined;
    const context = new BigUint64Array(1);
    const setUp = bindCall('syscall', ['long', 'long', 'void *'], 'long');
    // A user's address: a number holds it.
    return setUp(calls.setup, SLOTS, context) === -1 ? undefined : new AsyncWrites(calls, Number(context[0]));
  }

  /** Readable when writes have ended: `reap()` is due. */
  get fd(): number {
    return this.#ended.fd;
  }

  get isIdle(): boolean {
    return this.#free.length === SLOTS;
  }

  /**
   * Begins to write at most 4096 bytes at byte `offset`; they are copied, and `reap()` calls `done`.
   *
   * @returns false when there is no room, or the kernel does not take it: `done` will not be called
   */
  write(fd: number, offset: number, bytes: Uint8Array, done: Done): boolean {
    const slot = this.#free.pop();
    if (slot === undefined) return false;
    (this.#slots[slot] as Uint8Array).set(bytes);
    const at = (slot * Iocb.size) / WORD;
    const { offsets } = Iocb;
    this.#iocbs[at + offsets.fd / WORD] = fd;
    this.#iocbs[at + offsets.bytes / WORD + LOW] = bytes.length;
    this.#iocbs[at + offsets.offset / WORD + LOW] = offset >>> 0;
    this.#iocbs[at + offsets.offset / WORD + HIGH] = Math.floor(offset / 2 ** 32);
    if (this.#submit(this.#calls.submit, this.#context, 1, this.#pointers[slot]) !== 1) {
      this.#free.push(slot);
      return false;
    }
    this.#done[slot] = done;
    return true;
  }

  /** Tells of the writes that have ended. */
  reap(): void {
    this.#ended.clear();
    const count = this.#getEvents(this.#calls.getEvents, this.#context, NO_WAIT, SLOTS, this.#events, null);
    for (let index = 0; index < count; index++) {
      const at = (index * IoEvent.size) / WORD;
      const slot = this.#events[at + IoEvent.offsets.data / WORD + LOW] as number;
      const result = this.#events[at + IoEvent.offsets.result / WORD + LOW] as number;
      const done = this.#done[slot] as Done;
      const wanted = this.#iocbs[(slot * Iocb.size + Iocb.offsets.bytes) / WORD + LOW] as number;
      this.#free.push(slot);
      done(result === wanted ? undefined : failureOf(result));
    }
  }
}

function failureOf(result: number): Error {
  return result < 0 ? new SystemError('write', -result) : new Error(`the device ends after ${result} bytes`);
}
