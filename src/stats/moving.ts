import { DmError } from '../mapper/errors.ts';
import type { DeviceStats } from './device-stats.ts';
import { hasMarkOf } from './generation.ts';
import { type Group, type Listing, parseList } from './group.ts';
import { ownerOf } from './owner.ts';
import { isPackedOf } from './packed.ts';

/** What there is of a group on the other device that its tag names. */
interface Partner {
  readonly stats: DeviceStats;
  readonly listing: Listing;
  /** The group as it is there; undefined when it is not. */
  readonly group: Group | undefined;
}

async function partnerOf(stats: DeviceStats, { partner, generation }: Group): Promise<Partner | undefined> {
  if (partner === undefined || generation === undefined) return undefined;
  const there = stats.on(partner);
  let text: string;
  try {
    text = await there.rawList();
  } catch (error) {
    // The device is gone, and with it all that was counted there.
    if (!DmError.is(error, 'ENXIO')) throw error;
    return undefined;
  }
  const listing = parseList(text);
  return { stats: there, listing, group: listing.groups.find((one) => one.generation?.line === generation.line) };
}

const isNewer = (a: Group, b: Group): boolean => (a.generation?.number ?? 0) > (b.generation?.number ?? 0);

/**
 * The group that a group has become on another device.
 *
 * @returns undefined when it has not moved
 */
export async function movedTo(stats: DeviceStats, group: Group): Promise<Group | undefined> {
  const there = (await partnerOf(stats, group))?.group;
  return there !== undefined && isNewer(there, group) ? there : undefined;
}

/** A listing without the groups that have moved: what they counted is in the groups that they have become. */
export async function withoutMoved(stats: DeviceStats, listing: Listing): Promise<Listing> {
  if (listing.groups.every(({ partner }) => partner === undefined)) return listing;
  const groups: Group[] = [];
  const problems = [...listing.problems];
  for (const group of listing.groups) {
    if ((await movedTo(stats, group)) === undefined) groups.push(group);
    else problems.push(`group ${group.id} has moved to another device: what is left of it here is not counted`);
  }
  return { ...listing, groups, problems };
}

/**
 * Deletes what there is of a group on the other device that its tag names: the group before it moved, and regions on
 * their way. What the group has become there stays.
 */
export async function clearPartner(stats: DeviceStats, group: Group): Promise<void> {
  const partner = await partnerOf(stats, group);
  const { generation } = group;
  if (partner === undefined || generation === undefined) return;
  const there = partner.group;
  if (there !== undefined && isNewer(there, group)) return;
  if (there !== undefined) {
    // Once the group is gone nobody would know that they were its: its daemon is no more.
    for (const region of partner.listing.regions)
      if (ownerOf(region)?.groupId === there.id) await partner.stats.deleteRegionIfThere(region.id);
    // Its own partner is this group, which stays.
    await partner.stats.deleteGroup(there);
  }
  for (const region of partner.listing.regions) {
    const isLeft = hasMarkOf(region.aux, generation) || isPackedOf(region, generation.line);
    if (isLeft) await partner.stats.deleteRegionIfThere(region.id);
  }
}
