import { keyOf } from '../devices/table-uses.ts';
import type { DeviceNumber } from '../kernel/dm-ioctl.ts';
import type { DeviceMapper } from '../mapper/device-mapper.ts';
import { DmError } from '../mapper/errors.ts';
import { DeviceStats } from '../stats/device-stats.ts';
import { pathMark } from '../stats/followed.ts';
import { type Group, type Listing, parseList } from '../stats/group.ts';
import { movedTo } from '../stats/moving.ts';
import type { Run } from './extents.ts';
import { deviceOf, type FileView } from './file-view.ts';
import { readExtents } from './filemap.ts';
import { overlaps } from './lookahead/ledger.ts';

/** Where a group is. */
export interface GroupPlace {
  readonly device: DeviceNumber;
  readonly groupId: number;
}

/** What is known of a file's group. */
export interface AskedGroup {
  /** The one that it has or had; of one that has moved there may be another by now. */
  readonly groupId: number;
  /** The paths that it may have been followed by; none for a file that cannot go to another device. */
  readonly paths: readonly string[];
  /** Where it is taken without a question when it is there; default: nowhere. */
  readonly device?: DeviceNumber | undefined;
}

/** Whether any of a group's regions is where a file's data is. */
export function touches({ regions }: Listing, { members }: Group, runs: readonly Run[]): boolean {
  const ids = new Set(members);
  return regions.some(({ id, start, length }) => ids.has(id) && overlaps(runs, Number(start), Number(start + length)));
}

/**
 * Finds a file's group, where its file is or on the device that the file has left: whoever followed it there was killed
 * before the group had moved, in the middle, or after it. A group on another device is taken for the file's only when its
 * tag says so, by the path or by where it was on its way to, and never in place of one that lies where the file's data is.
 *
 * @param file located
 * @returns where it was asked for, when it is nowhere
 */
export async function placeOfGroup(
  dm: DeviceMapper,
  file: FileView,
  { groupId, paths, device }: AskedGroup,
): Promise<GroupPlace> {
  if (device !== undefined) {
    const { groups } = await new DeviceStats(dm, device).list();
    if (groups.some(({ id }) => id === groupId)) return { device, groupId };
  }
  const asked = { device: deviceOf(file), groupId };
  const listing = await new DeviceStats(dm, asked.device).list();
  const here = listing.groups.find(({ id }) => id === groupId);
  const marks = new Set<string | undefined>(paths.map(pathMark));
  if (here !== undefined && (marks.size === 0 || marks.has(here.pathMark))) return asked;
  const left = await placeLeft(dm, asked, marks);
  if (left === undefined) return asked;
  const isHere = here !== undefined && touches(listing, here, (await readExtents(file, false)).runs);
  return isHere ? asked : left;
}

async function placeLeft(
  dm: DeviceMapper,
  asked: GroupPlace,
  marks: ReadonlySet<string | undefined>,
): Promise<GroupPlace | undefined> {
  const marked: GroupPlace[] = [];
  const onTheirWay: GroupPlace[] = [];
  for (const { number: device } of await dm.list()) {
    const stats = new DeviceStats(dm, device);
    for (const group of await taggedGroups(stats)) {
      const { id: groupId, partner } = group;
      const isOnItsWay = groupId === asked.groupId && partner !== undefined && keyOf(partner) === keyOf(asked.device);
      const isMarked = group.pathMark !== undefined && marks.has(group.pathMark);
      if (!isOnItsWay && !isMarked) continue;
      const became = await movedTo(stats, group);
      if (became === undefined && isMarked) marked.push({ device, groupId });
      // What it has become has the mark too, and is found by itself.
      if (isOnItsWay) onTheirWay.push(became === undefined ? { device, groupId } : { ...asked, groupId: became.id });
    }
  }
  const same = marked.filter(({ groupId }) => groupId === asked.groupId);
  return [same, onTheirWay, marked].find(({ length }) => length === 1)?.[0];
}

/** The groups of a device whose tags may say where else they are looked for. */
async function taggedGroups(stats: DeviceStats): Promise<readonly Group[]> {
  try {
    const text = await stats.rawList();
    return /\|(?:path|partner)=/.test(text) ? parseList(text).groups : [];
  } catch (error) {
    if (!DmError.is(error, 'ENXIO')) throw error;
    return [];
  }
}
