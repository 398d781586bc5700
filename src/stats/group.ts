import type { DeviceNumber } from '../kernel/dm-ioctl.ts';
import { DmParseError } from '../mapper/errors.ts';
import { type Carriable, type CarriedData, joinCarried, splitCarried } from './carried.ts';
import { isExact } from './error-bound.ts';
import { type FollowedData, joinFollowed, splitFollowed } from './followed.ts';
import { hasMark } from './generation.ts';
import { type GroupTag, type GroupTagForm, hasGroupTag, parseGroupTag } from './group-tag.ts';
import { joinPacked, type PackedIds, type PackedSpan, splitPacked } from './packed.ts';
import { joinPartner, splitPartner } from './partner.ts';
import { parseListLine, type Region } from './region.ts';

/** A group of regions of one device, with what it keeps of the past. */
export interface Group extends CarriedData, FollowedData {
  /** The leader's region id, the lowest of the members. */
  readonly id: number;
  /** Empty when it has none. */
  readonly alias: string;
  /** Ids of the regions that exist, ascending, the leader first. */
  readonly members: readonly number[];
  /** Ids that the tag names and that do not exist any more or belong to another program. */
  readonly missing: readonly number[];
  readonly tagForm: GroupTagForm;
  /** Regions that its extents share; absent when there are none. */
  readonly packed?: PackedIds;
  /** Where it comes from or goes to; absent when nothing of it is on another device. */
  readonly partner?: DeviceNumber;
}

/** What `keptText` writes. */
export type KeptData = Pick<Group, 'userData' | 'packed' | 'partner' | keyof FollowedData> & Carriable;

type KeptOf = CarriedData & Pick<Group, 'packed' | 'partner' | keyof FollowedData>;

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

/** A tag with the region that bears it, taken apart. */
export interface BorneTag extends Omit<GroupTag, 'userData'> {
  readonly leader: Region;
  readonly kept: KeptOf;
}

/** The group's tag in a region's aux data; undefined when it has none, or one that cannot be understood. */
export function tagOf(leader: Region): BorneTag | undefined {
  const tag = hasGroupTag(leader.aux) ? parseGroupTag(leader.aux, leader.id) : undefined;
  return tag && { ...tag, leader, kept: keptOf(tag.userData) };
}

/** Whether a tag is what another one of the same group replaces: its region is then as good as one without a tag. */
export function isReplacedBy(old: BorneTag, tag: BorneTag): boolean {
  const [a, b] = [old.kept.generation, tag.kept.generation];
  if (a === undefined || b === undefined || old.leader.id === tag.leader.id) return false;
  return a.line === b.line && a.number < b.number && old.leader.programId === tag.leader.programId;
}

/**
 * Finds the groups in a list of regions. A tag that cannot be read, or that claims a region of another group,
 * is reported and its regions stay ungrouped: a foreign program's mistake must not hide what is counted.
 */
export function groupsOf(regions: readonly Region[]): { groups: Group[]; problems: string[] } {
  const byId = new Map(regions.map((region) => [region.id, region]));
  const tags = regions.flatMap((region) => tagOf(region) ?? []);
  const newest = newestTags(tags);
  const replaced = new Set(tags.filter((tag) => !newest.has(tag)).map(({ leader }) => leader));
  const claimed = new Map<number, number>();
  const groups: Group[] = [];
  const problems: string[] = [];
  const byLeader = new Map(tags.map((tag) => [tag.leader, tag]));
  for (const leader of regions) {
    if (!hasGroupTag(leader.aux) || replaced.has(leader)) continue;
    const tag = byLeader.get(leader);
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
        region !== undefined &&
        region.programId === leader.programId &&
        (id === leader.id || !hasGroupTag(region.aux) || replaced.has(region));
      if (isMember) {
        claimed.set(id, leader.id);
        members.push(id);
      } else missing.push(id);
    }
    if (members[0] !== leader.id) continue;
    groups.push({ id: leader.id, alias: tag.alias, members, missing, ...tag.kept, tagForm: tag.form });
  }
  return { groups, problems };
}

/** What a group keeps in its tag's user data. */
export function keptOf(text: string): KeptOf {
  const { userData, ...rest } = splitCarried(text);
  const { userData: before, ...packed } = splitPacked(userData);
  const { userData: first, ...partner } = splitPartner(before);
  return { ...rest, ...packed, ...partner, ...splitFollowed(first) };
}

/** The user data of a group's tag. */
export function keptText(kept: KeptData): string {
  return joinCarried(joinPacked(joinPartner(joinFollowed(kept.userData, kept), kept.partner), kept.packed), kept);
}

/** The tags that no other one replaces. */
function newestTags(tags: readonly BorneTag[]): ReadonlySet<BorneTag> {
  const newest = new Set(tags);
  const byLine = new Map<string, BorneTag>();
  for (const tag of tags) {
    const { generation } = tag.kept;
    if (generation === undefined) continue;
    const key = `${tag.leader.programId} ${generation.line}`;
    const other = byLine.get(key);
    const isOlder = other !== undefined && isReplacedBy(tag, other);
    if (isOlder) newest.delete(tag);
    else if (other !== undefined && isReplacedBy(other, tag)) newest.delete(other);
    if (!isOlder) byLine.set(key, tag);
  }
  return newest;
}

/** Whether a group keeps anything of the past. */
export function hasPast({ carried, missed, error }: Group): boolean {
  return carried !== undefined || missed > 0n || !isExact(error);
}

/** A region's user data: what its aux data holds besides a group's tag. @param group the group that it is in */
export function userDataOf(region: Region, group: Group | undefined): string {
  if (hasMark(region.aux)) return '';
  if (!hasGroupTag(region.aux)) return region.aux;
  return group?.id === region.id ? group.userData : '';
}

/** The answer of `@stats_list`; what cannot be read is told and left out. */
export function parseList(text: string): Listing {
  const regions: Region[] = [];
  const problems: string[] = [];
  for (const line of text.split('\n')) {
    if (line === '') continue;
    try {
      regions.push(parseListLine(line));
    } catch (error) {
      if (!(error instanceof DmParseError)) throw error;
      problems.push(`skipped: ${error.message}`);
    }
  }
  const grouped = groupsOf(regions);
  return { regions, groups: grouped.groups, problems: [...problems, ...grouped.problems] };
}
