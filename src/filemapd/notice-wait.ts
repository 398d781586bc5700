import type { Clock } from '../system/clock.ts';
import { DEBOUNCE_MS } from './monitor.ts';

/** How a monitor waits: for time, for notices of inotify, or until it is told to stop. */
export class NoticeWait {
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  #heard = false;
  #wake: (() => void) | undefined;
  #interrupt: (() => void) | undefined;

  constructor(clock: Clock, signal: AbortSignal) {
    this.#clock = clock;
    this.#signal = signal;
    signal.addEventListener('abort', () => this.#interrupt?.(), { once: true });
  }

  /** Notices wait. */
  hear(): void {
    this.#heard = true;
    this.#wake?.();
  }

  /** Notices are about to be taken. */
  clear(): void {
    this.#heard = false;
  }

  async wait(ms: number, deaf: boolean): Promise<void> {
    if (ms <= 0) return;
    const start = this.#clock.now();
    if (deaf || !this.#heard) await this.#sleep(ms, deaf);
    // The watch stays silent until notices are taken: a storm of them costs one wake-up in this time.
    const spent = this.#clock.now() - start;
    if (!deaf && this.#heard && spent < DEBOUNCE_MS) await this.#sleep(Math.min(ms, DEBOUNCE_MS) - spent, true);
  }

  /** Sleeps until the time is over, the monitor is told to stop or, unless `deaf`, inotify has something to say. */
  async #sleep(ms: number, deaf: boolean): Promise<void> {
    if (this.#signal.aborted) return;
    // Not AbortSignal.any: on Node 20 each of them leaves something behind in a source that lives as long as the daemon.
    const waking = new AbortController();
    this.#interrupt = () => waking.abort();
    if (!deaf) this.#wake = this.#interrupt;
    await this.#clock.sleep(ms, waking.signal);
    this.#interrupt = undefined;
    this.#wake = undefined;
  }
}
