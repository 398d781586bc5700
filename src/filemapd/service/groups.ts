/** The groups of a service's files in the kernel: made, found again, deleted. */
import { basename } from 'node:path';
import { keyOf } from '../../devices/table-uses.ts';
import { deleteRegions, type Undeleted } from '../../filemap/delete-regions.ts';
import { checkMappable, createFilemap, readExtents } from '../../filemap/filemap.ts';
import { linesWith } from '../../filemap/match.ts';
import { nanoseconds } from '../../mapper/units.ts';
import { DeviceStats } from '../../stats/device-stats.ts';
import { LOOK_AHEAD_PROGRAM, parseOwner } from '../../stats/owner.ts';
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
    const left = regions.filter(({ programId, aux }) => {
      return programId === LOOK_AHEAD_PROGRAM && parseOwner(aux)?.groupId === groupId;
    });
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
    const own = linesWith(await stats.listBytes(), `,${world.word}-`).filter(({ programId, aux }) => {
      return programId === LOOK_AHEAD_PROGRAM && parseOwner(aux)?.word.startsWith(`${world.word}-`) === true;
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

/** A file of the service before, open, with its group's id. */
export interface Found {
  readonly opened: OpenedFile;
  readonly groupId: number;
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
    if (typeof found === 'number') return { opened, groupId: found };
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
): Promise<Lost | number> {
  const { device: home, inode } = view.facts();
  if (keyOf(home) !== keyOf(record.home) || (record.mode === 'inode' && inode !== record.inode)) {
    return { reason: 'its path names another file', isFileGone: true };
  }
  const number = await checkMappable(world.dm, view, record.level);
  if (keyOf(number) !== keyOf(record.device)) {
    return {
      reason: `its data is on device ${keyOf(number)} now, its group on ${keyOf(record.device)}`,
      isFileGone: false,
    };
  }
  const device = deviceOf(number);
  const listing = await device.listing();
  const same = findGroup(listing, record, []);
  if (same !== undefined) return same.id;
  const { runs } = await device.alone(() => readExtents(view, false));
  return findGroup(listing, record, runs)?.id ?? { reason: 'its group is gone', isFileGone: false };
}
