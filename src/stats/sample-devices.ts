import type { DeviceNumber } from '../kernel/dm-ioctl.ts';
import type { DeviceMapper } from '../mapper/device-mapper.ts';
import { DmError } from '../mapper/errors.ts';
import { DeviceStats } from './device-stats.ts';
import { systemSampleClock, ticks } from './sample-clock.ts';
import { difference, type Reading, read, type Sample, type SampleOptions } from './sampler.ts';

/** A device and all that is counted on it, as the kernel gave it. */
export interface DeviceReading {
  /** The kernel's name for it, mangled where udev needs that (`unmangledName`). */
  readonly name: string;
  readonly number: DeviceNumber;
  readonly reading: Reading;
}

/** What was counted on one of several devices in one interval. */
export interface DeviceSample extends Sample {
  /** As in `DeviceReading`. */
  readonly name: string;
  readonly number: DeviceNumber;
  /** All counters at the interval's end, since they began. */
  readonly reading: Reading;
}

/** What was counted on all devices in one interval. */
export interface DevicesSample {
  /** In the order of the kernel's list; a device's first sample comes an interval after it was first seen. */
  readonly devices: readonly DeviceSample[];
  /** Whole intervals that passed unseen, because reading took longer. */
  readonly missed: number;
}

/**
 * Reads all counters of all devices without changing them. A device that goes away meanwhile is left out.
 *
 * @throws DmError EACCES not root
 */
export async function readDevices(
  dm: DeviceMapper,
  { programId, clock = systemSampleClock }: Pick<SampleOptions, 'programId' | 'clock'> = {},
): Promise<DeviceReading[]> {
  const readings: DeviceReading[] = [];
  for (const { name, number } of await dm.list()) {
    try {
      // By number: a device may be renamed at any time.
      readings.push({ name, number, reading: await read(new DeviceStats(dm, number), programId, clock) });
    } catch (error) {
      if (!DmError.is(error, 'ENXIO')) throw error;
    }
  }
  return readings;
}

/**
 * Samples all devices: after each interval, what was counted in it on each. Reads without clearing, so that any number
 * of samplers and other programs see everything. Devices may come, go and be renamed.
 *
 * @throws DmError EACCES not root
 * @example
 * for await (const { devices } of sampleDevices(dm, { intervalMs: 1000 })) {
 *   for (const { name, groups } of devices) {
 *     for (const { group, counters } of groups.values()) console.log(name, group.alias, counters.reads);
 *   }
 * }
 */
export async function* sampleDevices(
  dm: DeviceMapper,
  options: SampleOptions,
): AsyncGenerator<DevicesSample, void, void> {
  const { clock = systemSampleClock } = options;
  const startNs = clock.now();
  let before = await byNumber(dm, options);
  for await (const missed of ticks(startNs, options)) {
    const now = await byNumber(dm, options);
    const devices: DeviceSample[] = [];
    for (const [key, { name, number, reading }] of now) {
      const base = before.get(key);
      if (base !== undefined) devices.push({ ...difference(base.reading, reading), name, number, reading, missed });
    }
    yield { devices, missed };
    before = now;
  }
}

async function byNumber(dm: DeviceMapper, options: SampleOptions): Promise<Map<string, DeviceReading>> {
  const readings = await readDevices(dm, options);
  return new Map(readings.map((one) => [`${one.number.major}:${one.number.minor}`, one]));
}
