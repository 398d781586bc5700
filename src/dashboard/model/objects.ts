import type { AreaSectors, Counts, Layout, WireDevice, WireRegion, WireSample } from '../wire.ts';

/** A row of the overview: a group, which is what a followed file is, or a region that is in none. */
export interface ShownObject {
  /** Stays the same while a file's group changes its regions and even its id. */
  readonly key: string;
  readonly name: string;
  readonly device: string;
  /** `major:minor`. */
  readonly deviceNumber: string;
  readonly kind: 'group' | 'region';
  /** Its device's place in the layout. */
  readonly deviceIndex: number;
  /** The group's or region's. */
  readonly id: number;
  /** Its regions in the order of their places on the device. */
  readonly regions: readonly ShownRegion[];
  readonly regionsById: ReadonlyMap<number, ShownRegion>;
  /** Bytes that became the file's before a region was there. */
  readonly missed: number;
  /** Bounds of its histogram, nanoseconds; empty for none. */
  readonly bounds: readonly number[];
  /** The lengths of its regions together, bytes. */
  readonly bytes: number;
}

/** A region of an object; bytes. */
export interface ShownRegion {
  readonly id: number;
  readonly start: number;
  readonly length: number;
  readonly step: number;
  /** The lengths of the object's regions before it. */
  readonly before: number;
}

/** All objects of a layout, device by device: groups first. */
export function objectsOf({ devices }: Layout): ShownObject[] {
  return devices.flatMap((device, deviceIndex) => {
    const byId = new Map(device.regions.map((region) => [region.id, region]));
    const grouped = new Set(device.groups.flatMap(({ members }) => members));
    const about = { device: device.name, deviceNumber: device.number, deviceIndex };
    const groups = device.groups.map(({ id, alias, members, missed }): ShownObject => {
      const found = members.flatMap((member) => byId.get(member) ?? []);
      return {
        ...about,
        ...shape(found),
        key: keyOf(device, 'group', alias === '' ? `${id}` : alias),
        name: alias === '' ? `group ${id}` : alias,
        kind: 'group',
        id,
        missed: Number(missed),
      };
    });
    const single = device.regions.flatMap((region): ShownObject[] => {
      if (grouped.has(region.id)) return [];
      return [
        {
          ...about,
          ...shape([region]),
          key: keyOf(device, 'region', `${region.id}`),
          name: `region ${region.id}`,
          kind: 'region',
          id: region.id,
          missed: 0,
        },
      ];
    });
    return [...groups, ...single];
  });
}

function keyOf({ number }: WireDevice, kind: string, name: string): string {
  return `${number}/${kind}/${name}`;
}

function shape(found: readonly WireRegion[]): Pick<ShownObject, 'regions' | 'regionsById' | 'bounds' | 'bytes'> {
  const sorted = found
    .map(({ id, start, length, step }) => {
      return { id, start: Number(start), length: Number(length), step: Number(step) };
    })
    .sort((a, b) => a.start - b.start);
  let bytes = 0;
  const regions = sorted.map((region) => {
    const before = bytes;
    bytes += region.length;
    return { ...region, before };
  });
  const [first, ...others] = found.map((region) => region.bounds.map(Number));
  const isCommon = others.every((other) => other.join() === first?.join());
  const regionsById = new Map(regions.map((region) => [region.id, region]));
  return { regions, regionsById, bytes, bounds: isCommon ? (first ?? []) : [] };
}

/** What a sample has of an object; undefined when nothing happened. */
export function countsOf({ deviceIndex, kind, id }: ShownObject, sample: WireSample): Counts | undefined {
  const device = sample.devices[deviceIndex];
  return kind === 'group' ? device?.groups[id] : device?.regions[id];
}

/** What a sample has of the areas of a region. */
export function areasOf({ deviceIndex }: ShownObject, { id }: ShownRegion, sample: WireSample): readonly AreaSectors[] {
  return sample.devices[deviceIndex]?.areas[id] ?? [];
}
