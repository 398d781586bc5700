import type { FileView } from '../filemap/file-view.ts';
import type { WayMapper } from '../filemap/stack/nodes.ts';
import { placementOf } from '../filemap/stack/parts.ts';
import type { DeviceNumber } from '../kernel/dm-ioctl.ts';
import { refText } from '../mapper/device-ref.ts';
import { UsageError } from '../mapper/errors.ts';
import { SECTOR_BYTES } from '../mapper/units.ts';
import type { Group } from '../stats/group.ts';
import type { Region } from '../stats/region.ts';
import type { DeviceSample } from '../stats/sample-devices.ts';
import { creditedBytes, type Place } from './places.ts';
import type { Files, WireExtent, WireFile } from './wire.ts';

/** Opens a regular file to look where it lies. @throws any error for one that cannot be looked at */
export type OpenFile = (path: string) => FileView;

type Device = Pick<DeviceSample, 'name' | 'number' | 'listing'>;

/** More pieces than this are not for the eye; each is told to each page. */
const MAX_PIECES = 200_000;
const BYTES = Number(SECTOR_BYTES);

/**
 * Finds where the files of groups lie, through overlays, loop devices and whatever else is above the group's device. A
 * group does not know its file: it is one that was asked for and lies in the group's regions, or the one that the alias
 * names, if that is a path and the file lies in them. Reads only.
 *
 * @param asked paths that people gave; what is wrong with them is told
 */
export async function findFiles(
  dm: WayMapper,
  open: OpenFile,
  asked: readonly string[],
  devices: readonly Device[],
): Promise<Files> {
  const files = new Map<string, WireFile>();
  const problems: string[] = [];
  const add = (file: WireFile): unknown => files.set(`${file.device}/${file.groupId}`, file);
  for (const device of devices) {
    for (const group of device.listing.groups.filter(({ alias }) => alias.startsWith('/'))) {
      const only = { ...device, listing: { ...device.listing, groups: [group] } };
      const found = await locate(dm, open, group.alias, [device.number], [only]);
      // An alias is no promise: one that is not the path of the group's file is a name as any other.
      if (typeof found !== 'string') add(found);
    }
  }
  // Where files are counted that nobody wanted elsewhere; then further down.
  const levels = [
    undefined,
    ...devices.flatMap(({ number, listing }) => (listing.groups.length === 0 ? [] : [number])),
  ];
  for (const path of asked) {
    const found = await locate(dm, open, path, levels, devices);
    if (typeof found === 'string') problems.push(`${path}: ${found}`);
    else add(found);
  }
  return { files: [...files.values()], problems };
}

/** Where a file lies on the first of the levels that has a group of it; or why it is not shown. */
async function locate(
  dm: WayMapper,
  open: OpenFile,
  path: string,
  levels: readonly (DeviceNumber | undefined)[],
  devices: readonly Device[],
): Promise<WireFile | string> {
  let problem = '';
  try {
    using file = open(path);
    for (const level of levels) {
      const found = await locateOn(dm, path, file, level, devices);
      if (typeof found === 'object') return found;
      problem = found ?? problem;
    }
  } catch (error) {
    problem = error instanceof Error ? error.message : String(error);
  }
  return problem;
}

/** Undefined where the file does not lie on the level. */
async function locateOn(
  dm: WayMapper,
  path: string,
  file: FileView,
  level: DeviceNumber | undefined,
  devices: readonly Device[],
): Promise<WireFile | string | undefined> {
  let where: DeviceNumber;
  try {
    where = (await file.locate?.(dm, level)) ?? file.facts().device;
  } catch (error) {
    if (level !== undefined && error instanceof UsageError) return undefined;
    throw error;
  }
  const device = devices.find(({ number }) => refText(number) === refText(where));
  if (device === undefined) return 'its data is on no device with statistics';
  const { parts, unplaced } = (await file.placed?.()) ?? placementOf(await file.extents());
  if (parts.length > MAX_PIECES) return `it is in ${parts.length} pieces: the page shows ${MAX_PIECES} at most`;
  const extents = parts.map(
    ({ start, end, below }): WireExtent => [start * BYTES, below * BYTES, (end - start) * BYTES],
  );
  const group = groupAround(extents, device);
  if (group === undefined) return 'no group covers it: dmstats create --filemap makes one';
  return {
    path,
    device: refText(where),
    groupId: group.id,
    size: Number(file.facts().size),
    extents,
    unplaced: unplaced.map(({ start, end }) => [start * BYTES, (end - start) * BYTES]),
  };
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
