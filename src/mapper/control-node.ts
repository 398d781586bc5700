import { closeSync, openSync, readFileSync } from 'node:fs';
import { type DmCommand, requestCode } from '../kernel/dm-ioctl.ts';
import { hasCode } from '../system/errors.ts';
import { FdWatcher, ioctl, ioctlAsync } from '../system/libc.ts';
import { DmError } from './errors.ts';

/**
 * The seam to device-mapper: one request, answered in place in the same buffer. Two implementations: the kernel's
 * control node and the simulator. A refusal is a thrown error with `errno`.
 */
export interface ControlNode extends Disposable {
  /** A request that returns at once. */
  ioctl(command: DmCommand, buffer: Uint8Array): void;
  /** A request that may wait in the kernel (for I/O to drain, for a device to open): the event loop goes on. */
  ioctlAsync(command: DmCommand, buffer: Uint8Array): Promise<void>;
  /** Resolves once the kernel has events that this opening has not seen (poll(2) on the node says POLLIN until DM_DEV_ARM_POLL); rejects with the signal's reason. */
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
  const closing = new AbortController();
  return {
    ioctl(command, buffer) {
      ioctl(fd, requestCode(command), buffer, command);
    },
    async ioctlAsync(command, buffer) {
      await ioctlAsync(fd, requestCode(command), buffer, command);
    },
    async eventsPending(signal) {
      signal?.throwIfAborted();
      const ended = new AbortController();
      await new Promise<void>((resolve, reject) => {
        const watcher = new FdWatcher(fd, resolve);
        ended.signal.addEventListener('abort', () => watcher[Symbol.dispose]());
        for (const end of [closing.signal, ...(signal === undefined ? [] : [signal])]) {
          const stop = (): void => {
            // At once: the descriptor may be about to be closed.
            ended.abort();
            reject(end.reason);
          };
          end.addEventListener('abort', stop, { signal: ended.signal });
        }
        watcher.resume();
      }).finally(() => ended.abort());
    },
    [Symbol.dispose]() {
      if (closing.signal.aborted) return;
      closing.abort();
      closeSync(fd);
    },
  };
}
