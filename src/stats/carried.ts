/**
 * Counters that outlive the regions that made them. When a region gives way to another, what it had counted is
 * carried in the user data of the group's tag: there it lives exactly as long as the group, and changes in the same
 * step of the kernel's as the list of members, so that no reader and no crash can see one without the other.
 */
import { addCounters, COUNTER_NAMES, type Counters, ZERO_COUNTERS } from './counters.ts';
import { type ErrorBound, isExact, NO_ERROR } from './error-bound.ts';
import type { Generation } from './generation.ts';

// No blank in any of it: lvm2's tools read user data up to the first one.
const CARRIED = '|carried=';
const MISSED = /\|missed=([1-9]\d*)$/;
const ERROR = /\|error=(\d+),(\d+)$/;
const GENERATION = /\|gen=([0-9a-f]+)\.([1-9]\d{0,14})$/;

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
  /** By how much `carried` may be wrong, because I/O went on while it was read; zero in most hand-overs. */
  readonly error: ErrorBound;
  /** Undefined until the group changes for the first time. */
  readonly generation: Generation | undefined;
}

/** What can stand behind the user data; all but the carried counters may be left out. */
export type Carriable = Pick<CarriedData, 'carried'> & Partial<Pick<CarriedData, 'missed' | 'error' | 'generation'>>;

/** User data with what the group keeps behind it. */
export function joinCarried(userData: string, kept: Carriable): string {
  const { carried, missed = 0n, error = NO_ERROR, generation } = kept;
  // In this order: what is read from the end was there first, and its readers leave the rest in the user data.
  let text = userData;
  if (generation !== undefined) text += `|gen=${generation.line}.${generation.number}`;
  if (!isExact(error)) text += `|error=${error.sectors},${error.ios}`;
  if (missed !== 0n) text += `|missed=${missed}`;
  if (carried === undefined) return text;
  // In flight is a level of live regions, nothing that could be carried.
  const numbers = COUNTER_NAMES.filter((name) => name !== 'inFlight').map((name) => carried[name]);
  return `${text}${CARRIED}${numbers.join(',')}${carried.histogram.map((count) => `:${count}`).join('')}`;
}

/** Takes apart what `joinCarried` joined. Text that only looks like it stays user data. */
export function splitCarried(text: string): CarriedData {
  const counted = splitCounters(text);
  let rest = counted.rest;
  const take = (pattern: RegExp): readonly [string, string] | undefined => {
    const match = pattern.exec(rest);
    if (match === null) return undefined;
    rest = rest.slice(0, match.index);
    return [match[1] ?? '', match[2] ?? ''];
  };
  const missed = BigInt(take(MISSED)?.[0] ?? 0);
  const [sectors, ios] = take(ERROR) ?? [0, 0];
  const generation = take(GENERATION);
  return {
    userData: rest,
    carried: counted.carried,
    missed,
    error: { sectors: BigInt(sectors), ios: BigInt(ios) },
    generation: generation && { line: generation[0], number: Number(generation[1]) },
  };
}

function splitCounters(text: string): { rest: string; carried: Counters | undefined } {
  const at = text.lastIndexOf(CARRIED);
  const match = at < 0 ? null : /^(\d+(?:,\d+){11})((?::\d+)*)$/.exec(text.slice(at + CARRIED.length));
  if (match === null) return { rest: text, carried: undefined };
  const numbers = (match[1] as string).split(',').map(BigInt);
  const counters: Record<string, bigint | readonly bigint[]> = { inFlight: 0n };
  for (const name of COUNTER_NAMES) if (name !== 'inFlight') counters[name] = numbers.shift() as bigint;
  counters['histogram'] = (match[2] as string).split(':').slice(1).map(BigInt);
  return { rest: text.slice(0, at), carried: counters as unknown as Counters };
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
