import type { Clock } from '../../system/clock.ts';
import { IDLE_LOOK_MS } from '../monitor.ts';

/** Milliseconds after which a parked file is looked at although nothing is known to have happened. */
export const PARKED_MS = 300_000;
/** The same for a file that is followed by its path: when a folder above it is renamed, nobody tells. */
export const PATH_PARKED_MS = 60_000;

/** Where files wait of which nothing is expected, until something happens on their device. */
export interface Parking {
  /** @returns what takes the file away from there */
  park(wake: () => void): Disposable;
}

/**
 * The clock of one file. After two pauses in a row in which nothing happened, the file is parked: then its device is
 * looked at for all its files at once, and the file is woken in its turn when the device was written, when its group is
 * gone, or by inotify.
 */
export class ParkingClock implements Clock {
  readonly #clock: Clock;
  readonly #parking: Parking;
  readonly #parkedMs: number;
  #quietPauses = 0;

  /** @param parking that of the device where the file lies now */
  constructor(clock: Clock, parking: Parking, parkedMs = PARKED_MS) {
    this.#clock = clock;
    this.#parking = parking;
    this.#parkedMs = parkedMs;
  }

  now(): number {
    return this.#clock.now();
  }

  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (ms < IDLE_LOOK_MS || this.#quietPauses === 0) {
      await this.#clock.sleep(ms, signal);
      this.#quietPauses = ms < IDLE_LOOK_MS || signal?.aborted ? 0 : 1;
      return;
    }
    const waking = new AbortController();
    const wake = (): void => waking.abort();
    signal?.addEventListener('abort', wake);
    {
      using _place = this.#parking.park(wake);
      await this.#clock.sleep(this.#parkedMs, waking.signal);
    }
    signal?.removeEventListener('abort', wake);
    // Who only had its turn is parked again at once, when nothing has come of it.
    if (signal?.aborted) this.#quietPauses = 0;
  }
}
