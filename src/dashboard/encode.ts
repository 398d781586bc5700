import { unmangledName } from '../mapper/mangle.ts';
import { SECTOR_BYTES } from '../mapper/units.ts';
import { type JsonValue, jsonText } from '../report/json.ts';
import type { Counters } from '../stats/counters.ts';
import type { DeviceSample, DevicesSample } from '../stats/sample-devices.ts';
import { COUNT_ORDER, type Files } from './wire.ts';

/** The `layout` event of a sample: what there is to count. See `Layout` in wire.ts. */
export function layoutText({ devices }: DevicesSample): string {
  return jsonText({
    devices: devices.map(({ name, number, listing }) => ({
      name: unmangledName(name),
      number: `${number.major}:${number.minor}`,
      regions: listing.regions.map(({ id, start, length, step, programId, bounds }) => ({
        id,
        start: start * SECTOR_BYTES,
        length: length * SECTOR_BYTES,
        step: step * SECTOR_BYTES,
        program: programId,
        bounds,
      })),
      groups: listing.groups.map(({ id, alias, members, missed }) => ({
        id,
        alias,
        members,
        missed: missed * SECTOR_BYTES,
      })),
      problems: listing.problems,
    })),
  });
}

/** The `files` event. */
export function filesText({ files, problems }: Files): string {
  return jsonText({ files: files.map((file) => ({ ...file })), problems });
}

/** The `sample` event of a sample. See `WireSample` in wire.ts. @param time milliseconds since 1970 */
export function sampleText({ devices }: DevicesSample, time: number): string {
  return jsonText({ time, devices: devices.map(deviceCounts) });
}

function deviceCounts({ regions, groups, cleared }: DeviceSample): JsonValue {
  const areas: Record<string, JsonValue> = {};
  for (const [id, region] of regions) {
    if (region.areas.length < 2) continue;
    const busy = region.areas
      .filter(({ counters }) => counters.readSectors + counters.writeSectors > 0n)
      .map(({ areaId, counters }) => [areaId, counters.readSectors, counters.writeSectors]);
    if (busy.length > 0) areas[id] = busy;
  }
  return {
    regions: busyOnes(regions),
    groups: busyOnes(groups),
    areas,
    cleared,
  };
}

interface Counted {
  readonly counters: Counters;
  readonly intervalNs: number;
}

function busyOnes(samples: ReadonlyMap<number, Counted>): Record<string, JsonValue> {
  const busy: Record<string, JsonValue> = {};
  for (const [id, { counters, intervalNs }] of samples) {
    const values = COUNT_ORDER.map((name) => (name === 'intervalNs' ? BigInt(intervalNs) : counters[name]));
    if (values.some((value, index) => index > 0 && value !== 0n)) busy[id] = [...values, ...counters.histogram];
  }
  return busy;
}
