import { joinCarried, splitCarried } from './carried.ts';
import type { Counters } from './counters.ts';
import { type GroupTagForm, hasGroupTag, parseGroupTag } from './group-tag.ts';
import { joinPacked, type PackedIds, type PackedSpan, splitPacked } from './packed.ts';
import type { Region } from './region.ts';

/** A group of regions of one device. */
export interface Group {
  /** The leader's region id, the lowest of the members. */
  readonly id: number;
  /** Empty when it has none. */
  readonly alias: string;
  /** Ids of the regions that exist, ascending, the leader first. */
  readonly members: readonly number[];
  /** Ids that the tag names and that do not exist any more or belong to another program. */
  readonly missing: readonly number[];
  readonly userData: string;
  /** What regions that are no more had counted for the group; see `groupCounters`. */
  readonly carried: Counters | undefined;
  /** Sectors whose first I/O no region held; see `CarriedData`. */
  readonly missed: bigint;
  readonly tagForm: GroupTagForm;
  /** Regions that its extents share; absent when there are none. */
  readonly packed?: PackedIds;
}

/** What `keptText` writes; nothing missed by default. */
export type KeptData = Pick<Group, 'userData' | 'carried' | 'packed'> & Partial<Pick<Group, 'missed'>>;

/** A device's regions and groups, and what of the kernel's list could not be understood. */
export interface Listing {
  /** By id. */
  readonly regions: readonly Region[];
  readonly groups: readonly Group[];
  /** One line for each thing that was skipped. */
  readonly problems: readonly string[];
  /** What the extents of packed groups share, by group id; absent when no group is packed. */
  readonly spans?: ReadonlyMap<number, readonly PackedSpan[]>;
}

/**
 * Finds the groups in a list of regions. A tag that cannot be read, or that claims a region of another group,
 * is reported and its regions stay ungrouped: a foreign program's mistake must not hide what is counted.
 */
export function groupsOf(regions: readonly Region[]): { groups: Group[]; problems: string[] } {
  const byId = new Map(regions.map((region) => [region.id, region]));
  const claimed = new Map<number, number>();
  const groups: Group[] = [];
  const problems: string[] = [];
  for (const leader of regions) {
    if (!hasGroupTag(leader.aux)) continue;
    const tag = parseGroupTag(leader.aux, leader.id);
    if (tag === undefined) {
      problems.push(`region ${leader.id}: cannot read its group tag ${JSON.stringify(leader.aux)}`);
      continue;
    }
    const members: number[] = [];
    const missing: number[] = [];
    for (const id of tag.members) {
      const owner = claimed.get(id);
      if (owner !== undefined) {
        problems.push(`region ${id} is claimed by the groups ${owner} and ${leader.id}: counted in ${owner}`);
        continue;
      }
      const region = byId.get(id);
      // An id is reused at once: what bears it now may be another program's, or the leader of another group.
      const isMember =
        region !== undefined && region.programId === leader.programId && (id === leader.id || !hasGroupTag(region.aux));
      if (isMember) {
        claimed.set(id, leader.id);
        members.push(id);
      } else missing.push(id);
    }
    if (members[0] !== leader.id) continue;
    groups.push({
      id: leader.id,
      alias: tag.alias,
      members,
      missing,
      ...keptOf(tag.userData),
      tagForm: tag.form,
    });
  }
  return { groups, problems };
}

/** What a group keeps in its tag's user data. */
export function keptOf(text: string): Pick<Group, 'userData' | 'carried' | 'missed' | 'packed'> {
  const { userData, ...rest } = splitCarried(text);
  return { ...rest, ...splitPacked(userData) };
}

/** The user data of a group's tag. */
export function keptText({ userData, carried, missed, packed }: KeptData): string {
  return joinCarried(joinPacked(userData, packed), carried, missed);
}

/** A region's user data: what its aux data holds besides a group's tag. @param group the group that it is in */
export function userDataOf(region: Region, group: Group | undefined): string {
  if (!hasGroupTag(region.aux)) return region.aux;
  return group?.id === region.id ? group.userData : '';
}
