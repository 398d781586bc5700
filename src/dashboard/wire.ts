/**
 * What the server tells the page, as JSON in server-sent events: `hello` once, `layout` at first and whenever regions or
 * groups change, `sample` after each interval. A sample's lists are in the order of the layout before it.
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

/** What was counted in an interval; null for nothing at all. */
export type Counts = readonly WireNumber[] | null;

/** Sectors read and written in an area: `[area, read, written]`. */
export type AreaSectors = readonly [area: number, read: WireNumber, written: WireNumber];

export interface WireDeviceSample {
  readonly regions: readonly Counts[];
  readonly groups: readonly Counts[];
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
