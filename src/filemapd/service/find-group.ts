/** Which group of a device a file had, after nobody followed it for a while. Pure. */
import type { Run } from '../../filemap/extents.ts';
import { touches } from '../../filemap/group-place.ts';
import type { Group, Listing } from '../../stats/group.ts';

/**
 * Finds the group of a file that was followed before. Its id may have changed without the record's knowledge, and an id
 * that was given up is soon another's: only a group of the same name is the file's, the one of the recorded id or the
 * only one with a region where the file's data lies.
 *
 * @param runs where the file's data lies now
 * @returns undefined when the group is gone, or when it cannot be told which one it is
 */
export function findGroup(
  listing: Listing,
  { groupId, alias }: { readonly groupId: number; readonly alias: string },
  runs: readonly Run[],
): Group | undefined {
  const named = listing.groups.filter((group) => group.alias === alias);
  const same = named.find(({ id }) => id === groupId);
  if (same !== undefined) return same;
  const touching = named.filter((group) => touches(listing, group, runs));
  return touching.length === 1 ? touching[0] : undefined;
}
