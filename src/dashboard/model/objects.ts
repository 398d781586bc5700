import type { AreaSectors, Counts, Layout, WireDevice, WirePacked, WireRegion, WireRole, WireSample } from '../wire.ts';

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
  /** Its regions, and its parts of shared ones, in the order of their places on the device. */
  readonly regions: readonly ShownRegion[];
  /** The same by region, in that order too. */
  readonly regionsById: ReadonlyMap<number, readonly ShownRegion[]>;
  /** The device's regions that are its members or serve it. */
  readonly listed: readonly ListedRegion[];
  /** Of a region that is there for files' groups; undefined for what people have made. */
  readonly role: WireRole | undefined;
  /** Bounds of its histogram, nanoseconds; empty for none. */
  readonly bounds: readonly number[];
  /** The lengths of its regions together, bytes. */
  readonly bytes: number;
}

/** A region of an object, or a part of a region that it shares with others; bytes. */
export interface ShownRegion extends PlacedRegion {
  /** From the beginning of the kernel's region. */
  readonly from: number;
  /** The lengths of the object's regions before it. */
  readonly before: number;
}

/** A region of the kernel's; bytes. */
export interface ListedRegion extends PlacedRegion {
  readonly role: WireRole | undefined;
}

interface PlacedRegion {
  readonly id: number;
  readonly start: number;
  readonly length: number;
  readonly step: number;
}

/**
 * All objects of a layout, device by device: groups first. Regions that serve a group are listed with it, and are objects
 * of their own too.
 */
export function objectsOf({ devices }: Layout): ShownObject[] {
  return devices.flatMap((device, deviceIndex) => {
    const byId = new Map(device.regions.map((region) => [region.id, region]));
    const grouped = new Set(device.groups.flatMap(({ members }) => members));
    const about = { device: device.name, deviceNumber: device.number, deviceIndex };
    const groups = device.groups.map(({ id, alias, members, packed = [] }): ShownObject => {
      const found = members.flatMap((member) => byId.get(member) ?? []);
      const serving = device.regions.filter((region) => region.serving?.group === id);
      return {
        ...about,
        ...placesOf([...found.map(wholePart), ...packed.flatMap(creditedParts)]),
        listed: [...found, ...serving].map(listedRegion),
        bounds: commonBounds(found),
        key: keyOf(device, 'group', alias === '' ? `${id}` : alias),
        name: alias === '' ? `group ${id}` : alias,
        kind: 'group',
        id,
        role: undefined,
      };
    });
    const single = device.regions.flatMap((region): ShownObject[] => {
      if (grouped.has(region.id)) return [];
      const role = region.serving?.role;
      return [
        {
          ...about,
          ...placesOf([wholePart(region)]),
          listed: [listedRegion(region)],
          bounds: commonBounds([region]),
          key: keyOf(device, 'region', `${region.id}`),
          name: role === undefined ? `region ${region.id}` : `${role} region ${region.id}`,
          kind: 'region',
          id: region.id,
          role,
        },
      ];
    });
    return [...groups, ...single];
  });
}

function keyOf({ number }: WireDevice, kind: string, name: string): string {
  return `${number}/${kind}/${name}`;
}

type Part = Omit<ShownRegion, 'before'>;

function wholePart({ id, start, length, step }: WireRegion): Part {
  return { id, start: Number(start), length: Number(length), step: Number(step), from: 0 };
}

function creditedParts({ region, start, step, runs }: WirePacked): Part[] {
  return runs.map(([place, length]) => ({
    id: region,
    start: Number(place),
    length: Number(length),
    step: Number(step),
    from: Number(place) - Number(start),
  }));
}

function listedRegion({ id, start, length, step, serving }: WireRegion): ListedRegion {
  return { id, start: Number(start), length: Number(length), step: Number(step), role: serving?.role };
}

/** The bounds that all have; empty when they have not the same. */
function commonBounds(regions: readonly WireRegion[]): readonly number[] {
  const [first = [], ...others] = regions.map(({ bounds }) => bounds.map(Number));
  return others.every((other) => other.join() === first.join()) ? first : [];
}

function placesOf(parts: readonly Part[]): Pick<ShownObject, 'regions' | 'regionsById' | 'bytes'> {
  let bytes = 0;
  const regions = parts
    .toSorted((a, b) => a.start - b.start)
    .map((part): ShownRegion => {
      const before = bytes;
      bytes += part.length;
      return { ...part, before };
    });
  const regionsById = new Map<number, ShownRegion[]>();
  for (const region of regions) {
    const known = regionsById.get(region.id);
    if (known === undefined) regionsById.set(region.id, [region]);
    else known.push(region);
  }
  return { regions, regionsById, bytes };
}

/** What a sample has of an object; undefined when nothing happened. */
export function countsOf({ deviceIndex, kind, id }: ShownObject, sample: WireSample): Counts | undefined {
  const device = sample.devices[deviceIndex];
  return kind === 'group' ? device?.groups[id] : device?.regions[id];
}

/** What a sample has of the areas of a region. */
export function areasOf({ deviceIndex }: ShownObject, id: number, sample: WireSample): readonly AreaSectors[] {
  return sample.devices[deviceIndex]?.areas[id] ?? [];
}
