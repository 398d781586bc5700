/** When which file of a service is due: many sleepers, few instants. Pure: it knows no clock. */
import { ACTIVE_LOOK_MS, DEBOUNCE_MS, IDLE_LOOK_MS } from '../monitor.ts';

/** Timers may end a little early; what is due within so many milliseconds is due now. */
export const SLACK_MS = 10;

/**
 * The instant at which a wait ends: those of files at rest end together on multiples of the pause between two looks, at
 * most `SLACK_MS` late; short ones up to `DEBOUNCE_MS` late.
 *
 * @param now monotonic milliseconds
 */
export function dueAt(now: number, ms: number): number {
  if (ms < ACTIVE_LOOK_MS) return Math.ceil((now + ms) / DEBOUNCE_MS) * DEBOUNCE_MS;
  const grid = ms < IDLE_LOOK_MS ? ACTIVE_LOOK_MS : IDLE_LOOK_MS;
  return Math.floor((now + ms + SLACK_MS) / grid) * grid;
}

/** Sleepers by the instant at which they wake. */
export class Timetable<Sleeper> {
  readonly #instants = new Map<number, Set<Sleeper>>();
  readonly #dues = new Map<Sleeper, number>();

  /** Has a sleeper wake at an instant, in place of the one before. */
  add(sleeper: Sleeper, due: number): void {
    this.delete(sleeper);
    this.#dues.set(sleeper, due);
    const others = this.#instants.get(due);
    if (others === undefined) this.#instants.set(due, new Set([sleeper]));
    else others.add(sleeper);
  }

  delete(sleeper: Sleeper): void {
    const due = this.#dues.get(sleeper);
    if (due === undefined) return;
    this.#dues.delete(sleeper);
    const others = this.#instants.get(due);
    others?.delete(sleeper);
    if (others?.size === 0) this.#instants.delete(due);
  }

  /** The next instant; undefined when nobody sleeps. There are few: waits end together. */
  next(): number | undefined {
    let next: number | undefined;
    for (const due of this.#instants.keys()) if (next === undefined || due < next) next = due;
    return next;
  }

  /** Takes all who are due, in the order of their instants. */
  take(now: number): Sleeper[] {
    const dues = [...this.#instants.keys()].filter((due) => due <= now + SLACK_MS).sort((a, b) => a - b);
    const taken = dues.flatMap((due) => [...(this.#instants.get(due) ?? [])]);
    for (const sleeper of taken) this.delete(sleeper);
    return taken;
  }
}
