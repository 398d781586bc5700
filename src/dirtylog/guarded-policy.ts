/** A policy of somebody else's: what it does wrong costs its order and nothing more. */
import { inOrder, type ResyncChoice, type ResyncPolicy, type ResyncQueue, type ResyncTime } from './resync.ts';

/** A function that may answer anything, or throw. */
export type UntrustedPolicy = (mirror: ResyncQueue, time: ResyncTime) => unknown;

/** It was ended before it answered: by its own fault, or because the machine had no time for it. */
export class LatePolicy extends Error {
  override readonly name = 'LatePolicy';
}

/** So often in a row it is its own fault. */
const MOST_LATE = 3;

/**
 * Makes a policy of a function that may be wrong. Once it throws, answers what is no choice, or is late three times in a row,
 * the regions come in order, from that call on; and in between when it is late.
 *
 * @param onFailure told once why
 */
export function guarded(policy: UntrustedPolicy, onFailure: (reason: string) => void): ResyncPolicy {
  let hasFailed = false;
  let late = 0;
  return (mirror, time) => {
    if (hasFailed) return inOrder(mirror, time);
    try {
      const choice = checkedChoice(policy(mirror, time), mirror);
      late = 0;
      return choice;
    } catch (error) {
      if (error instanceof LatePolicy && ++late < MOST_LATE) return inOrder(mirror, time);
      hasFailed = true;
      onFailure(error instanceof Error ? error.message : String(error));
      return inOrder(mirror, time);
    }
  };
}

/** @throws RangeError when it is no choice that this mirror has */
function checkedChoice(choice: unknown, mirror: ResyncQueue): ResyncChoice {
  if (choice === 'wait') return choice;
  if (typeof choice === 'number') return checkedRegion(choice, mirror);
  if (typeof choice !== 'object' || choice === null || !('region' in choice) || !('countsAtMs' in choice)) {
    throw new RangeError(`it answers ${named(choice)}, not a region's number or "wait"`);
  }
  const { region, countsAtMs } = choice;
  if (typeof region !== 'number' || typeof countsAtMs !== 'number' || Number.isNaN(countsAtMs)) {
    throw new RangeError(`it answers region ${named(region)} at ${named(countsAtMs)}: both are numbers`);
  }
  return { region: checkedRegion(region, mirror), countsAtMs };
}

function checkedRegion(region: number, { regionCount, outOfSync }: ResyncQueue): number {
  if (!Number.isInteger(region) || region < 0 || region >= regionCount) {
    throw new RangeError(`it answers ${region}, the mirror has regions 0 to ${regionCount - 1}`);
  }
  if (!outOfSync.has(region)) throw new RangeError(`it answers ${region}, a region that is in sync`);
  return region;
}

function named(value: unknown): string {
  return typeof value === 'string' ? `"${value.slice(0, 40)}"` : typeof value === 'number' ? `${value}` : typeof value;
}
