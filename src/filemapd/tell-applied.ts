import type { Applied } from '../filemap/apply.ts';
import type { Undeleted } from '../filemap/delete-regions.ts';
import { isExact } from '../stats/error-bound.ts';
import type { Log } from './run-options.ts';

/** Logs what an update did to a group. @param notes what the user should know of the extents */
export function tellApplied(log: Log, applied: Applied, notes: readonly string[]): void {
  const { created, deleted, group, error, credited, missed } = applied;
  log(
    2,
    `Updated group ID ${group.id}: ${created.length} region${created.length === 1 ? '' : 's'} created, ` +
      `${deleted.length} deleted` +
      (credited + missed === 0n ? '' : `; growth: ${credited} sectors of I/O held, ${missed} sectors missed`),
  );
  for (const note of notes) log(3, note);
  if (!isExact(error))
    log(1, `Counters of group ID ${group.id}: ${error.ios} I/Os, ${error.sectors} sectors may be missing or doubled`);
  tellUndeleted(log, applied.undeleted);
}

/** Logs which regions are still there though they should not be. */
export function tellUndeleted(log: Log, undeleted: readonly Undeleted[]): void {
  for (const { id, error } of undeleted) log(1, `Region ID ${id} is still there: ${error.message}`);
}
