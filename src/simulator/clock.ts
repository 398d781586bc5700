import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../system/clock.ts';
import { SimulatorError } from './errors.ts';

interface Timer {
  readonly dueNs: number;
  readonly run: () => void;
}

/** More than this many timers at one instant means code that waits 0 ms for ever. */
const TIMERS_AT_ONE_INSTANT = 100_000;

/**
 * Time that only the test moves. I/O ends and sleepers wake in the order of their times, those of the same time in
 * the order in which they were asked for.
 */
export class SimulatedClock implements Clock {
  #nowNs: number;
  // Latest first, so that the next one is taken from the end.
  readonly #timers: Timer[] = [];
  #ranAtThisInstant = 0;

  /** @param startMs the time at the beginning, in milliseconds */
  constructor({ startMs = 1_000 }: { readonly startMs?: number } = {}) {
    this.#nowNs = startMs * 1e6;
  }

  /** Monotonic milliseconds, with fractions. */
  now(): number {
    return this.#nowNs / 1e6;
  }

  /** Monotonic nanoseconds, a whole number. */
  nowNs(): number {
    return this.#nowNs;
  }

  /** Resolves when the test has moved the time on by `ms`, or when `signal` fires. */
  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) return;
    await new Promise<void>((resolve) => {
      const cancel = this.after(Math.ceil(ms * 1e6), () => {
        signal?.removeEventListener('abort', wake);
        resolve();
      });
      const wake = (): void => {
        cancel();
        resolve();
      };
      signal?.addEventListener('abort', wake, { once: true });
    });
  }

  /** Calls `run` in `ns` nanoseconds of simulated time; the answer cancels it. */
  after(ns: number, run: () => void): () => void {
    const dueNs = this.#nowNs + Math.max(0, ns);
    if (!Number.isSafeInteger(dueNs)) throw new SimulatorError(`${dueNs} ns is beyond what the clock can count`);
    const timer = { dueNs, run };
    let low = 0;
    let high = this.#timers.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#timers[middle] as Timer).dueNs > dueNs) low = middle + 1;
      else high = middle;
    }
    this.#timers.splice(low, 0, timer);
    return () => {
      const at = this.#timers.indexOf(timer);
      if (at >= 0) this.#timers.splice(at, 1);
    };
  }

  /** Nanoseconds until the next timer; undefined when nothing waits for time. */
  untilNextNs(): number | undefined {
    const next = this.#timers.at(-1);
    return next === undefined ? undefined : next.dueNs - this.#nowNs;
  }

  /**
   * Moves the time on by `ms`. What is due happens in its order, and the code that it woke runs before the time moves
   * further; on return all code that can run has run.
   */
  async advance(ms: number): Promise<void> {
    const target = this.#target(Math.round(ms * 1e6));
    await this.settle();
    while (this.#runNext(target)) await this.settle();
    this.#moveTo(target);
    await this.settle();
  }

  /** Moves the time on at once: due I/O ends and sleepers are released, but their code runs only when the test awaits. */
  advanceNs(ns: number): void {
    const target = this.#target(ns);
    while (this.#runNext(target));
    this.#moveTo(target);
  }

  /** Lets all code run that waits for nothing but its turn. */
  async settle(): Promise<void> {
    await setImmediate();
  }

  #target(ns: number): number {
    const target = this.#nowNs + ns;
    if (ns < 0 || !Number.isSafeInteger(target)) throw new SimulatorError(`time cannot move by ${ns} ns`);
    return target;
  }

  #moveTo(ns: number): void {
    if (ns > this.#nowNs) this.#ranAtThisInstant = 0;
    this.#nowNs = Math.max(this.#nowNs, ns);
  }

  #runNext(target: number): boolean {
    const timer = this.#timers.at(-1);
    if (timer === undefined || timer.dueNs > target) return false;
    this.#timers.pop();
    this.#moveTo(timer.dueNs);
    if (++this.#ranAtThisInstant > TIMERS_AT_ONE_INSTANT) {
      throw new SimulatorError(`code waits for no time at all, again and again, at ${this.now()} ms`);
    }
    timer.run();
    return true;
  }
}
