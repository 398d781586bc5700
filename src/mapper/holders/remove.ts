import { type Clock, systemClock } from '../../system/clock.ts';
import { DmError } from '../errors.ts';
import { type Holder, holdersText, isPermanent } from './holder.ts';

/** A device could not be removed: it is held (EBUSY), and by whom. */
export class DeviceBusyError extends DmError {
  readonly holders: readonly Holder[];

  constructor(refusal: DmError, holders: readonly Holder[]) {
    super({ op: refusal.op, errno: refusal.errno, device: refusal.device, reason: holdersText(holders) });
    this.holders = holders;
  }
}

/** How a removal is tried again. */
export interface RemoveRetry<T> {
  /** One attempt. */
  readonly remove: () => Promise<T>;
  /** Who holds the device now: `findHolders()`, as a rule. */
  readonly holders: () => Promise<readonly Holder[]>;
  /** Milliseconds from now; 5 000 when not given, as `dmsetup remove --retry`. */
  readonly deadlineMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly clock?: Clock;
}

const DEADLINE_MS = 5_000;
const FIRST_PAUSE_MS = 10;
const LONGEST_PAUSE_MS = 500;

/**
 * Removes a device, trying again while it is held by what lets go of it by itself, such as udev looking at its
 * contents. Gives up early where a holder stays: a mount, swap, another device on top.
 *
 * @returns what the attempt that succeeded returned
 * @throws DeviceBusyError (EBUSY) who holds it; other errors of `remove` as they are; the signal's reason
 */
export async function removeWithRetry<T>({
  remove,
  holders,
  deadlineMs = DEADLINE_MS,
  signal,
  clock = systemClock,
}: RemoveRetry<T>): Promise<T> {
  const end = clock.now() + deadlineMs;
  const left = (): number => Math.max(end - clock.now(), 0);
  for (let attempt = 1; ; attempt++) {
    signal?.throwIfAborted();
    try {
      return await remove();
    } catch (error) {
      if (!DmError.is(error, 'EBUSY')) throw error;
      // Most first refusals are over in milliseconds: trying again is cheaper than a look at all processes.
      if (attempt > 1 || left() === 0) {
        const found = await holders();
        signal?.throwIfAborted();
        if (left() === 0 || found.some(isPermanent)) throw new DeviceBusyError(error, found);
      }
      await clock.sleep(Math.min(FIRST_PAUSE_MS * 2 ** (attempt - 1), LONGEST_PAUSE_MS, left()), signal);
    }
  }
}
