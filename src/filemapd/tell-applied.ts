import type { Applied } from '../filemap/apply.ts';
import type { Log } from './run.ts';

/** Logs what an update did to a group. @param notes what the user should know of the extents */
export function tellApplied(log: Log, applied: Applied, notes: readonly string[]): void {
  const { created, deleted, group, errorBound, credited, missed } = applied;
  log(
    2,
    `Updated group ID ${group.id}: ${created.length} region${created.length === 1 ? '' : 's'} created, ` +
      `${deleted.length} deleted` +
      (credited + missed === 0n ? '' : `; growth: ${credited} sectors of I/O held, ${missed} sectors missed`),
  );
  for (const note of notes) log(3, note);
  if (errorBound > 0n)
    log(1, `Carried counters of group ID ${group.id} may be wrong by up to ${errorBound} I/Os and sectors`);
  for (const { id, error } of applied.undeleted) log(1, `Region ID ${id} is still there: ${error.message}`);
}
