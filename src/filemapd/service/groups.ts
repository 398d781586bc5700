/** The groups of a service's files in the kernel: made, found again, deleted. */
import { basename } from 'node:path';
import { keyOf } from '../../devices/table-uses.ts';
import { deleteRegions, type Undeleted } from '../../filemap/delete-regions.ts';
import { checkMappable, createFilemap, readExtents } from '../../filemap/filemap.ts';
import { type GroupPlace, placeOfGroup } from '../../filemap/group-place.ts';
import { linesWith } from '../../filemap/match.ts';
import { DmError, UsageError } from '../../mapper/errors.ts';
import { nanoseconds } from '../../mapper/units.ts';
import { DeviceStats } from '../../stats/device-stats.ts';
import type { Listing } from '../../stats/group.ts';
import { ownerOf } from '../../stats/owner.ts';
import { hasCode } from '../../system/errors.ts';
import { findGroup } from './find-group.ts';
import type { FollowedRecord, PatternRecord } from './records.ts';
import type { ServedDevice } from './served-device.ts';
import type { OpenedFile, ServiceWorld } from './world.ts';

/** Makes the group of a file that joins by a pattern. @returns its id */
export async function makeGroup(
  world: ServiceWorld,
  path: string,
  { view }: OpenedFile,
  { programId, precise, bounds, maxRegions, level }: PatternRecord,
  isNewborn: boolean,
  signal: AbortSignal,
): Promise<number> {
  const map = await createFilemap(world.dm, view, {
    programId,
    precise,
    bounds: bounds.map(nanoseconds),
    alias: basename(path),
    tagForm: world.tagForm(),
    ...(maxRegions === undefined ? {} : { maxRegions }),
    level,
    isNewborn,
    signal,
  });
  return map.groupId as number;
}

/** Deletes the group that was made for a file of a pattern, where it is still that one: its id may be another's by now. */
export async function deleteGroup(
  world: ServiceWorld,
  device: ServedDevice,
  { groupId, alias }: Pick<FollowedRecord, 'groupId' | 'alias'>,
): Promise<void> {
  await device.alone(async () => {
    const stats = new DeviceStats(world.dm, device.number);
    const group = (await stats.list()).groups.find((one) => one.id === groupId && one.alias === alias);
    if (group !== undefined) await stats.deleteGroup(group);
  });
  device.forgetList();
}

/** Deletes the look-ahead regions that a service which was killed has left for a group that nobody follows now. */
export async function deleteLookAhead(
  world: ServiceWorld,
  device: ServedDevice,
  { groupId, alias }: Pick<FollowedRecord, 'groupId' | 'alias'>,
): Promise<void> {
  await device.alone(async () => {
    const stats = new DeviceStats(world.dm, device.number);
    const { groups, regions } = await stats.list();
    // The id may be another group's by now: then they are its.
    if (groups.some((group) => group.id === groupId && group.alias !== alias)) return;
    const left = regions.filter((region) => ownerOf(region)?.groupId === groupId);
    await deleteRegions(
      stats,
      left.map(({ id }) => id),
    );
  });
}

/** Deletes the look-ahead regions of all files of this service on a device. @returns those that are still there */
export async function deleteAllLookAhead(world: ServiceWorld, device: ServedDevice): Promise<readonly Undeleted[]> {
  return device.alone(async () => {
    const stats = new DeviceStats(world.dm, device.number);
    const own = linesWith(await stats.listBytes(), `,${world.word}-`).filter((region) => {
      return ownerOf(region)?.word.startsWith(`${world.word}-`) === true;
    });
    return deleteRegions(
      stats,
      own.map(({ id }) => id),
    );
  });
}

/** Why a file of the service before is not this one's. */
export interface Lost {
  readonly reason: string;
  /** Whether the file itself is gone. */
  readonly isFileGone: boolean;
}

/** A file of the service before, open, with its group. */
export interface Found extends GroupPlace {
  readonly opened: OpenedFile;
}

/** Finds a file of the service before, and its group. @throws what may be otherwise the next time */
export async function findAgain(
  world: ServiceWorld,
  deviceOf: (number: FollowedRecord['device']) => ServedDevice,
  record: FollowedRecord,
): Promise<Lost | Found> {
  let opened: OpenedFile;
  try {
    opened = await world.open(record.path);
  } catch (error) {
    if (!hasCode(error, 'ENOENT', 'ENOTDIR')) throw error;
    return { reason: 'it is not there', isFileGone: true };
  }
  try {
    const found = await findGroupOf(world, opened, deviceOf, record);
    if (!('reason' in found)) return { opened, ...found };
    opened[Symbol.dispose]();
    return found;
  } catch (error) {
    opened[Symbol.dispose]();
    throw error;
  }
}

async function findGroupOf(
  world: ServiceWorld,
  { view }: OpenedFile,
  deviceOf: (number: FollowedRecord['device']) => ServedDevice,
  record: FollowedRecord,
): Promise<Lost | GroupPlace> {
  const { device: home, inode } = view.facts();
  const isOther = keyOf(home) !== keyOf(record.home) || inode !== record.inode;
  if (record.mode === 'inode' && isOther) return { reason: 'its path names another file', isFileGone: true };
  const number = await checkMappable(world.dm, view, record.level);
  // Where it was last, also when the file has gone to another device since.
  const before = await listingBefore(deviceOf, record.device, number);
  const same = before && findGroup(before, record, []);
  if (same !== undefined) return { device: record.device, groupId: same.id };
  const device = deviceOf(number);
  const { runs } = await device.alone(() => readExtents(view, false));
  const touching = findGroup(await device.listing(), record, runs);
  if (touching !== undefined) return { device: number, groupId: touching.id };
  const { groupId, path } = record;
  const place = await placeOfGroup(world.dm, view, { groupId, paths: [path] });
  const { groups } = await deviceOf(place.device).listing();
  const isThere = groups.some(({ id, alias }) => id === place.groupId && alias === record.alias);
  return isThere ? place : { reason: 'its group is gone', isFileGone: false };
}

/** What is on the device that had the group; undefined when it is no more, where the file is on another by now. */
async function listingBefore(
  deviceOf: (number: FollowedRecord['device']) => ServedDevice,
  before: FollowedRecord['device'],
  now: FollowedRecord['device'],
): Promise<Listing | undefined> {
  try {
    return await deviceOf(before).listing();
  } catch (error) {
    const isGone = error instanceof UsageError || DmError.is(error, 'ENXIO');
    if (!isGone || keyOf(before) === keyOf(now)) throw error;
    return undefined;
  }
}
