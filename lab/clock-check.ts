/** Between two looks at a clock that may be late: milliseconds on both machines. */
export interface ClockReading {
  /** Before the guest was asked, and when its answer was there. */
  readonly asked: number;
  readonly answered: number;
  /** The guest's uptime. */
  readonly guest: number;
}

/**
 * How often faster than the host's the guest's clock certainly runs; 1 when its speed may be right. An emulated guest
 * measures its clock against another emulated one when it boots, and on a busy host it can be wrong by any factor: then
 * all its deadlines are.
 */
export function clockSpeed(first: ClockReading, second: ClockReading): number {
  const guest = second.guest - first.guest;
  const atLeast = second.asked - first.answered;
  const atMost = second.answered - first.asked;
  // /proc/uptime counts hundredths.
  const resolution = 20;
  if (guest - resolution > atMost) return guest / atMost;
  if (guest + resolution < atLeast) return guest / atLeast;
  return 1;
}

/** Whether deadlines in the guest still mean what they say. */
export const isUsable = (speed: number): boolean => speed > 0.8 && speed < 1.25;
