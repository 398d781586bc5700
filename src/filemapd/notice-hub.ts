import { IN } from '../kernel/inotify.ts';
import { Inotify } from '../system/inotify.ts';

/** What every watch is told, wanted or not. */
const ALWAYS = IN.Q_OVERFLOW | IN.UNMOUNT | IN.IGNORED;

interface Listener {
  readonly mask: number;
  hear(mask: number): void;
}

/** One inotify instance for any number of watches, of which several may be on one inode. */
export class NoticeHub implements Disposable {
  readonly #inotify: Inotify;
  readonly #listeners = new Map<number, Set<Listener>>();
  #isWaiting = false;

  /**
   * @param onReadable called when notices wait, then no more until they are taken
   * @throws SystemError EMFILE when `fs.inotify.max_user_instances` is reached
   */
  constructor(onReadable: () => void) {
    this.#inotify = new Inotify(() => {
      this.#isWaiting = true;
      onReadable();
    });
  }

  /**
   * Watches what `path` names now, until it is disposed of.
   *
   * @param hear is told the notices' bits when they are taken
   * @throws SystemError ENOSPC when `fs.inotify.max_user_watches` is reached
   */
  watch(path: string, mask: number, hear: (mask: number) => void): Disposable {
    // The kernel has one watch for an inode: another listener's bits must stay.
    const number = this.#inotify.watch(path, mask | IN.MASK_ADD);
    const listener: Listener = { mask: mask | ALWAYS, hear };
    const others = this.#listeners.get(number);
    if (others === undefined) this.#listeners.set(number, new Set([listener]));
    else others.add(listener);
    return { [Symbol.dispose]: () => this.#end(number, listener) };
  }

  #end(number: number, listener: Listener): void {
    const listeners = this.#listeners.get(number);
    if (listeners?.delete(listener) !== true || listeners.size > 0) return;
    this.#listeners.delete(number);
    this.#inotify.unwatch(number);
  }

  /** Takes what waits, tells the listeners, and asks for the next wake-up. */
  take(): void {
    if (!this.#isWaiting) return;
    this.#isWaiting = false;
    for (const { watch, mask } of this.#inotify.read()) {
      // Lost notices may have been anybody's; their watch is -1.
      const told = (mask & IN.Q_OVERFLOW) !== 0 ? [...this.#listeners.values()] : [this.#listeners.get(watch) ?? []];
      for (const listener of told.flatMap((listeners) => [...listeners])) {
        if ((mask & listener.mask) !== 0) listener.hear(mask);
      }
      if ((mask & IN.IGNORED) !== 0) this.#listeners.delete(watch);
    }
  }

  [Symbol.dispose](): void {
    this.#inotify[Symbol.dispose]();
  }
}
