import type { Clock } from '../../system/clock.ts';
import { dueAt, Timetable } from './timetable.ts';

/** One timer for all waits of a service; see `dueAt`. */
export class Pulse implements Clock {
  readonly #clock: Clock;
  readonly #sleepers = new Timetable<() => void>();
  #armed: { readonly due: number; readonly stop: AbortController } | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  now(): number {
    return this.#clock.now();
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted) {
        resolve();
        return;
      }
      const wake = (): void => {
        signal?.removeEventListener('abort', wake);
        this.#sleepers.delete(wake);
        resolve();
      };
      signal?.addEventListener('abort', wake);
      this.#sleepers.add(wake, dueAt(this.#clock.now(), ms));
      this.#arm();
    });
  }

  /** A timer that turns out to be for nobody ends in silence: taking it back would cost more. */
  #arm(): void {
    const due = this.#sleepers.next();
    if (due === undefined || (this.#armed !== undefined && this.#armed.due <= due)) return;
    this.#armed?.stop.abort();
    this.#armed = { due, stop: new AbortController() };
    void this.#wait(this.#armed.due, this.#armed.stop.signal);
  }

  async #wait(due: number, signal: AbortSignal): Promise<void> {
    await this.#clock.sleep(Math.max(0, due - this.#clock.now()), signal);
    if (signal.aborted) return;
    this.#armed = undefined;
    for (const wake of this.#sleepers.take(this.#clock.now())) wake();
    this.#arm();
  }

  /** Takes the timer back; sleepers sleep on. */
  [Symbol.dispose](): void {
    this.#armed?.stop.abort();
    this.#armed = undefined;
  }
}
