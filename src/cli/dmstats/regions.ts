import { DmError, UsageError } from '../../mapper/errors.ts';
import { DeviceStats } from '../../stats/device-stats.ts';
import type { Listing } from '../../stats/group.ts';
import type { Region } from '../../stats/region.ts';
import type { Context } from './context.ts';
import { type Device, devicesOf } from './devices.ts';

/**
 * Reads a device's list; what of it could not be understood is told and left out.
 *
 * @param programId undefined for all programs
 */
export async function listOf(context: Context, device: Device, programId: string | undefined): Promise<Listing> {
  const listing = await new DeviceStats(context.dm, device.ref).list(programId);
  for (const problem of listing.problems) context.warn(`${device.name}: ${problem}`);
  return listing;
}

/**
 * Does something with a device; nothing when it was removed since all devices were listed. One that was named must be
 * there.
 */
export async function unlessGone<T>(context: Context, action: () => Promise<T>): Promise<T | undefined> {
  try {
    return await action();
  } catch (error) {
    if (isNamed(context) || !DmError.is(error, 'ENXIO')) throw error;
    return undefined;
  }
}

/** A device with the regions that a command means. */
export interface DeviceRegions {
  readonly device: Device;
  readonly stats: DeviceStats;
  readonly listing: Listing;
  readonly regions: readonly Region[];
}

/**
 * The regions that `--regionid` or `--allregions` mean on the devices of the command line.
 *
 * @param anyProgram whether an id means a region of whatever program when none is named
 * @throws UsageError before anything is done when a named device has no such region
 */
export async function chosenRegions(
  context: Context,
  { explicit = false, anyProgram = false, complaint = 'Please specify a --regionid or use --allregions.' } = {},
): Promise<DeviceRegions[]> {
  const { options } = context;
  const regionId = options.integer('regionid');
  if (regionId !== undefined && options.has('allregions')) {
    throw new UsageError('Please supply one of --allregions and --regionid');
  }
  if (regionId === undefined && !options.has('allregions')) throw new UsageError(complaint);
  checkProgram(context);
  const isAnyProgram = anyProgram && regionId !== undefined && !options.has('programid');
  const chosen: DeviceRegions[] = [];
  const devices = await devicesOf(context, { explicit });
  for (const device of devices) {
    const listing = await listOf(context, device, isAnyProgram ? undefined : context.programId);
    const regions = listing.regions.filter(({ id }) => regionId === undefined || id === regionId);
    const stats = new DeviceStats(context.dm, device.ref);
    if (regions.length > 0 || regionId === undefined) chosen.push({ device, stats, listing, regions });
    else if (isNamed(context)) throw noSuchRegion(context, regionId, device.name, isAnyProgram);
  }
  if (chosen.length === 0 && devices.length > 0)
    throw noSuchRegion(context, regionId as number, 'any device', isAnyProgram);
  return chosen;
}

/** The program that is told of; undefined for all, which is what is told of unless one is named. */
export function shownPrograms({ options }: Context): string | undefined {
  return options.text('programid');
}

/** @throws UsageError when one program and all programs are asked for */
export function checkProgram({ options }: Context): void {
  if (options.has('allprograms') && options.has('programid')) {
    throw new UsageError('Please supply one of --allprograms and --programid');
  }
}

function isNamed({ words, options }: Context): boolean {
  return words.length > 0 || options.has('uuid') || options.has('major');
}

function noSuchRegion({ programId }: Context, id: number, where: string, isAnyProgram: boolean): UsageError {
  const whose = isAnyProgram || programId === undefined ? '' : ` of program ${JSON.stringify(programId)}`;
  return new UsageError(`No such region: ${id}${whose} on ${where}`);
}
