/**
 * Counters that outlive the regions that made them. When a region gives way to another, what it had counted is
 * carried in the user data of the group's tag: there it lives exactly as long as the group, and changes in the same
 * step of the kernel's as the list of members, so that no reader and no crash can see one without the other.
 */
import { addCounters, COUNTER_NAMES, type Counters, ZERO_COUNTERS } from './counters.ts';

// No blank in it: lvm2's tools read user data up to the first one.
const MARK = '|carried=';
const MISSED = /\|missed=([1-9]\d*)$/;

/** What a group keeps of the past. */
export interface CarriedData {
  readonly userData: string;
  /** What regions that are no more had counted, and look-ahead regions before there was an ordinary one. */
  readonly carried: Counters | undefined;
  /**
   * Sectors that became the file's without a region to hold their first I/O: what was read or written there before
   * they got one is not in the counters.
   */
  readonly missed: bigint;
}

/** User data with the number of missed sectors and carried counters behind it. */
export function joinCarried(userData: string, carried: Counters | undefined, missed = 0n): string {
  // Before the counters, whose readers expect them at the end.
  const text = missed === 0n ? userData : `${userData}|missed=${missed}`;
  if (carried === undefined) return text;
  // In flight is a level of live regions, nothing that could be carried.
  const numbers = COUNTER_NAMES.filter((name) => name !== 'inFlight').map((name) => carried[name]);
  return `${text}${MARK}${numbers.join(',')}${carried.histogram.map((count) => `:${count}`).join('')}`;
}

/** Takes apart what `joinCarried` joined. Text that only looks like it stays user data. */
export function splitCarried(text: string): CarriedData {
  const { userData: rest, carried } = splitCounters(text);
  const missed = MISSED.exec(rest);
  if (missed === null) return { userData: rest, carried, missed: 0n };
  return { userData: rest.slice(0, missed.index), carried, missed: BigInt(missed[1] as string) };
}

function splitCounters(text: string): Omit<CarriedData, 'missed'> {
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
