/**
 * What the server tells the page, as JSON in server-sent events: `hello` once, `layout` at first and whenever regions or
 * groups change, `files` whenever a file's extents do, `sample` after each interval. A sample's devices are in the order
 * of the layout before it.
 */

/** Whole numbers; those beyond 2^53 come as decimal strings. */
export type WireNumber = number | string;

export interface Hello {
  readonly version: string;
  readonly intervalMs: number;
  /** Whether the devices are simulated. */
  readonly simulated: boolean;
}

export interface WireRegion {
  readonly id: number;
  readonly start: WireNumber;
  /** Bytes, as `start`. */
  readonly length: WireNumber;
  /** Bytes of an area. */
  readonly step: WireNumber;
  readonly program: string;
  /** Upper bounds of the histogram's bins, nanoseconds. */
  readonly bounds: readonly WireNumber[];
}

export interface WireGroup {
  readonly id: number;
  readonly alias: string;
  readonly members: readonly number[];
  /** Bytes that became the file's before a region was there: their first I/O is in no count. */
  readonly missed: WireNumber;
}

export interface WireDevice {
  readonly name: string;
  /** `major:minor`. */
  readonly number: string;
  readonly regions: readonly WireRegion[];
  readonly groups: readonly WireGroup[];
  readonly problems: readonly string[];
}

export interface Layout {
  readonly devices: readonly WireDevice[];
}

/** `[offset in the file, place on the device, length]`, bytes. */
export type WireExtent = readonly [logical: number, physical: number, length: number];

/** Where the file of a group lies. */
export interface WireFile {
  readonly path: string;
  /** Its device's `major:minor`. */
  readonly device: string;
  readonly groupId: number;
  /** Bytes. */
  readonly size: number;
  /** In the file's order. */
  readonly extents: readonly WireExtent[];
}

export interface Files {
  readonly files: readonly WireFile[];
  /** Why files that were asked for are not shown. */
  readonly problems: readonly string[];
}

/** The order of the numbers in `Counts`; a histogram's bins follow. */
export const COUNT_ORDER = [
  'intervalNs',
  'reads',
  'writes',
  'readSectors',
  'writeSectors',
  'readNs',
  'writeNs',
  'inFlight',
  'ioNs',
] as const;

/** What was counted in an interval. */
export type Counts = readonly WireNumber[];

/** Sectors read and written in an area: `[area, read, written]`. */
export type AreaSectors = readonly [area: number, read: WireNumber, written: WireNumber];

export interface WireDeviceSample {
  /** By region id; left out where nothing was counted at all: of thousands of regions, few are busy at once. */
  readonly regions: Readonly<Record<string, Counts>>;
  /** By group id, likewise. */
  readonly groups: Readonly<Record<string, Counts>>;
  /** By region id: the areas of regions of several that saw I/O. */
  readonly areas: Readonly<Record<string, readonly AreaSectors[]>>;
  /** Ids of regions whose counters somebody cleared. */
  readonly cleared: readonly number[];
}

export interface WireSample {
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly devices: readonly WireDeviceSample[];
}
