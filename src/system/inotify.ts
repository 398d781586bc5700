import { closeSync, readSync } from 'node:fs';
import { INOTIFY_INIT_FLAGS, InotifyEvent } from '../kernel/inotify.ts';
import { hasCode } from './errors.ts';
import { FdWatcher, inotifyAddWatch, inotifyInit, inotifyRemoveWatch } from './libc.ts';

/** What the kernel said about one watch: the mask's bits (`IN`), and the name for a watched folder. */
export interface InotifyNotice {
  readonly watch: number;
  readonly mask: number;
  readonly name: string;
}

/**
 * One inotify instance. `onReadable` is called when notices wait; the reader decides when to `read()` them: unread
 * ones are merged by the kernel (equal neighbours) and cost no wake-up. Source: inotify(7).
 */
export class Inotify implements Disposable {
  readonly #fd: number;
  readonly #watcher: FdWatcher;
  readonly #buffer = new Uint8Array(16 * 1024);

  /** @throws SystemError EMFILE when `fs.inotify.max_user_instances` is reached */
  constructor(onReadable: () => void) {
    this.#fd = inotifyInit(INOTIFY_INIT_FLAGS);
    try {
      this.#watcher = new FdWatcher(this.#fd, onReadable);
    } catch (error) {
      closeSync(this.#fd);
      throw error;
    }
  }

  /** Watches what `path` names now (an open descriptor's file by `/proc/self/fd/N`); returns the watch's number. */
  watch(path: string, mask: number): number {
    return inotifyAddWatch(this.#fd, path, mask);
  }

  /** Ends a watch; one that the kernel has ended already is no error. */
  unwatch(watch: number): void {
    try {
      inotifyRemoveWatch(this.#fd, watch);
    } catch (error) {
      if (!hasCode(error, 'EINVAL')) throw error;
    }
  }

  /** Takes all waiting notices, then asks for the next wake-up. A lost queue shows as a notice with `Q_OVERFLOW`. */
  read(): InotifyNotice[] {
    const notices: InotifyNotice[] = [];
    for (;;) {
      let bytes: number;
      try {
        bytes = readSync(this.#fd, this.#buffer);
      } catch (error) {
        if (!hasCode(error, 'EAGAIN')) throw error;
        break;
      }
      for (let at = 0; at < bytes; ) {
        const event = InotifyEvent.at(this.#buffer, at);
        const nameStart = at + InotifyEvent.size;
        const name = Buffer.from(this.#buffer.subarray(nameStart, nameStart + event.length)).toString();
        notices.push({ watch: event.watch, mask: event.mask, name: name.replace(/\0+$/, '') });
        at = nameStart + event.length;
      }
    }
    this.#watcher.resume();
    return notices;
  }

  [Symbol.dispose](): void {
    this.#watcher[Symbol.dispose]();
    closeSync(this.#fd);
  }
}
