import { resolve } from 'node:path';
import { keyOf } from '../../devices/table-uses.ts';
import { deviceOf } from '../../filemap/file-view.ts';
import { checkMappable } from '../../filemap/filemap.ts';
import { placeOfGroup } from '../../filemap/group-place.ts';
import { type FilemapUpdate, updateFilemap as updateMap } from '../../filemap/update.ts';
import { claimGroup } from '../../filemapd/claim.ts';
import { FollowedAlreadyError } from '../../filemapd/run-options.ts';
import type { DeviceNumber } from '../../kernel/dm-ioctl.ts';
import { UsageError } from '../../mapper/errors.ts';
import { parseBounds } from '../../stats/histogram-bounds.ts';
import { isExpected } from '../run.ts';
import type { Context } from './context.ts';
import { deviceName } from './devices.ts';
import {
  checkFilemapOptions,
  follow,
  followModeOf,
  levelOf,
  maxRegionsOf,
  type OpenFile,
  openGiven,
  preallocateOf,
} from './follow.ts';

/** `dmstats update_filemap`: brings a file's group up to date, then has dmfilemapd follow it. */
export async function updateFilemap(context: Context): Promise<number> {
  checkFilemapOptions(context);
  const { options, words } = context;
  const [given] = words;
  if (given === undefined) throw new UsageError('update_filemap requires a file path argument');
  if (words.length > 1) throw new UsageError('update_filemap takes one file: a group is for one.');
  const asked = options.integer('groupid');
  if (asked === undefined) throw new UsageError('--groupid is required to update a filemap group.');
  const mode = followModeOf(context);
  const maxRegions = maxRegionsOf(context);
  const preallocate = preallocateOf(context);
  const level = await levelOf(context);
  const opened = openGiven(context, given);
  using file = opened.file;
  const { groupId, regionIds, packedIds, notes } = await updateAlone(context, opened, given, asked, level);
  for (const note of notes) context.warn(`${given}: ${note}`);
  const changed = groupId === asked ? '' : `Group ID changed from ${asked} to ${groupId}\n`;
  const count = regionIds.length + packedIds.length;
  context.outcome.tell(`${changed}${given}: Updated group ID ${groupId} with ${count} region(s).\n`, {
    action: 'updated_file',
    file: given,
    device: await deviceName(context, deviceOf(file)),
    previous_group_id: asked,
    group_id: groupId,
    region_ids: regionIds,
    packed_region_ids: packedIds,
  });
  if (mode === undefined) return 0;
  try {
    await follow(context, opened, groupId, mode, maxRegions, level);
  } catch (error) {
    // What the user wants is the case: the file's map is true and stays so.
    if (error instanceof FollowedAlreadyError && preallocate === undefined) return 0;
    if (!isExpected(error)) throw error;
    throw new UsageError(`${given}: dmfilemapd did not start (${error.message.replace(/\.$/, '')}); the group remains`);
  }
  return 0;
}

/** What a killed process left is cleared away, unless a daemon follows the group: then it may be its work of now. */
async function updateAlone(
  context: Context,
  { file, path }: OpenFile,
  given: string,
  asked: number,
  level: DeviceNumber | undefined,
): Promise<FilemapUpdate> {
  const { dm, signal } = context;
  // A daemon may have been given either.
  const paths = [path, resolve(given)];
  const maxRegions = maxRegionsOf(context);
  const memory = context.world.statsMemory;
  const bounds = context.options.text('bounds');
  const recount = {
    ...(context.options.has('precise') ? { precise: true } : {}),
    ...(bounds === undefined ? {} : { bounds: parseBounds(bounds) }),
  };
  const here = await checkMappable(dm, file, level);
  const { device, groupId } = await placeOfGroup(dm, file, { groupId: asked, paths });
  using claim = await claimGroup(device, groupId);
  const alone = claim !== undefined;
  if (!alone && keyOf(device) !== keyOf(here)) {
    throw new UsageError(
      `Group ID ${groupId} is still on ${keyOf(device)}: the dmfilemapd that follows it takes it to ${keyOf(here)}`,
    );
  }
  return await updateMap(dm, file, { groupId, device, alone, maxRegions, memory, level, recount, signal });
}
