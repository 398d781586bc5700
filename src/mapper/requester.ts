import { setImmediate } from 'node:timers/promises';
import { DM_IOCTL_MAX_SIZE, type DmCommand, DmIoctl } from '../kernel/dm-ioctl.ts';
import { ERRNO } from '../kernel/errno.ts';
import type { ControlNode } from './control-node.ts';
import type { DeviceRef } from './device-ref.ts';
import { refText } from './device-ref.ts';
import { DmError } from './errors.ts';
import { type Answer, type Call, isFull, requestBytes } from './request.ts';

const GROWTH = 4;

/** A call whose answer may be of any length: it is asked for again, with more room, until it fits. */
export interface ListCall<T> extends Omit<Call<T>, 'room' | 'buffer'> {
  /** Whether the buffer may be kept for the next of its kind: nothing in it is secret, and `read` copies what it keeps. */
  readonly keepsBuffer?: boolean;
}

/** Makes requests of a control node; a refusal becomes a `DmError` that says what was asked, of what, and why not. */
export class Requester {
  readonly #node: ControlNode;
  readonly #blocking: boolean;
  #blockingCalls = 0;
  // Room for answers by kind of request. It grows with the answers seen and stays, so that a large list is not asked
  // for twice each time; by kind, because the kernel copies the whole buffer in at each call.
  readonly #rooms = new Map<string, number>();
  // A new buffer of some KiB for each of thousands of small requests costs more than all else of them.
  readonly #buffers = new Map<string, Answer>();

  /** @param blocking make also the calls that may wait on this thread */
  constructor(node: ControlNode, blocking: boolean) {
    this.#node = node;
    this.#blocking = blocking;
  }

  /** A request that returns at once, on this thread. @throws DmError; UsageError for a reference that does not fit */
  now<T>(call: Call<T>): T {
    let bytes: Uint8Array | undefined;
    try {
      bytes = requestBytes(call);
      this.#node.ioctl(call.command, bytes);
      return read(call, bytes);
    } catch (error) {
      throw failure(call, error);
    } finally {
      wipe(call, bytes);
    }
  }

  /**
   * A request that may wait in the kernel, on another thread. The kernel's waits in these calls cannot be interrupted
   * from here: a signal that fires later lets the call end.
   */
  async later<T>(call: Call<T>, signal: AbortSignal | undefined): Promise<T> {
    let bytes: Uint8Array | undefined;
    try {
      signal?.throwIfAborted();
      if (this.#blocking) {
        // Signals and timers get their turn now and then.
        if (++this.#blockingCalls % 16 === 0) await setImmediate();
        return this.now(call);
      }
      bytes = requestBytes(call);
      await this.#node.ioctlAsync(call.command, bytes);
      return read(call, bytes);
    } catch (error) {
      throw failure(call, error);
    } finally {
      wipe(call, bytes);
    }
  }

  /** `now` with as much room as the answer takes. Only for requests that change nothing when they do not fit. */
  listNow<T>(kind: string, room: number, call: ListCall<T>): T {
    for (;;) {
      const answer = this.now(this.#roomy(kind, room, call, call.keepsBuffer === true));
      if (answer.fits) return answer.value;
      this.#grow(kind);
    }
  }

  /** `later` with as much room as the answer takes. Only for requests that change nothing when they do not fit. */
  async listLater<T>(kind: string, room: number, call: ListCall<T>, signal: AbortSignal | undefined): Promise<T> {
    for (;;) {
      const answer = await this.later(this.#roomy(kind, room, call), signal);
      if (answer.fits) return answer.value;
      this.#grow(kind);
    }
  }

  #roomy<T>(kind: string, initial: number, call: ListCall<T>, keepsBuffer = false): Call<Fitting<T>> {
    const room = this.#roomOf(kind, initial);
    return {
      ...call,
      room,
      buffer: keepsBuffer ? this.#bufferOf(kind, DmIoctl.size + room).bytes : undefined,
      read: (answer) => (isFull(answer) ? { fits: false } : { fits: true, value: call.read(answer) }),
    };
  }

  /**
   * Bytes of a request that were made before, sent again on this thread. Only for requests that change nothing when their
   * answer does not fit.
   *
   * @returns the kernel's answer, in a buffer that the next request of its kind uses
   * @throws DmError
   */
  again(command: DmCommand, ref: DeviceRef, kind: string, request: Uint8Array, room: number): Answer {
    for (;;) {
      const answer = this.#bufferOf(kind, DmIoctl.size + this.#roomOf(kind, room));
      answer.bytes.set(request);
      answer.header.dataSize = answer.bytes.length;
      try {
        this.#node.ioctl(command, answer.bytes);
      } catch (error) {
        throw failure({ command, ref }, error);
      }
      if (!isFull(answer)) return answer;
      this.#grow(kind);
    }
  }

  #roomOf(kind: string, initial: number): number {
    const known = this.#rooms.get(kind);
    if (known === undefined) this.#rooms.set(kind, initial);
    return known ?? initial;
  }

  #bufferOf(kind: string, size: number): Answer {
    const known = this.#buffers.get(kind);
    if (known?.bytes.length === size) return known;
    const bytes = new Uint8Array(size);
    const buffer = { bytes, header: DmIoctl.at(bytes) };
    this.#buffers.set(kind, buffer);
    return buffer;
  }

  #grow(kind: string): void {
    const room = this.#rooms.get(kind) ?? 0;
    if (room >= DM_IOCTL_MAX_SIZE / GROWTH) throw new RangeError('the answer is larger than the kernel can give');
    this.#rooms.set(kind, room * GROWTH);
  }
}

type Fitting<T> = { readonly fits: true; readonly value: T } | { readonly fits: false };

function read<T>(call: Call<T>, bytes: Uint8Array): T {
  return call.read({ header: DmIoctl.at(bytes), bytes });
}

function wipe<T>(call: Call<T>, bytes: Uint8Array | undefined): void {
  if (call.secure !== true) return;
  bytes?.fill(0);
  call.payload?.fill(0);
}

function failure<T>({ command, ref, reasons }: Pick<Call<T>, 'command' | 'ref' | 'reasons'>, error: unknown): unknown {
  if (error instanceof DmError) return error;
  if (!(error instanceof Error) || !('errno' in error) || typeof error.errno !== 'number') return error;
  const { errno } = error;
  const device = ref === undefined ? undefined : refText(ref);
  const remedy = errno === ERRNO.EACCES ? 'run as root (CAP_SYS_ADMIN is needed)' : undefined;
  return new DmError({ op: command, errno, device, reason: reasons?.[errno] ?? usualReason(errno, device), remedy });
}

function usualReason(errno: number, device: string | undefined): string | undefined {
  if (errno === ERRNO.ENXIO && device !== undefined) return 'no such device';
  return errno === ERRNO.ENOTTY ? 'this kernel has no such request' : undefined;
}
