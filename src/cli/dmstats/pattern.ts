import { resolve } from 'node:path';
import { DEFAULT_MAX_REGIONS } from '../../filemap/packing/pack.ts';
import { DEFAULT_ABSENCE_MS, filemapdModeFromString } from '../../filemapd/arguments.ts';
import { followPattern } from '../../filemapd/service/client.ts';
import type { DeviceNumber } from '../../kernel/dm-ioctl.ts';
import { UsageError } from '../../mapper/errors.ts';
import { oneLine } from '../run.ts';
import type { Context } from './context.ts';
import type { RegionOptions } from './create.ts';
import { maxRegionsOf, preallocateOf, tellPreallocation } from './follow.ts';

const INCOMPATIBLE = ['alias', 'dry-run', 'nogroup', 'nomonitor', 'foreground'] as const;

/** Has the dmfilemapd service follow the files of a pattern. @throws UsageError when it does not run, or says no */
export async function createByPattern(
  context: Context,
  given: string,
  region: RegionOptions,
  level: DeviceNumber | undefined,
): Promise<void> {
  const { options, world } = context;
  for (const name of INCOMPATIBLE) {
    if (options.has(name)) throw new UsageError(`Cannot use --${name} with a pattern: the service follows its files.`);
  }
  const preallocate = preallocateOf(context);
  tellPreallocation(context, given, preallocate);
  const follow = world.followPattern ?? followPattern;
  const { files, refused } = await follow({
    ...region,
    pattern: resolve(given),
    mode: filemapdModeFromString(options.text('follow') ?? 'inode'),
    absenceMs: DEFAULT_ABSENCE_MS,
    lookAhead: !options.has('no-look-ahead'),
    maxRegions: maxRegionsOf(context) ?? DEFAULT_MAX_REGIONS,
    ...(preallocate === undefined ? {} : { preallocate }),
    ...(level === undefined ? {} : { level }),
  });
  for (const { path, reason } of refused) context.warn(`${path}: ${reason}`);
  for (const { path, device_name, device, group_id, region_count } of files) {
    const text = `${oneLine(path)}: Created new group with ${region_count ?? 0} region(s) as group ID ${group_id}.\n`;
    context.outcome.tell(text, {
      action: 'mapped_file',
      file: path,
      device: device_name ?? device,
      group_id,
      pattern: given,
    });
  }
  const count = files.length === 0 ? 'no file yet' : `${files.length} file(s)`;
  if (!context.isForPrograms) context.print(`${oneLine(given)}: Following ${count}; new ones join.\n`);
}
