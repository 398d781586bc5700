/**
 * Counters that outlive the regions that made them. When a region gives way to another, what it had counted is
 * carried in the user data of the group's tag: there it lives exactly as long as the group, and changes in the same
 * step of the kernel's as the list of members, so that no reader and no crash can see one without the other.
 */
import { addCounters, COUNTER_NAMES, type Counters, ZERO_COUNTERS } from './counters.ts';

// No blank in it: lvm2's tools read user data up to the first one.
const MARK = '|carried=';

/** User data with carried counters behind it. */
export function joinCarried(userData: string, carried: Counters | undefined): string {
  if (carried === undefined) return userData;
  // In flight is a level of live regions, nothing that could be carried.
  const numbers = COUNTER_NAMES.filter((name) => name !== 'inFlight').map((name) => carried[name]);
  return `${userData}${MARK}${numbers.join(',')}${carried.histogram.map((count) => `:${count}`).join('')}`;
}

/** Takes user data and carried counters apart. Text that only looks like them stays user data. */
export function splitCarried(text: string): { userData: string; carried: Counters | undefined } {
  const at = text.lastIndexOf(MARK);
  const match = at < 0 ? null : /^(\d+(?:,\d+){11})((?::\d+)*)$/.exec(text.slice(at + MARK.length));
  if (match === null) return { userData: text, carried: undefined };
  const numbers = (match[1] as string).split(',').map(BigInt);
  const counters: Record<string, bigint | readonly bigint[]> = { inFlight: 0n };
  for (const name of COUNTER_NAMES) if (name !== 'inFlight') counters[name] = numbers.shift() as bigint;
  counters['histogram'] = (match[2] as string).split(':').slice(1).map(BigInt);
  return { userData: text.slice(0, at), carried: counters as unknown as Counters };
}

/**
 * What a group has counted: its regions' counters and those that it carries.
 *
 * @param members the counters of its regions
 */
export function groupCounters(members: Iterable<Counters>, carried: Counters | undefined): Counters {
  let sum = carried ?? ZERO_COUNTERS;
  for (const counters of members) sum = addCounters(sum, counters);
  return sum;
}
