import type { Listing } from './group.ts';
import { LOOK_AHEAD_PROGRAM, parseOwner } from './owner.ts';
import { PACKED_PROGRAM } from './packed.ts';

/**
 * What a region is for that is no member of a group: it lies ahead of a growing file, it is shared by extents and cut in
 * areas, or it is such a one's companion of one area.
 */
export type ServingRole = 'look-ahead' | 'packed' | 'companion';

/** A region that serves a group without being a member of it. */
export interface Serving {
  readonly role: ServingRole;
  /** Undefined when the group is no more, or when nobody can tell which it is. */
  readonly groupId: number | undefined;
}

/** The regions of a list that serve groups, by their ids: people have not made them, and need not see them one by one. */
export function servingRegions({ regions, groups, spans }: Listing): ReadonlyMap<number, Serving> {
  const known = new Set(groups.map(({ id }) => id));
  const serving = new Map<number, Serving>();
  for (const { id, programId, aux } of regions) {
    if (programId === LOOK_AHEAD_PROGRAM) {
      const owner = parseOwner(aux)?.groupId;
      serving.set(id, { role: 'look-ahead', groupId: owner !== undefined && known.has(owner) ? owner : undefined });
    } else if (programId === PACKED_PROGRAM) {
      serving.set(id, { role: aux.endsWith(',whole') ? 'companion' : 'packed', groupId: undefined });
    }
  }
  for (const [groupId, own] of spans ?? []) {
    for (const { areas, whole } of own) {
      serving.set(areas.id, { role: 'packed', groupId });
      serving.set(whole.id, { role: 'companion', groupId });
    }
  }
  return serving;
}
