import { type DmCommand, DmIoctl, DmTargetMsg, decodeDeviceNumber } from '../kernel/dm-ioctl.ts';
import { ERRNO } from '../kernel/errno.ts';
import { version3 } from '../kernel/struct.ts';
import type { ControlNode } from '../mapper/control-node.ts';
import { SystemError } from '../system/errors.ts';
import { deviceText } from './block-device.ts';
import { COMMANDS, type Opening } from './commands.ts';
import { Refusal, SimulatorError } from './errors.ts';
import type { SimulatedKernel } from './kernel.ts';
import { Request } from './request.ts';
import { runNow, type Work } from './work.ts';

const DM_MAJOR_VERSION = 4;

/** Whom a request names; empty when it names none, or is no request at all. */
function callerOf(buffer: Uint8Array): string {
  if (buffer.length < DmIoctl.size) return '';
  const { name, uuid, dev } = DmIoctl.at(buffer);
  if (name !== '' || uuid !== '') return name || uuid;
  return dev === 0n ? '' : deviceText(decodeDeviceNumber(dev));
}

/** A message's text for the eyes of a test; undefined for other commands. */
function textOf(command: DmCommand, buffer: Uint8Array): string | undefined {
  if (command !== 'DM_TARGET_MSG' || buffer.length < DmIoctl.size) return undefined;
  const start = DmIoctl.at(buffer).dataStart + DmTargetMsg.size;
  const end = buffer.indexOf(0, start);
  return end < 0 ? undefined : Buffer.from(buffer.subarray(start, end)).toString('utf8');
}

/**
 * The simulated `/dev/mapper/control`: the same requests, answered in the same bytes. Refusals are `SystemError`s
 * with the kernel's errno; a synchronous call that would wait for I/O in flight is a `SimulatorError`.
 */
export class SimulatedControlNode implements ControlNode {
  readonly kernel: SimulatedKernel;
  readonly #privileged: boolean;
  readonly #opening: Opening;
  readonly #closing = new AbortController();

  /** Use `SimulatedKernel.openControl`. */
  constructor(kernel: SimulatedKernel, privileged: boolean) {
    this.kernel = kernel;
    this.#privileged = privileged;
    this.#opening = { seenEvent: kernel.globalEvents.value };
  }

  reopen(): SimulatedControlNode {
    this.#mustBeOpen();
    return new SimulatedControlNode(this.kernel, this.#privileged);
  }

  ioctl(command: DmCommand, buffer: Uint8Array): void {
    this.#named(command, () => {
      const begun = this.#begin(command, buffer, false);
      if (begun === undefined) return;
      runNow(begun.work, textOf(command, buffer) ?? command);
      begun.request.finish();
    });
  }

  async ioctlAsync(command: DmCommand, buffer: Uint8Array): Promise<void> {
    const begun = this.#named(command, () => this.#begin(command, buffer, true));
    if (begun === undefined) return;
    const { work, request } = begun;
    await new Promise<void>((resolve, reject) => {
      // It goes on from within the event that it waited for, not a turn later: no I/O may slip in between.
      const step = (): void => {
        try {
          this.#named(command, () => {
            const next = work.next();
            if (!next.done) {
              next.value(step);
              return;
            }
            request.finish();
            resolve();
          });
        } catch (error) {
          reject(error);
        }
      };
      step();
    });
  }

  #named<T>(command: DmCommand, action: () => T): T {
    try {
      return action();
    } catch (error) {
      throw error instanceof Refusal ? new SystemError(`ioctl(${command})`, error.errno) : error;
    }
  }

  /**
   * The kernel's checks before a command runs, in its order (drivers/md/dm-ioctl.c, `ctl_ioctl`); then the command,
   * unless it is one that may wait: what is left to do of such a one is returned.
   */
  #begin(
    command: DmCommand,
    buffer: Uint8Array,
    mayWait: boolean,
  ): { readonly work: Work; readonly request: Request } | undefined {
    this.#mustBeOpen();
    const fault = this.kernel.enterIoctl(command, callerOf(buffer), textOf(command, buffer), mayWait);
    if (fault !== undefined) throw new Refusal(fault);
    if (!this.#privileged) throw new Refusal(ERRNO.EACCES);
    const offset = DmIoctl.offsets.version;
    const view = new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength);
    const [major, minor] = version3.get(view, offset);
    // The kernel tells its version whether or not it goes on.
    version3.set(view, offset, this.kernel.version);
    if (major !== DM_MAJOR_VERSION || minor > this.kernel.version[1]) throw new Refusal(ERRNO.EINVAL);
    if (command === 'DM_VERSION') return undefined;
    const served = COMMANDS[command];
    const { withoutPayload = false, anyNames = false } = served;
    const request = new Request(buffer, withoutPayload, this.kernel.facts.startsWithinRequest);
    if (!anyNames) {
      if (command === 'DM_DEV_CREATE') {
        if (request.name === '') throw new Refusal(ERRNO.EINVAL);
      } else if (request.name !== '' && request.uuid !== '') {
        throw new Refusal(ERRNO.EINVAL);
      }
      request.terminate();
    }
    if ('work' in served) return { work: served.work(this.kernel, request), request };
    served.run(this.kernel, request, this.#opening);
    if (served.raisesEvent) this.kernel.globalEvents.raise();
    request.finish();
    return undefined;
  }

  #mustBeOpen(): void {
    if (this.#closing.signal.aborted) throw new SimulatorError('this control node is closed');
  }

  async eventsPending(signal?: AbortSignal): Promise<void> {
    this.#mustBeOpen();
    signal?.throwIfAborted();
    const { globalEvents } = this.kernel;
    // As the kernel compares them: the number may have gone around.
    const pending = (): boolean => ((globalEvents.value - this.#opening.seenEvent) | 0) > 0;
    if (pending()) return;
    const ended = new AbortController();
    await new Promise<void>((resolve, reject) => {
      const forget = globalEvents.next(resolve);
      ended.signal.addEventListener('abort', forget);
      for (const end of [this.#closing.signal, ...(signal === undefined ? [] : [signal])]) {
        end.addEventListener('abort', () => reject(end.reason), { signal: ended.signal });
      }
    }).finally(() => ended.abort());
  }

  /** Closes it; whoever waits for events is told with an AbortError. */
  [Symbol.dispose](): void {
    this.#closing.abort();
  }
}
