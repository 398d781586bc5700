import { openSync, realpathSync } from 'node:fs';
import { deviceOf, type FileView } from '../../filemap/file-view.ts';
import { fileOfDescriptor } from '../../filemap/open-file.ts';
import { type FilemapdMode, filemapdModeFromString } from '../../filemapd/arguments.ts';
import type { StartOptions } from '../../filemapd/start.ts';
import type { DeviceNumber } from '../../kernel/dm-ioctl.ts';
import { UsageError } from '../../mapper/errors.ts';
import { SECTOR_BYTES } from '../../mapper/units.ts';
import { parseUnits, sizeText } from '../../report/size.ts';
import { preallocationOf } from '../preallocation.ts';
import type { Context } from './context.ts';
import { findDevice } from './devices.ts';

/** A file of the command line, open for mapping. */
export interface OpenFile {
  /** As the user wrote it. */
  readonly given: string;
  /** Absolute, without symbolic links. */
  readonly path: string;
  readonly file: FileView;
  readonly fd: number;
}

const INCOMPATIBLE: readonly (readonly [options: readonly string[], message: string])[] = [
  [['areas', 'areasize'], '--filemap is incompatible with --areas and --areasize.'],
  [['start', 'length'], '--filemap is incompatible with --start and --length.'],
  [['segments'], '--filemap and --segments are incompatible.'],
  [['userdata'], '--userdata is not yet supported with --filemap.'],
  [['uuid', 'major', 'minor'], '--uuid and --major are incompatible with --filemap.'],
  [['alldevices'], '--alldevices is incompatible with --filemap.'],
];

/** @throws UsageError for options of regions that have no meaning for files */
export function checkFilemapOptions({ options }: Context): void {
  for (const [names, message] of INCOMPATIBLE) {
    if (names.some((name) => options.has(name))) throw new UsageError(message);
  }
}

/**
 * Which way dmfilemapd shall follow; undefined for not at all.
 *
 * @throws UsageError for a mode that is none, and for one with `--nomonitor`
 */
export function followModeOf({ options }: Context): FilemapdMode | undefined {
  const follow = options.text('follow');
  if (follow !== undefined && options.has('nomonitor')) {
    throw new UsageError('Use of --follow is incompatible with --nomonitor.');
  }
  if (follow !== undefined && options.has('nogroup')) {
    throw new UsageError('Use of --follow is incompatible with --nogroup: dmfilemapd follows groups.');
  }
  const mode = filemapdModeFromString(follow ?? 'inode');
  return options.has('nomonitor') || options.has('nogroup') ? undefined : mode;
}

/** The number of `--max-regions`; undefined when it was not given. @throws UsageError for 0 and what is no number */
export function maxRegionsOf({ options }: Context): number | undefined {
  const count = options.integer('max-regions');
  if (count === 0) throw new UsageError('Invalid --max-regions argument "0": at least one region');
  return count;
}

/**
 * The bytes of `--preallocate`, of which the user is told what they do; undefined when it was not given.
 *
 * @throws UsageError when nobody would keep them, and for what is no size
 */
export function preallocateOf(context: Context): bigint | undefined {
  const { options } = context;
  const text = options.text('preallocate');
  if (text === undefined) return undefined;
  for (const name of ['nomonitor', 'nogroup', 'dry-run'] as const) {
    if (options.has(name)) throw new UsageError(`Use of --preallocate is incompatible with --${name}.`);
  }
  return preallocationOf('preallocate', text);
}

/** What `--preallocate` does to files. */
export function tellPreallocation(context: Context, given: string, bytes: bigint | undefined): void {
  if (bytes === undefined) return;
  const size = sizeText(bytes / SECTOR_BYTES, parseUnits('h'));
  context.warn(
    `${given}: ${size} are kept reserved past the end while the file is followed: this changes how it is laid out, and ` +
      'the space counts as used; it is freed when following ends and nobody has the file open',
  );
}

/** The device of `--level`; undefined when it was not given. @throws UsageError when there is none */
export async function levelOf(context: Context): Promise<DeviceNumber | undefined> {
  const word = context.options.text('level');
  return word === undefined ? undefined : (await context.dm.info((await findDevice(context, word)).ref)).number;
}

/** Opens a file of the command line. @throws UsageError saying which and why not */
export function openGiven(context: Context, given: string): OpenFile {
  const { openFile } = context.world;
  if (openFile !== undefined) return { given, path: given, ...openFile(given) };
  let path: string;
  try {
    path = realpathSync(given);
  } catch (error) {
    throw new UsageError(`Could not canonicalize file name: ${given} (${reasonOf(error)})`);
  }
  try {
    const fd = openSync(path, 'r');
    return { given, path, file: fileOfDescriptor(fd), fd };
  } catch (error) {
    throw new UsageError(`Could not open ${path} for reading (${reasonOf(error)})`);
  }
}

function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replace(/^[A-Z]+: /, '').replace(/, \w+( '.*')?$/, '');
}

/**
 * Has the service follow a file's group, or a dmfilemapd of its own; it has taken over when this resolves.
 *
 * @param maxRegions regions beyond which extents share some; undefined: as the group does now
 * @param level see `StartOptions.level`
 * @throws UsageError with its reason
 */
export async function follow(
  context: Context,
  { given, path, fd, file }: OpenFile,
  groupId: number,
  mode: FilemapdMode,
  maxRegions: number | undefined,
  level: DeviceNumber | undefined,
): Promise<void> {
  const { options, world } = context;
  const foreground = options.has('foreground');
  const preallocate = preallocateOf(context);
  tellPreallocation(context, given, preallocate);
  const start = world.startFilemapd ?? (await import('../../filemapd/service/client.ts')).followFilemap;
  const how: StartOptions = {
    // In the foreground the daemon closes its descriptor; ours stays ours.
    fd: foreground && world.openFile === undefined ? openSync(`/proc/self/fd/${fd}`, 'r') : fd,
    groupId,
    path,
    device: deviceOf(file),
    level,
    mode,
    foreground,
    lookAhead: !options.has('no-look-ahead'),
    verbose: Math.min(3, options.count('verbose')),
    ...(maxRegions === undefined ? {} : { maxRegions }),
    ...(preallocate === undefined ? {} : { preallocate }),
  };
  await start(how);
}
