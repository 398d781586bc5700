import { setTimeout } from 'node:timers/promises';

/** Where a sampler takes its time from. */
export interface SampleClock {
  /** Monotonic nanoseconds. */
  now(): bigint;
  /** Resolves after `ms`; rejects with an AbortError when `signal` fires. */
  wait(ms: number, signal?: AbortSignal): Promise<void>;
}

/** The machine's monotonic clock. */
export const systemSampleClock: SampleClock = {
  now: () => process.hrtime.bigint(),
  wait: (ms, signal) => setTimeout(ms, undefined, signal === undefined ? {} : { signal }),
};

/** A rhythm to sample in. */
export interface Rhythm {
  readonly intervalMs: number;
  /** Ends the waiting; nothing is thrown. */
  readonly signal?: AbortSignal | undefined;
  readonly clock?: SampleClock;
}

/**
 * Ticks in a rhythm that does not drift, the first one an interval after `startNs`. Each tells how many whole intervals
 * passed before somebody asked for it.
 */
export async function* ticks(
  startNs: bigint,
  { intervalMs, signal, clock = systemSampleClock }: Rhythm,
): AsyncGenerator<number, void, void> {
  const intervalNs = BigInt(Math.max(1, Math.round(intervalMs * 1e6)));
  for (let due = startNs + intervalNs; ; due += intervalNs) {
    const late = clock.now() - due;
    const missed = late > 0n ? late / intervalNs : 0n;
    due += missed * intervalNs;
    try {
      // Timers fire up to a millisecond early and late; waiting for a moment, not a time, keeps them from drifting.
      await clock.wait(Math.max(0, Number(due - clock.now()) / 1e6), signal);
    } catch (error) {
      if (signal?.aborted === true) return;
      throw error;
    }
    yield Number(missed);
  }
}
