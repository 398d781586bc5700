import { DmError } from '../mapper/errors.ts';
import type { DeviceStats } from '../stats/device-stats.ts';

/** A region that the kernel would not delete. */
export interface Undeleted {
  readonly id: number;
  readonly error: Error;
}

// Nothing is known that makes the kernel refuse a deletion now and not later; a region left behind costs for ever.
const DELETE_TRIES = 3;

/**
 * Deletes regions that may be gone already; tries all of them.
 *
 * @returns those that are still there, with the kernel's refusal
 */
export async function deleteRegions(stats: DeviceStats, ids: Iterable<number>): Promise<Undeleted[]> {
  const undeleted: Undeleted[] = [];
  for (const id of ids) {
    const error = await tryHard(() => stats.deleteRegion(id));
    if (error !== undefined) undeleted.push({ id, error });
  }
  return undeleted;
}

/** Does something, again and again when the kernel refuses; what is gone is done. @returns the last refusal */
export async function tryHard(action: () => Promise<void>): Promise<Error | undefined> {
  for (let attempt = 1; ; attempt++) {
    try {
      await action();
      return undefined;
    } catch (error) {
      if (DmError.is(error, 'ENOENT')) return undefined;
      if (!(error instanceof DmError)) throw error;
      if (attempt === DELETE_TRIES) return error;
    }
  }
}
