import { unmangledName } from '../mapper/mangle.ts';
import { SECTOR_BYTES } from '../mapper/units.ts';
import { type JsonValue, jsonText } from '../report/json.ts';
import type { Counters } from '../stats/counters.ts';
import { coverageOf } from '../stats/coverage.ts';
import type { Group } from '../stats/group.ts';
import type { PackedSpan } from '../stats/packed.ts';
import type { Region } from '../stats/region.ts';
import type { DeviceSample, DevicesSample } from '../stats/sample-devices.ts';
import { type GroupSample, totals } from '../stats/sampler.ts';
import { type Serving, servingRegions } from '../stats/serving.ts';
import { creditedBytes } from './places.ts';
import { COUNT_ORDER, type Files, type WireLogs } from './wire.ts';

/** The `layout` event of a sample: what there is to count. See `Layout` in wire.ts. */
export function layoutText({ devices }: DevicesSample): string {
  return jsonText({
    devices: devices.map(({ name, number, listing }) => {
      const serving = servingRegions(listing);
      return {
        name: unmangledName(name),
        number: `${number.major}:${number.minor}`,
        regions: listing.regions.map((region) => regionJson(region, serving.get(region.id))),
        groups: listing.groups.map((group) => groupJson(group, listing.spans?.get(group.id) ?? [])),
        problems: listing.problems,
      };
    }),
  });
}

function regionJson({ id, start, length, step, programId, bounds }: Region, serving: Serving | undefined): JsonValue {
  const json = {
    id,
    start: start * SECTOR_BYTES,
    length: length * SECTOR_BYTES,
    step: step * SECTOR_BYTES,
    program: programId,
    bounds,
  };
  if (serving === undefined) return json;
  const { role, groupId } = serving;
  return { ...json, serving: groupId === undefined ? { role } : { role, group: groupId } };
}

function groupJson({ id, alias, members }: Group, spans: readonly PackedSpan[]): JsonValue {
  if (spans.length === 0) return { id, alias, members };
  const packed = spans.map((span) => ({
    region: span.areas.id,
    start: span.areas.start * SECTOR_BYTES,
    step: span.areas.step * SECTOR_BYTES,
    runs: creditedBytes(span).map(({ start, end }) => [start, end - start]),
  }));
  return { id, alias, members, packed };
}

/** The `files` event. */
export function filesText({ files, problems }: Files): string {
  return jsonText({ files: files.map((file) => ({ ...file })), problems });
}

/** The `coverage` event of a sample. See `WireCoverage` in wire.ts. */
export function coverageText({ devices }: DevicesSample): string {
  return jsonText({
    devices: devices.map(({ listing, reading }) => {
      if (listing.groups.length === 0) return {};
      const all: Record<string, JsonValue> = {};
      for (const [id, group] of totals(reading, 1).groups) all[id] = [coverageOf(group).counted, ...unseenOf(group)];
      return all;
    }),
  });
}

/** See `WireUnseen` in wire.ts. */
function unseenOf(group: GroupSample): readonly bigint[] {
  const { missed, error } = coverageOf(group);
  return [missed, error.sectors, error.ios, group.bound?.foreignSectors ?? 0n];
}

/** The `sample` event of a sample. See `WireSample` in wire.ts. @param time milliseconds since 1970 */
export function sampleText({ devices }: DevicesSample, time: number): string {
  return jsonText({ time, devices: devices.map(deviceCounts) });
}

/** The `logs` event. */
export function logsText({ time, logs, problem }: WireLogs): string {
  return jsonText({ time, logs: logs.map((log) => ({ ...log })), problem });
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
  const unseen: Record<string, JsonValue> = {};
  for (const [id, group] of groups) {
    const numbers = unseenOf(group);
    if (numbers.some((number) => number !== 0n)) unseen[id] = numbers;
  }
  return {
    regions: busyOnes(regions),
    groups: busyOnes(groups),
    unseen,
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
