import type { FileView } from '../filemap/file-view.ts';
import { FIEMAP_EXTENT } from '../kernel/fiemap.ts';
import { SECTOR_BYTES } from '../mapper/units.ts';
import type { Group } from '../stats/group.ts';
import type { Region } from '../stats/region.ts';
import type { DeviceSample } from '../stats/sample-devices.ts';
import { creditedBytes, type Place } from './places.ts';
import type { Files, WireExtent, WireFile } from './wire.ts';

/** Opens a regular file to look where it lies. @throws any error for one that cannot be looked at */
export type OpenFile = (path: string) => FileView;

type Device = Pick<DeviceSample, 'name' | 'number' | 'listing'>;

/** Extents without a place on the device, or with one that does not tell where the data lies. */
const NOWHERE = FIEMAP_EXTENT.UNKNOWN | FIEMAP_EXTENT.DELALLOC | FIEMAP_EXTENT.DATA_INLINE | FIEMAP_EXTENT.DATA_TAIL;

/**
 * Finds where the files of groups lie. A group does not know its file: it is one that was asked for and lies in the
 * group's regions, or the one that the alias names, if that is a path and the file lies in them. Reads only.
 *
 * @param asked paths that people gave; what is wrong with them is told
 */
export async function findFiles(open: OpenFile, asked: readonly string[], devices: readonly Device[]): Promise<Files> {
  const files = new Map<string, WireFile>();
  const problems: string[] = [];
  const add = (file: WireFile): unknown => files.set(`${file.device}/${file.groupId}`, file);
  for (const device of devices) {
    for (const group of device.listing.groups.filter(({ alias }) => alias.startsWith('/'))) {
      const found = await locate(open, group.alias, [{ ...device, listing: { ...device.listing, groups: [group] } }]);
      // An alias is no promise: one that is not the path of the group's file is a name as any other.
      if (typeof found !== 'string') add(found);
    }
  }
  for (const path of asked) {
    const found = await locate(open, path, devices);
    if (typeof found === 'string') problems.push(`${path}: ${found}`);
    else add(found);
  }
  return { files: [...files.values()], problems };
}

/** Where a file lies, and the group that most of it lies in; or why it is not shown. */
async function locate(open: OpenFile, path: string, devices: readonly Device[]): Promise<WireFile | string> {
  try {
    using file = open(path);
    const { device: where, size } = file.facts();
    const device = devices.find(({ number }) => number.major === where.major && number.minor === where.minor);
    if (device === undefined) return 'its file system is on no device with statistics';
    const extents = (await file.extents()).flatMap(({ logical, physical, length, flags }): WireExtent[] => {
      return (flags & NOWHERE) === 0 ? [[Number(logical), Number(physical), Number(length)]] : [];
    });
    const group = groupAround(extents, device);
    if (group === undefined) return 'no group covers it: dmstats create --filemap makes one';
    const number = `${where.major}:${where.minor}`;
    return { path, device: number, groupId: group.id, size: Number(size), extents };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** The group whose regions hold most of the extents; undefined when none holds anything. */
function groupAround(extents: readonly WireExtent[], { listing }: Device): Group | undefined {
  const byPlace = extents.map(([, physical, length]) => ({ start: physical, end: physical + length }));
  byPlace.sort((a, b) => a.start - b.start);
  const byId = new Map(listing.regions.map((region) => [region.id, region]));
  const held = new Map<Group, number>();
  let first = 0;
  const places = listing.groups
    .flatMap((group) => [
      ...group.members.flatMap((id) => byId.get(id) ?? []).map((region) => ({ group, ...placeOf(region) })),
      ...(listing.spans?.get(group.id) ?? []).flatMap(creditedBytes).map((place) => ({ group, ...place })),
    ])
    .sort((a, b) => a.start - b.start);
  for (const { group, start, end } of places) {
    while (first < byPlace.length && (byPlace[first]?.end ?? 0) <= start) first++;
    for (let index = first; index < byPlace.length; index++) {
      const extent = byPlace[index];
      if (extent === undefined || extent.start >= end) break;
      const bytes = Math.min(end, extent.end) - Math.max(start, extent.start);
      held.set(group, (held.get(group) ?? 0) + Math.max(0, bytes));
    }
  }
  return [...held].sort(([, a], [, b]) => b - a)[0]?.[0];
}

function placeOf({ start, length }: Region): Place {
  return { start: Number(start * SECTOR_BYTES), end: Number((start + length) * SECTOR_BYTES) };
}
