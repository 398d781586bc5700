import { closeSync, openSync, readFileSync } from 'node:fs';
import { type DmCommand, requestCode } from '../kernel/dm-ioctl.ts';
import { ERRNO } from '../kernel/errno.ts';
import { hasCode } from '../system/errors.ts';
import { FdWatcher, ioctl, ioctlAsync } from '../system/libc.ts';
import { DmError } from './errors.ts';

/**
 * The seam to device-mapper: one request, answered in place in the same buffer. Two implementations: the kernel's
 * control node and the simulator. A refusal is a thrown error with `errno`.
 */
export interface ControlNode extends Disposable {
  /** Which device-mapper answers: the same for all openings of one, so that they can share what they learn of it. */
  readonly kernel: unknown;
  /** Opens it once more; what happened before then is no event of the new opening. */
  reopen(): ControlNode;
  /** A request that returns at once. */
  ioctl(command: DmCommand, buffer: Uint8Array): void;
  /** A request that may wait in the kernel (for I/O to drain, for a device to open): the event loop goes on. */
  ioctlAsync(command: DmCommand, buffer: Uint8Array): Promise<void>;
  /**
   * Resolves once the kernel has events that this opening has not seen (poll(2) on the node says POLLIN until
   * DM_DEV_ARM_POLL); rejects with the signal's reason.
   */
  eventsPending(signal?: AbortSignal): Promise<void>;
}

/** The folder of device nodes: `$DM_DEV_DIR` as for the C tools, else `/dev`. */
export function deviceFolder(environment: NodeJS.ProcessEnv = process.env): string {
  const folder = environment['DM_DEV_DIR'];
  return folder === undefined || folder === '' ? '/dev' : folder.replace(/\/+$/, '');
}

function kernelHasDeviceMapper(): boolean {
  try {
    return /^\s*\d+ device-mapper$/m.test(readFileSync('/proc/misc', 'utf8'));
  } catch {
    return false;
  }
}

function openFailure(path: string, error: unknown): DmError {
  const failure = (errno: number, reason: string, remedy: string): DmError =>
    new DmError({ op: 'open', errno, device: path, reason, remedy });
  if (hasCode(error, 'EACCES', 'EPERM')) {
    return failure(13, 'no permission', 'run as root (CAP_SYS_ADMIN is needed)');
  }
  if (hasCode(error, 'ENODEV', 'ENXIO') || (hasCode(error, 'ENOENT') && !kernelHasDeviceMapper())) {
    return failure(
      hasCode(error, 'ENOENT') ? 2 : 19,
      'this kernel has no device-mapper',
      'load it with "modprobe dm_mod", or use a kernel built with CONFIG_BLK_DEV_DM',
    );
  }
  if (hasCode(error, 'ENOENT')) {
    return failure(
      2,
      'no such node',
      'make it with "dmsetup mknodes", or set DM_DEV_DIR to the folder that holds mapper/control',
    );
  }
  if (error instanceof Error) return failure(0, error.message, 'see the error');
  throw error;
}

/** One wait for events. */
interface EventWait {
  end(error?: { readonly reason: unknown }): void;
}

class KernelControlNode implements ControlNode {
  /** The path: to use two of one node costs a second poller, no more. */
  readonly kernel: string;
  readonly #fd: number;
  readonly #waits = new Set<EventWait>();
  // One for all waits: libuv takes a descriptor only once.
  #watcher: FdWatcher | undefined;
  #open = true;

  constructor(fd: number, path: string) {
    this.#fd = fd;
    this.kernel = path;
  }

  reopen(): ControlNode {
    if (!this.#open) throw this.#closed('open');
    return openControlNode(this.kernel);
  }

  ioctl(command: DmCommand, buffer: Uint8Array): void {
    if (!this.#open) throw this.#closed(command);
    ioctl(this.#fd, requestCode(command), buffer, command);
  }

  async ioctlAsync(command: DmCommand, buffer: Uint8Array): Promise<void> {
    if (!this.#open) throw this.#closed(command);
    await ioctlAsync(this.#fd, requestCode(command), buffer, command);
  }

  async eventsPending(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (!this.#open) throw this.#closed('poll');
    await new Promise<void>((resolve, reject) => {
      const onAbort = (): void => wait.end({ reason: signal?.reason });
      const wait: EventWait = {
        end: (error) => {
          signal?.removeEventListener('abort', onAbort);
          this.#waits.delete(wait);
          if (this.#waits.size === 0) this.#stopWatching();
          if (error === undefined) resolve();
          else reject(error.reason);
        },
      };
      this.#watcher ??= new FdWatcher(this.#fd, () => {
        for (const one of [...this.#waits]) one.end();
      });
      this.#waits.add(wait);
      signal?.addEventListener('abort', onAbort);
    });
  }

  #stopWatching(): void {
    this.#watcher?.[Symbol.dispose]();
    this.#watcher = undefined;
  }

  // The descriptor's number may be another file's by now.
  #closed(op: string): DmError {
    return new DmError({ op, errno: ERRNO.EBADF, device: this.kernel, reason: 'the control node is closed' });
  }

  [Symbol.dispose](): void {
    if (!this.#open) return;
    this.#open = false;
    for (const wait of [...this.#waits]) wait.end({ reason: this.#closed('poll') });
    closeSync(this.#fd);
  }
}

/**
 * Opens the kernel's control node.
 *
 * @param path default `$DM_DEV_DIR/mapper/control`, that is `/dev/mapper/control`
 * @throws DmError with what to do: no device-mapper in this kernel, no permission, no node
 */
export function openControlNode(path: string = `${deviceFolder()}/mapper/control`): ControlNode {
  let fd: number;
  try {
    fd = openSync(path, 'r+');
  } catch (error) {
    throw openFailure(path, error);
  }
  return new KernelControlNode(fd, path);
}
