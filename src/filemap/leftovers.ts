import type { DeviceStats } from '../stats/device-stats.ts';
import { hasMarkOf } from '../stats/generation.ts';
import { type Group, tagOf } from '../stats/group.ts';
import { clearPartner } from '../stats/moving.ts';
import { isPackedOf } from '../stats/packed.ts';
import { deleteRegions, tryHard, type Undeleted } from './delete-regions.ts';
import { linesWith } from './match.ts';

/** Regions that a process left on their way into a group or out of it. */
export interface Leftovers {
  /** In the group: they stay, without their mark. */
  readonly members: readonly number[];
  /** Not in the group: what they counted is in it already, or was never to be. */
  readonly others: readonly number[];
  /** The group, when there may be something of it on another device, from or to which it moved. */
  readonly moving: Group | undefined;
}

/**
 * Finds what is left of changes to a group that were begun and not ended: a process was killed, or the kernel refused to
 * take something back. The group's tag has changed or has not, in one step; that decides on all of them.
 *
 * @param list the device's list, in which the group was found
 */
export function leftoversOf(list: Uint8Array, group: Group): Leftovers {
  const { id: leader, members, generation, packed, partner } = group;
  const left = { members: [] as number[], others: [] as number[], moving: partner === undefined ? undefined : group };
  if (generation === undefined) return left;
  const lines = linesWith(list, generation.line);
  const programId = lines.find(({ id }) => id === leader)?.programId;
  for (const region of lines) {
    if (region.id === leader || region.programId !== programId) continue;
    const isFormerLeader = tagOf(region)?.kept.generation?.line === generation.line;
    if (!isFormerLeader && !hasMarkOf(region.aux, generation)) continue;
    left[members.includes(region.id) ? 'members' : 'others'].push(region.id);
  }
  // Before the first packing no tag has a word: then it is the group's line.
  const word = packed?.word ?? generation.line;
  for (const region of linesWith(list, word)) {
    if (isPackedOf(region, word) && packed?.ids.includes(region.id) !== true) left.others.push(region.id);
  }
  return left;
}

/** Those of some ids only: one change's own, where another process may be about one too. */
export function restrictTo({ members, others }: Leftovers, ids: ReadonlySet<number>): Leftovers {
  const ours = (id: number): boolean => ids.has(id);
  return { members: members.filter(ours), others: others.filter(ours), moving: undefined };
}

/** A group of which nothing is on another device any more. */
export function settled({ partner: _, ...group }: Group): Group {
  return group;
}

/**
 * Ends what was left. Only for whoever alone updates the group: another one's change under way looks just the same.
 *
 * @returns regions that the kernel would not delete
 */
export async function clearLeftovers(stats: DeviceStats, { members, others, moving }: Leftovers): Promise<Undeleted[]> {
  // A mark that stays is harmless, and seen by the next one who looks.
  for (const id of members) await tryHard(() => stats.setAux(id, ''));
  if (moving !== undefined) {
    await clearPartner(stats, moving);
    await stats.writeGroup(settled(moving));
  }
  return deleteRegions(stats, others);
}
