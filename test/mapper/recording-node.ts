/** Control nodes for tests: one that answers by hand, and one that looks on. */
import { type DmCommand, DmIoctl, type View } from '../../src/kernel/index.ts';
import type { ControlNode } from '../../src/mapper/control-node.ts';
import { SystemError } from '../../src/system/errors.ts';

export type Respond = (command: DmCommand, bytes: Uint8Array, header: View<typeof DmIoctl>) => number | undefined;

/** A request that was made: what went in, and the buffer itself. */
export interface Request {
  readonly command: DmCommand;
  readonly sent: Uint8Array;
  readonly buffer: Uint8Array;
}

/** Answers by a function of the test, which returns an errno to refuse. DM_VERSION is answered with `4.minor.0`. */
export class FakeNode implements ControlNode {
  readonly requests: Request[] = [];
  waits = 0;
  readonly #respond: Respond;
  readonly #minor: number;
  #wake: (() => void) | undefined;

  constructor(respond: Respond, minor = 47) {
    this.#respond = respond;
    this.#minor = minor;
  }

  /** Another opening is the same to this one: it does not tell of events by opening. */
  get kernel(): unknown {
    return this;
  }

  reopen(): this {
    return this;
  }

  ioctl(command: DmCommand, buffer: Uint8Array): void {
    const header = DmIoctl.at(buffer);
    if (command === 'DM_VERSION') {
      header.version = [4, this.#minor, 0];
      return;
    }
    this.requests.push({ command, sent: buffer.slice(), buffer });
    const errno = this.#respond(command, buffer, header);
    if (errno !== undefined) throw new SystemError(`ioctl(${command})`, errno);
  }

  async ioctlAsync(command: DmCommand, buffer: Uint8Array): Promise<void> {
    this.ioctl(command, buffer);
  }

  async eventsPending(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    this.waits++;
    await new Promise<void>((resolve, reject) => {
      const onAbort = (): void => reject(signal?.reason);
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#wake = () => {
        signal?.removeEventListener('abort', onAbort);
        resolve();
      };
    });
  }

  /** Something happened. */
  wake(): void {
    this.#wake?.();
  }

  [Symbol.dispose](): void {}
}

/** Passes requests on and keeps their buffers. `after` sees each as the kernel left it, before the library goes on. */
export class RecordingNode implements ControlNode {
  readonly requests: Request[] = [];
  readonly #inner: ControlNode;
  readonly #after: (request: Request) => void;

  constructor(inner: ControlNode, after: (request: Request) => void = () => undefined) {
    this.#inner = inner;
    this.#after = after;
  }

  get kernel(): unknown {
    return this.#inner.kernel;
  }

  reopen(): ControlNode {
    return this.#inner.reopen();
  }

  #begin(command: DmCommand, buffer: Uint8Array): Request {
    const request = { command, sent: buffer.slice(), buffer };
    this.requests.push(request);
    return request;
  }

  ioctl(command: DmCommand, buffer: Uint8Array): void {
    const request = this.#begin(command, buffer);
    try {
      this.#inner.ioctl(command, buffer);
    } finally {
      this.#after(request);
    }
  }

  async ioctlAsync(command: DmCommand, buffer: Uint8Array): Promise<void> {
    const request = this.#begin(command, buffer);
    try {
      await this.#inner.ioctlAsync(command, buffer);
    } finally {
      this.#after(request);
    }
  }

  async eventsPending(signal?: AbortSignal): Promise<void> {
    await this.#inner.eventsPending(signal);
  }

  [Symbol.dispose](): void {
    this.#inner[Symbol.dispose]();
  }
}
