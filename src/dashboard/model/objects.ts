import type { AreaSectors, Counts, Layout, WireDevice, WireRegion, WireSample } from '../wire.ts';

/** A row of the overview: a group, which is what a followed file is, or a region that is in none. */
export interface ShownObject {
  /** Stays the same while a file's group changes its regions and even its id. */
  readonly key: string;
  readonly name: string;
  readonly device: string;
  readonly kind: 'group' | 'region';
  /** Its device's place in the layout. */
  readonly deviceIndex: number;
  /** Its place in the device's list of groups or regions. */
  readonly index: number;
  /** Its regions in the order of their places on the device. */
  readonly regions: readonly ShownRegion[];
  /** Bounds of its histogram, nanoseconds; empty for none. */
  readonly bounds: readonly number[];
  /** The lengths of its regions together, bytes. */
  readonly bytes: number;
}

/** A region of an object; bytes. */
export interface ShownRegion {
  readonly id: number;
  /** Its place in the device's list of regions. */
  readonly index: number;
  readonly start: number;
  readonly length: number;
  readonly step: number;
  /** The lengths of the object's regions before it. */
  readonly before: number;
}

/** All objects of a layout, device by device: groups first. */
export function objectsOf({ devices }: Layout): ShownObject[] {
  return devices.flatMap((device, deviceIndex) => {
    const byId = new Map(device.regions.map((region, index) => [region.id, { region, index }]));
    const grouped = new Set(device.groups.flatMap(({ members }) => members));
    const about = { device: device.name, deviceIndex };
    const groups = device.groups.map(({ id, alias, members }, index): ShownObject => {
      const found = members.flatMap((member) => byId.get(member) ?? []);
      return {
        ...about,
        ...shape(found),
        key: keyOf(device, 'group', alias === '' ? `${id}` : alias),
        name: alias === '' ? `group ${id}` : alias,
        kind: 'group',
        index,
      };
    });
    const single = device.regions.flatMap((region, index): ShownObject[] => {
      if (grouped.has(region.id)) return [];
      return [
        {
          ...about,
          ...shape([{ region, index }]),
          key: keyOf(device, 'region', `${region.id}`),
          name: `region ${region.id}`,
          kind: 'region',
          index,
        },
      ];
    });
    return [...groups, ...single];
  });
}

function keyOf({ number }: WireDevice, kind: string, name: string): string {
  return `${number}/${kind}/${name}`;
}

interface Found {
  readonly region: WireRegion;
  readonly index: number;
}

function shape(found: readonly Found[]): Pick<ShownObject, 'regions' | 'bounds' | 'bytes'> {
  const sorted = found
    .map(({ region: { id, start, length, step }, index }) => {
      return { id, index, start: Number(start), length: Number(length), step: Number(step) };
    })
    .sort((a, b) => a.start - b.start);
  let bytes = 0;
  const regions = sorted.map((region) => {
    const before = bytes;
    bytes += region.length;
    return { ...region, before };
  });
  const [first, ...others] = found.map(({ region }) => region.bounds.map(Number));
  const isCommon = others.every((other) => other.join() === first?.join());
  return { regions, bytes, bounds: isCommon ? (first ?? []) : [] };
}

/** What a sample has of an object. */
export function countsOf({ deviceIndex, kind, index }: ShownObject, sample: WireSample): Counts {
  const device = sample.devices[deviceIndex];
  return (kind === 'group' ? device?.groups[index] : device?.regions[index]) ?? null;
}

/** What a sample has of the areas of a region. */
export function areasOf({ deviceIndex }: ShownObject, { id }: ShownRegion, sample: WireSample): readonly AreaSectors[] {
  return sample.devices[deviceIndex]?.areas[id] ?? [];
}
