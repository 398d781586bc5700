import { DmError, UsageError } from '../../mapper/errors.ts';
import { type Nanoseconds, type Sectors, sectors } from '../../mapper/units.ts';
import type { JsonValue } from '../../report/json.ts';
import { visible } from '../../report/visible.ts';
import { DeviceStats } from '../../stats/device-stats.ts';
import { hasGroupTag } from '../../stats/group-tag.ts';
import { parseBounds } from '../../stats/histogram-bounds.ts';
import type { RegionSpec, Step } from '../../stats/region.ts';
import { groupTagForm } from '../../stats/tag-form.ts';
import { type Context, PROGRAM_ID } from './context.ts';
import { type Device, devicesOf } from './devices.ts';
import { parseSize } from './sizes.ts';

/** What the options say about the regions to be created, the same for each device. */
export interface RegionOptions {
  readonly programId: string;
  readonly precise: boolean;
  readonly bounds: readonly Nanoseconds[];
}

/** @throws UsageError for what no region can be created with */
export function regionOptions({ options }: Context): RegionOptions {
  if (options.has('areas') && options.has('areasize')) {
    throw new UsageError('Please specify one of --areas and --areasize.');
  }
  const programId = options.text('programid') ?? PROGRAM_ID;
  if (programId === '' && !options.has('force')) {
    throw new UsageError('Creating a region with no program id requires --force.');
  }
  if (options.has('alias') && options.has('nogroup')) throw new UsageError('Cannot set alias with --nogroup.');
  const bounds = options.text('bounds');
  return { programId, precise: options.has('precise'), bounds: bounds === undefined ? [] : parseBounds(bounds) };
}

/** `dmstats create`. */
export async function create(context: Context): Promise<number> {
  const { options } = context;
  const region = regionOptions(context);
  if (options.has('filemap')) return (await import('./create-filemap.ts')).createFilemaps(context, region);
  for (const name of ['follow', 'foreground', 'nomonitor', 'dry-run', 'level', 'max-regions']) {
    if (options.has(name)) throw new UsageError(`Cannot use --${name} with create without --filemap.`);
  }
  const aux = options.text('userdata') ?? '';
  if (hasGroupTag(aux)) throw new UsageError('The user data must not begin with DMS_GROUP=: that marks a group');
  const isSegments = options.has('segments');
  const start = sizeOption(context, 'start');
  const length = sizeOption(context, 'length');
  if (isSegments && (start !== undefined || length !== undefined)) {
    throw new UsageError('Please specify one of --segments and --start or --length.');
  }
  if (options.has('alias') && !isSegments) {
    throw new UsageError('Cannot set alias without a group: --alias needs --segments or --filemap.');
  }
  const spec = { ...region, aux, step: stepOf(context) };
  for (const device of await devicesOf(context, { explicit: true })) {
    const segments = await segmentsOf(context, device);
    const ranges = isSegments ? segments : [rangeOf(device, segments, start, length)];
    await createRegions(context, device, ranges, spec);
  }
  return 0;
}

interface Range {
  readonly start: Sectors;
  readonly length: Sectors;
}

function sizeOption({ options }: Context, name: 'start' | 'length'): Sectors | undefined {
  const text = options.text(name);
  if (text === undefined) return undefined;
  const size = parseSize(name, text);
  if (name === 'length' && size === 0n) throw new UsageError('Invalid --length argument "0": at least one sector');
  return size;
}

function stepOf({ options }: Context): Step {
  const size = options.text('areasize');
  const step = size === undefined ? undefined : parseSize('areasize', size);
  if (step === 0n) throw new UsageError(`Invalid --areasize argument "${size}": at least one sector`);
  if (step !== undefined) return { sectors: step };
  const areas = options.integer('areas') ?? 1;
  if (areas === 0) throw new UsageError('Invalid --areas argument "0": at least one area');
  return { areas };
}

async function segmentsOf(context: Context, { ref, name }: Device): Promise<Range[]> {
  const segments = await context.dm.table(ref);
  if (segments.length === 0) throw new UsageError(`${name} has no live table: there is nothing to count`);
  return segments;
}

/** The range that was asked for; without a length it goes to the device's end. */
function rangeOf(device: Device, segments: readonly Range[], start = sectors(0), length?: Sectors): Range {
  const size = segments.reduce((sum, segment) => sum + segment.length, 0n);
  if (length !== undefined) return { start, length };
  if (start >= size)
    throw new UsageError(`--start ${start} is beyond the end of ${device.name}, which has ${size} sectors`);
  return { start, length: sectors(size - start) };
}

/** How many areas the kernel makes of a range (drivers/md/dm-stats.c, `message_stats_create`). */
export function areasOf(length: Sectors, step: Step): bigint {
  const rounded = (divisor: bigint): bigint => (length + divisor - 1n) / divisor;
  return rounded('sectors' in step ? step.sectors : rounded(BigInt(step.areas)));
}

/** Creates the regions of one device, all or none. */
async function createRegions(
  context: Context,
  device: Device,
  ranges: readonly Range[],
  spec: RegionSpec & { readonly step: Step },
): Promise<void> {
  const { options, signal } = context;
  const stats = new DeviceStats(context.dm, device.ref);
  const ids: number[] = [];
  const told: (readonly [text: string, row: Readonly<Record<string, JsonValue>>])[] = [];
  try {
    for (const range of ranges) {
      const id = await stats.createRegion({ ...spec, range }, { signal }).catch((error: unknown) => {
        throw explained(error, device);
      });
      ids.push(id);
      const areas = areasOf(range.length, spec.step);
      told.push([
        `${visible(device.name)}: Created new region with ${areas} area(s) as region ID ${id}\n`,
        { action: 'created_region', device: device.name, region_id: id, area_count: areas },
      ]);
    }
    signal.throwIfAborted();
    if (options.has('segments') && !options.has('nogroup')) {
      const alias = options.text('alias');
      const listing = await stats.list(spec.programId);
      const tag = { alias: alias ?? '', userData: spec.aux ?? '', tagForm: groupTagForm() };
      const group = await stats.createGroup(listing, ids, tag);
      const withAlias = alias === undefined ? '' : ` with alias ${alias}`;
      told.push([
        `Grouped regions ${ids.join(',')} as group ID ${group}${withAlias}\n`,
        { action: 'created_group', device: device.name, group_id: group, region_ids: ids, alias: tag.alias },
      ]);
    }
  } catch (error) {
    for (const id of ids) await stats.deleteRegion(id).catch(() => {});
    throw error;
  }
  for (const [text, row] of told) context.outcome.tell(text, row);
}

const REASONS: Readonly<Record<string, string>> = {
  EOVERFLOW: 'too many areas, or areas times histogram bins: use larger areas',
  ENOMEM: 'statistics may take a quarter of the memory, and this region would take more: use fewer or larger areas',
  EINVAL: 'the kernel does not take this range, size of areas or list of bounds',
};

/** The kernel's refusal of a region, in the words of the options that led to it. */
function explained(error: unknown, { name }: Device): unknown {
  if (!DmError.is(error, ...Object.keys(REASONS))) return error;
  return new UsageError(`${name}: Could not create statistics region: ${REASONS[error.code]} (${error.code})`, {
    cause: error,
  });
}
