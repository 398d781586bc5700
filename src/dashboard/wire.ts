/**
 * What the server tells the page, as JSON in server-sent events: `hello` once, `layout` at first and whenever regions or
 * groups change, `files` whenever a file's extents do, `coverage` whenever more was counted, `sample` after each interval.
 * The devices of a sample and of a coverage are in the order of the layout before it. `logs` comes after each interval
 * while there are dirty logs, and once when there are no more.
 */

/** Whole numbers; those beyond 2^53 come as decimal strings. */
export type WireNumber = number | string;

export interface Hello {
  readonly version: string;
  readonly intervalMs: number;
  /** Whether the devices are simulated. */
  readonly simulated: boolean;
}

/** What a region is for that is no member of a group: see `ServingRole` of devicemapper/stats. */
export type WireRole = 'look-ahead' | 'packed' | 'companion';

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
  /** Of a region that is no member of a group but there for one. */
  readonly serving?: { readonly role: WireRole; readonly group?: number };
}

/** A region that extents of a file share with other files; bytes. */
export interface WirePacked {
  /** Its id. */
  readonly region: number;
  readonly start: WireNumber;
  /** Of an area. */
  readonly step: WireNumber;
  /** The parts of it that are the file's: whole areas. */
  readonly runs: readonly (readonly [start: WireNumber, length: WireNumber])[];
}

export interface WireGroup {
  readonly id: number;
  readonly alias: string;
  readonly members: readonly number[];
  /** Left out when there are none. */
  readonly packed?: readonly WirePacked[];
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
  /** In the file's order; through overlays, loop devices and devices above the group's. */
  readonly extents: readonly WireExtent[];
  /** Data without a place of its own on the device, or none yet: `[offset in the file, length]`, bytes, ascending. */
  readonly unplaced: readonly (readonly [logical: number, length: number])[];
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

/** What was not counted of a group, or not exactly: sectors, but for `errorIos`. */
export type WireUnseen = readonly [
  /** Of extents that became the file's without a region to hold their first I/O. */
  missed: WireNumber,
  /** By how much the counts may be wrong. */
  errorSectors: WireNumber,
  errorIos: WireNumber,
  /** Other files' I/O in the regions that the file's extents share. */
  foreign: WireNumber,
];

/** Of each device, by group id: the sectors that were counted since the group was made, and what was not. */
export interface WireCoverage {
  readonly devices: readonly Readonly<Record<string, readonly [counted: WireNumber, ...WireUnseen]>>[];
}

/** Sectors read and written in an area: `[area, read, written]`. */
export type AreaSectors = readonly [area: number, read: WireNumber, written: WireNumber];

export interface WireDeviceSample {
  /** By region id; left out where nothing was counted at all: of thousands of regions, few are busy at once. */
  readonly regions: Readonly<Record<string, Counts>>;
  /** By group id, likewise. */
  readonly groups: Readonly<Record<string, Counts>>;
  /** By group id; left out where all was counted exactly. */
  readonly unseen: Readonly<Record<string, WireUnseen>>;
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

/** A mirror whose dirty log dmlogd serves. */
export interface WireLog {
  readonly uuid: string;
  /** The mapped devices that have it. */
  readonly devices: readonly string[];
  /** Its log device, or `core`. */
  readonly log: string;
  /** Such as `running`, `suspended`, `failed`. */
  readonly state: string;
  /** Why it failed; empty when it has not. */
  readonly failure: string;
  /** Whether regions out of sync are not to be copied. */
  readonly isPaused: boolean;
  readonly regions: number;
  /** Bytes of a region. */
  readonly regionBytes: WireNumber;
  readonly inSync: number;
  readonly dirty: number;
  /** The region that is being copied; -1 for none. */
  readonly recovering: number;
  /** Regions of a part of the heat. */
  readonly partRegions: number;
  /** Writes that the kernel has begun lately, of the parts that had any; what is older counts less. */
  readonly heat: readonly (readonly [part: number, writes: number])[];
}

export interface WireLogs {
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly logs: readonly WireLog[];
  /** Why they cannot be told; empty when they can, and when no dmlogd runs. */
  readonly problem: string;
}
