import { closeSync, constants, openSync, readSync, writeFileSync } from 'node:fs';
import { hasCode } from './errors.ts';
import { seekToEnd } from './libc.ts';

/** The kernel's log from a moment on. */
export interface KernelLog extends Disposable {
  /** The records that came since the opening or the last call, each as the kernel writes it. */
  read(): string[];
}

/** More than the longest record (include/linux/printk.h, `PRINTK_MESSAGE_MAX`; 8 KiB before Linux 6.5). */
const RECORD_BYTES = 16 * 1024;
/** So that a kernel that logs without end is not listened to without end. */
const MOST_RECORDS = 10_000;

/**
 * Opens the kernel's log at its end: some ten microseconds. Source: Documentation/ABI/testing/dev-kmsg.
 *
 * @returns undefined where the log cannot be had: not root, `kernel.dmesg_restrict`, a container without `/dev/kmsg`
 */
export function openKernelLog(path = '/dev/kmsg'): KernelLog | undefined {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch {
    return undefined;
  }
  try {
    seekToEnd(fd);
  } catch {
    closeSync(fd);
    return undefined;
  }
  return {
    read() {
      const records: string[] = [];
      const buffer = Buffer.alloc(RECORD_BYTES);
      while (records.length < MOST_RECORDS) {
        try {
          const length = readSync(fd, buffer);
          if (length === 0) break;
          records.push(buffer.toString('utf8', 0, length));
        } catch (error) {
          // EPIPE: records were overwritten before they were read, and the next read goes on behind the hole. All else
          // ends the log: mostly EAGAIN, and no error that would be worth more than the one that is looked up here.
          if (!hasCode(error, 'EPIPE')) break;
        }
      }
      return records;
    },
    [Symbol.dispose]() {
      closeSync(fd);
    },
  };
}

/** Writes a line to the kernel's log, as a warning: for what must be said by a process without an output. */
export function tellKernelLog(text: string): void {
  try {
    writeFileSync('/dev/kmsg', `<4>${text.replace(/\p{Cc}/gu, '?')}\n`);
  } catch {
    // A container without it: there is nobody to tell.
  }
}
