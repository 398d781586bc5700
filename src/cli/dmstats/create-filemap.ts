import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { createFilemap, type Filemap, type PlanOptions, planFilemap } from '../../filemap/filemap.ts';
import { DEFAULT_MAX_REGIONS } from '../../filemap/packing/pack.ts';
import { isPattern } from '../../filemapd/service/glob.ts';
import { DmError, UsageError } from '../../mapper/errors.ts';
import { DeviceStats } from '../../stats/device-stats.ts';
import { groupTagForm } from '../../stats/tag-form.ts';
import { isExpected, oneLine } from '../run.ts';
import type { Context } from './context.ts';
import type { RegionOptions } from './create.ts';
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
import type { createByPattern } from './pattern.ts';

/** `dmstats create --filemap`: one file after the other; what was made for earlier files stays when a later one fails. */
export async function createFilemaps(context: Context, region: RegionOptions): Promise<number> {
  checkFilemapOptions(context);
  const { options, words } = context;
  if (words.length === 0) throw new UsageError('--filemap requires a file path argument');
  if (options.has('foreground') && words.length > 1) {
    throw new UsageError('--foreground follows one file: please specify one, or start without --foreground.');
  }
  const mode = followModeOf(context);
  const maxRegions = maxRegionsOf(context);
  preallocateOf(context);
  if (maxRegions !== undefined && options.has('nogroup')) {
    throw new UsageError('Use of --max-regions is incompatible with --nogroup: what extents share needs a group.');
  }
  const { statsMemory } = context.world;
  const level = await levelOf(context);
  const how = {
    ...region,
    level,
    group: !options.has('nogroup'),
    ...(maxRegions === undefined ? {} : { maxRegions, strict: true }),
    ...(statsMemory === undefined ? {} : { memory: statsMemory }),
  };
  for (const given of words) {
    if (isFilePattern(given)) {
      await byPattern(context, given, region, level);
      continue;
    }
    const opened = openGiven(context, given);
    using file = opened.file;
    if (options.has('dry-run')) {
      await named(opened, () => plan(context, opened, how));
      continue;
    }
    const map = await named(opened, () =>
      createFilemap(context.dm, file, {
        ...how,
        alias: options.text('alias') ?? basename(opened.path),
        tagForm: groupTagForm(),
        signal: context.signal,
      }),
    );
    for (const note of map.notes) context.warn(`${given}: ${note}`);
    const isForeground = options.has('foreground') && mode !== undefined;
    // The daemon's run may take days: what was made is told before.
    if (isForeground) await tell(context, opened, map);
    if (mode !== undefined && map.groupId !== undefined) {
      try {
        await follow(context, opened, map.groupId, mode, maxRegions ?? DEFAULT_MAX_REGIONS, level);
      } catch (error) {
        if (isForeground || !(error instanceof Error)) throw error;
        await removeAgain(context, map);
        const reason = error.message.replace(/\.$/, '');
        throw new UsageError(
          `${given}: dmfilemapd did not start (${reason}): its regions were removed again; ` +
            'use --nomonitor to map the file as it is now and not follow it',
        );
      }
    }
    if (!isForeground) await tell(context, opened, map);
  }
  return 0;
}

/** Whether a word of the command line means files by a pattern: it has wildcards, and no file has just this name. */
function isFilePattern(given: string): boolean {
  return isPattern(given) && !existsSync(given);
}

// What only some uses of the command need is not loaded for the others.
const byPattern: typeof createByPattern = async (...words) => (await import('./pattern.ts')).createByPattern(...words);

/** Puts the file's name before an error that does not know it. */
async function named<T>({ given }: OpenFile, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (!isExpected(error) || DmError.is(error, 'EACCES')) throw error;
    throw new UsageError(`${given}: ${error.message}`);
  }
}

/** Says what would be created. */
async function plan(context: Context, { given, file }: OpenFile, how: PlanOptions): Promise<void> {
  const { device, mapping, pending, notes } = await planFilemap(context.dm, file, { ...how, sync: false });
  for (const note of notes) context.warn(`${given}: ${note}`);
  if (pending) context.warn(`${given}: data that waits for its blocks is not in this; "sync" gives it some`);
  const { plannedRecord, plannedText } = await import('./planned-filemap.ts');
  context.outcome.tell(plannedText(given, mapping), {
    action: 'planned_file',
    file: given,
    device: await deviceName(context, device),
    ...plannedRecord(mapping),
  });
}

async function tell(
  context: Context,
  { given, file }: OpenFile,
  { device, groupId, regionIds, packed }: Filemap,
): Promise<void> {
  const packedIds = packed?.ids ?? [];
  const text =
    groupId === undefined
      ? regionIds.map((id) => `${given}: Created new region with 1 area as region ID ${id}.\n`).join('')
      : `${given}: Created new group with ${regionIds.length + packedIds.length} region(s) as group ID ${groupId}.\n`;
  const name = await deviceName(context, device);
  const { files = [] } = file.located ?? {};
  const where = `${given}: Its data is ${files.map((one) => `in ${oneLine(one)}, `).join('')}on ${name}.\n`;
  context.outcome.tell(context.options.has('verbose') ? `${where}${text}` : text, {
    action: 'mapped_file',
    file: given,
    device: name,
    data_files: files,
    group_id: groupId ?? null,
    region_ids: regionIds,
    packed_region_ids: packedIds,
  });
}

/** A mapping that nobody keeps true would count other files' I/O as soon as this one changes. */
async function removeAgain(context: Context, { device, groupId }: Filemap): Promise<void> {
  const stats = new DeviceStats(context.dm, device);
  // The daemon may have changed the regions before it failed: what the group holds now is what is ours.
  const group = (await stats.list()).groups.find(({ id }) => id === groupId);
  if (group !== undefined) await stats.deleteGroup(group);
}
